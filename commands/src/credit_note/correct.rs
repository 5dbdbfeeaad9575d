//! The credit note that corrects an issued invoice.

use chrono::NaiveDate;
use domain::billing::allocate::{self, Applied};
use domain::billing::credit::{Credit, Creditable, Wanted};
use domain::billing::{minor_units, minus, sum};
use domain::credit_note::{CorrectedInvoice, CreditNoteLine, CreditReason, IssuedCreditNote, Settle, Settlement};
use domain::invoice::{AppliedCredit, CreditedLine, Invoice, InvoiceCommand, InvoiceRules, InvoiceStatus, Issue};
use domain::number_series::Numbered;
use domain::{AggregateType, Money, Refusal, StreamId};
use uuid::Uuid;

use super::issue::issue_in;
use crate::commission::{self, Reversal};
use crate::{Answer, Command, Failure, Operation, Work, number};

/// Gives part of an invoice back, or all that is left of it: first off what is left to pay, the rest to the customer's
/// balance or the way it came. The reseller's commission goes back in proportion.
#[derive(Debug)]
pub struct CreditInvoice {
    pub credit_note_id: Uuid,
    pub invoice_id: Uuid,
    pub wanted: Wanted,
    pub reason: CreditReason,
    pub settle: Settle,
}

/// What is made of it, before anything is written.
struct Correction<'a> {
    invoice: &'a Invoice,
    issue: &'a Issue,
    credit: Credit,
    settlement: Settlement,
    /// The book date.
    on: NaiveDate,
}

impl Command for CreditInvoice {
    const OPERATION: Operation = Operation::CreditInvoice;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let invoice = work.read::<InvoiceRules>(self.invoice_id).await?;
        let invoice = invoice.state.known().ok_or(Failure::NotFound)?;
        work.customer(invoice.contents.customer_id).await?;
        let entity = work.bus().seller().entity(&invoice.contents.seller_entity);
        let correction = self.correction(invoice, entity.day_at(work.context.at))?;
        self.apply(work, &correction).await?;
        let number = number::upcoming(work, Numbered::CreditNote, entity, correction.on).await?;
        let note = self.note(&correction, number);
        issue_in(work, note, Some(self.reason.clone()), correction.settlement).await?;
        number::allot_in(work, Numbered::CreditNote, entity, correction.on, self.credit_note_id).await?;
        Ok(Answer::resource(201, StreamId::new(AggregateType::CreditNote, self.credit_note_id)))
    }
}

impl CreditInvoice {
    fn correction<'a>(&self, invoice: &'a Invoice, on: NaiveDate) -> Result<Correction<'a>, Refusal> {
        let issue = creditable(invoice)?;
        let (lines, tax_left, treatment) = (invoice.lines_left()?, invoice.tax_left()?, &invoice.contents.treatment);
        let credit = Creditable { lines: &lines, tax_left, treatment }.credit(&self.wanted)?;
        let settlement = settlement(invoice, credit.total, self.settle)?;
        Ok(Correction { invoice, issue, credit, settlement, on })
    }

    /// What it does to the invoice and to the commission on it. The invoice first: it is what the caller's `If-Match` is
    /// about.
    async fn apply(&self, work: &mut Work<'_>, correction: &Correction<'_>) -> Result<(), Failure> {
        let Correction { invoice, credit, .. } = correction;
        let apply = InvoiceCommand::ApplyCredit(Box::new(AppliedCredit {
            credit_note_id: self.credit_note_id,
            lines: credit.lines.iter().map(|(line, net)| CreditedLine { line: *line, net: *net }).collect(),
            taxes: credit.taxes.clone(),
            total: credit.total,
            applied: correction.settlement.invoice,
        }));
        work.decide::<InvoiceRules>(invoice.id(), &apply, Some(invoice.contents.customer_id)).await?;
        // What nobody expected to be paid any more earns no commission: it went back then.
        if invoice.status == InvoiceStatus::Uncollectible {
            return Ok(());
        }
        let credit = Some((self.credit_note_id, credit.lines.as_slice()));
        commission::reverse_in(work, &Reversal { invoice, credit, on: correction.on }).await
    }

    /// Parties, rates and tax point are the invoice's.
    fn note(&self, correction: &Correction<'_>, number: String) -> IssuedCreditNote {
        let Correction { invoice, issue, credit, on, .. } = correction;
        let contents = &invoice.contents;
        let lines = lines(invoice, credit);
        IssuedCreditNote {
            credit_note_id: self.credit_note_id,
            number,
            issued_on: *on,
            customer_id: contents.customer_id,
            reseller_id: contents.reseller_id,
            seller_entity: contents.seller_entity.clone(),
            invoice: Some(CorrectedInvoice {
                invoice_id: invoice.id(),
                number: issue.number.clone(),
                issued_on: issue.issued_on,
            }),
            period: contents.period,
            run_id: None,
            // The decision refers to it.
            reason: None,
            settle: self.settle,
            currency: contents.currency,
            tax_point: contents.tax_point,
            treatment: contents.treatment.clone(),
            net: credit.net,
            taxes: credit.taxes.clone(),
            total: credit.total,
            seller: issue.seller.clone(),
            buyer: issue.buyer.clone(),
            reference: issue.reference.clone(),
            line_count: u32::try_from(lines.len()).unwrap_or(u32::MAX),
            lines,
        }
    }
}

/// What was issued and still stands.
fn creditable(invoice: &Invoice) -> Result<&Issue, Refusal> {
    match (invoice.status, &invoice.issue) {
        (InvoiceStatus::Issued | InvoiceStatus::Paid | InvoiceStatus::Uncollectible, Some(issue)) => Ok(issue),
        (status, _) => Err(Refusal::InvalidState { state: status.name() }),
    }
}

fn lines(invoice: &Invoice, credit: &Credit) -> Vec<CreditNoteLine> {
    let of = |number: u32| invoice.contents.lines.iter().find(|line| line.line == number);
    let credited = credit.lines.iter().filter_map(|(number, net)| Some((of(*number)?, *net)));
    (1..).zip(credited).map(|(line, (of, net))| CreditNoteLine { line, net, of: of.clone() }).collect()
}

/// Off what is left to pay first. Of the rest, money that came in can go back the way it came; what the balance paid goes
/// to the balance again.
fn settlement(invoice: &Invoice, total: Money, settle: Settle) -> Result<Settlement, Refusal> {
    let Applied { applied, rest } = allocate::apply(total, invoice.balance)?;
    let refund = match settle {
        Settle::Balance => Money::zero(total.currency()),
        Settle::Refund => allocate::apply(rest, paid(invoice)?)?.applied,
    };
    if minor_units(refund)? > 0 {
        return Err(Refusal::RefundNotAvailable);
    }
    Ok(Settlement { invoice: applied, balance: minus(rest, refund)?, refund })
}

fn paid(invoice: &Invoice) -> Result<Money, Refusal> {
    sum(invoice.contents.currency, invoice.payments.iter().map(|payment| payment.applied))
}
