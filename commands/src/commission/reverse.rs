//! What a reseller gives back when what it earned on is credited, void or uncollectible.

use chrono::NaiveDate;
use domain::billing::commission::Earned;
use domain::billing::{InvoiceLine, Period, minus, sum};
use domain::commission_account::{
    CommissionAccountCommand, CommissionAccountRules, CommissionEntry, Earnings, Reversed,
};
use domain::credit_note::IssuedCreditNote;
use domain::invoice::Invoice;
use domain::{Currency, Money, Refusal, ids};
use uuid::Uuid;

use crate::{Failure, Work};

/// What happens to an invoice that commission was earned on.
#[derive(Debug, Clone, Copy)]
pub struct Reversal<'a> {
    /// Before or after it: the credit note at hand never counts among the earlier ones.
    pub invoice: &'a Invoice,
    /// The credit note and how much of the net of which line it takes off; `None` when the whole invoice is void or
    /// uncollectible.
    pub credit: Option<(Uuid, &'a [(u32, Money)])>,
    /// The book date.
    pub on: NaiveDate,
}

/// Takes commission back, as part of the append that corrects the invoice: in proportion to a credit note, else all that
/// is left of it. It belongs to the period of the book date. Does nothing where none was earned.
///
/// # Errors
/// [`Failure`].
pub async fn reverse_in(work: &mut Work<'_>, reversal: &Reversal<'_>) -> Result<(), Failure> {
    let contents = &reversal.invoice.contents;
    let Some(reseller_id) = contents.reseller_id else { return Ok(()) };
    let because_of = match reversal.credit {
        Some((credit_note_id, _)) => Reversed::Corrected { invoice_id: contents.invoice_id, credit_note_id },
        None => Reversed::Withdrawn { invoice_id: contents.invoice_id },
    };
    let earnings = Earnings {
        reseller_id,
        end_customer_id: contents.customer_id,
        period: Period::of(reversal.on),
        entries: reversal.entries()?,
    };
    decide(work, contents.currency, because_of, earnings).await
}

/// Takes back the commission on what a period credited without charging, as part of the append that issues the credit
/// note instead of an invoice. It belongs to the credit note's period, as that of an invoice would.
///
/// # Errors
/// [`Failure`].
pub async fn reverse_instead_in(work: &mut Work<'_>, note: &IssuedCreditNote) -> Result<(), Failure> {
    let Some(reseller_id) = note.reseller_id else { return Ok(()) };
    let entries = note.lines.iter().filter_map(|line| {
        let amount = line.of.commission?;
        Some(CommissionEntry { line: line.line, base: line.net, amount })
    });
    let earnings =
        Earnings { reseller_id, end_customer_id: note.customer_id, period: note.period, entries: entries.collect() };
    let because_of = Reversed::Credited { credit_note_id: note.credit_note_id };
    decide(work, note.currency, because_of, earnings).await
}

async fn decide(
    work: &mut Work<'_>,
    currency: Currency,
    because_of: Reversed,
    earnings: Earnings,
) -> Result<(), Failure> {
    if earnings.entries.is_empty() {
        return Ok(());
    }
    let reseller_id = earnings.reseller_id;
    let reverse = CommissionAccountCommand::Reverse { because_of, earnings: Box::new(earnings) };
    let account_id = ids::commission_account(reseller_id, currency);
    work.decide::<CommissionAccountRules>(account_id, &reverse, Some(reseller_id)).await
}

impl Reversal<'_> {
    pub(super) fn entries(&self) -> Result<Vec<CommissionEntry>, Refusal> {
        let mut entries = Vec::new();
        for line in &self.invoice.contents.lines {
            let Some(commission) = line.commission else { continue };
            let earned = Earned { commission, net: line.amount, credited: self.credited_before(line)? };
            let (base, amount) = match self.credit {
                Some((_, credit)) => {
                    let credit = credited(line, credit.iter().copied())?;
                    (credit, earned.reversed_by(credit)?)
                }
                None => (minus(earned.net, earned.credited)?, earned.reversed_fully()?),
            };
            entries.push(CommissionEntry { line: line.line, base, amount });
        }
        Ok(entries)
    }

    /// What earlier credit notes took off the net of a line.
    fn credited_before(&self, line: &InvoiceLine) -> Result<Money, Refusal> {
        let this = self.credit.map(|(credit_note_id, _)| credit_note_id);
        let earlier = self.invoice.credits.iter().filter(|credit| Some(credit.credit_note_id) != this);
        let lines = earlier.flat_map(|credit| &credit.lines).map(|credited| (credited.line, credited.net));
        credited(line, lines)
    }
}

/// What is taken off the net of a line.
fn credited(line: &InvoiceLine, credits: impl Iterator<Item = (u32, Money)>) -> Result<Money, Refusal> {
    sum(line.currency(), credits.filter(|(number, _)| *number == line.line).map(|(_, net)| net))
}
