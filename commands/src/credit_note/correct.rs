//! The credit note that corrects an issued invoice.

use chrono::NaiveDate;
use domain::billing::credit::{Credit, Creditable, Wanted};
use domain::credit_note::{CorrectedInvoice, CreditNoteLine, CreditReason, IssuedCreditNote, Settle, Settlement};
use domain::invoice::{AppliedCredit, CreditedLine, Invoice, InvoiceCommand, InvoiceRules, InvoiceStatus, Issue};
use domain::number_series::Numbered;
use domain::{AggregateType, Refusal, StreamId};
use uuid::Uuid;

use super::issue::issue_in;
use super::settle::{self, Settled};
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
#[derive(Debug)]
pub(crate) struct Correction {
    invoice: Box<Invoice>,
    issue: Issue,
    credit: Credit,
    settled: Settled,
    /// The book date.
    on: NaiveDate,
}

impl Command for CreditInvoice {
    const OPERATION: Operation = Operation::CreditInvoice;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let invoice = work.read::<InvoiceRules>(self.invoice_id).await?;
        work.customer(invoice.state.known().ok_or(Failure::NotFound)?.contents.customer_id).await?;
        work.must_match(invoice.version)?;
        let Settlement { balance, refund, .. } = correct_in(work, self).await?;
        if self.settle == Settle::Refund && refund.amount().is_zero() && !balance.amount().is_zero() {
            return Err(Refusal::RefundNotSupported.into());
        }
        Ok(Answer::resource(201, StreamId::new(AggregateType::CreditNote, self.credit_note_id)))
    }
}

/// Credits the invoice in this attempt, and tells where the total goes. What can go back no way it came goes to the
/// customer's balance.
///
/// # Errors
/// [`Failure::NotFound`] without such an invoice; [`Failure::Refused`] when it is not one to be credited, or less is left
/// of it; [`Failure::Log`].
pub(crate) async fn correct_in(work: &mut Work<'_>, asked: &CreditInvoice) -> Result<Settlement, Failure> {
    let correction = asked.correction(work, None).await?;
    asked.write_in(work, &correction).await?;
    Ok(correction.settled.settlement)
}

impl Correction {
    /// Where the total goes.
    pub(crate) const fn settlement(&self) -> Settlement {
        self.settled.settlement
    }
}

impl CreditInvoice {
    /// What it comes to; nothing is written. What goes back goes over `over` only, where that is given.
    ///
    /// # Errors
    /// As [`correct_in`].
    pub(crate) async fn correction(&self, work: &mut Work<'_>, over: Option<Uuid>) -> Result<Correction, Failure> {
        let invoice = work.read::<InvoiceRules>(self.invoice_id).await?;
        let invoice = Box::new(invoice.state.known().ok_or(Failure::NotFound)?.clone());
        let issue = creditable(&invoice)?.clone();
        let on = work.bus().seller().entity(&invoice.contents.seller_entity).day_at(work.context.at);
        let (lines, tax_left, treatment) = (invoice.lines_left()?, invoice.tax_left()?, &invoice.contents.treatment);
        let credit = Creditable { lines: &lines, tax_left, treatment }.credit(&self.wanted).map_err(Refusal::from)?;
        let settled = settle::settled_in(work, &invoice, credit.total, (self.settle, over)).await?;
        Ok(Correction { invoice, issue, credit, settled, on })
    }

    /// Starts the refunds of it, where they are to be written before anything else.
    ///
    /// # Errors
    /// [`Failure::Refused`] when a payment does not give it back; [`Failure::Stale`]; [`Failure::Log`].
    pub(crate) async fn refund_in(&self, work: &mut Work<'_>, correction: &Correction) -> Result<(), Failure> {
        settle::refund_in(work, self.credit_note_id, &correction.settled.refunds).await
    }

    /// Writes it, and starts the refunds of it that are not started yet.
    ///
    /// # Errors
    /// As [`correct_in`].
    pub(crate) async fn write_in(&self, work: &mut Work<'_>, correction: &Correction) -> Result<(), Failure> {
        self.apply(work, correction).await?;
        let entity = work.bus().seller().entity(&correction.invoice.contents.seller_entity);
        let number = number::upcoming(work, Numbered::CreditNote, entity, correction.on).await?;
        let note = self.note(correction, number);
        issue_in(work, note, Some(self.reason.clone()), correction.settled.settlement).await?;
        number::allot_in(work, Numbered::CreditNote, entity, correction.on, self.credit_note_id).await?;
        self.refund_in(work, correction).await
    }

    /// What it does to the invoice and to the commission on it. The invoice first: it is what the caller's `If-Match` is
    /// about.
    async fn apply(&self, work: &mut Work<'_>, correction: &Correction) -> Result<(), Failure> {
        let Correction { invoice, credit, .. } = correction;
        let apply = InvoiceCommand::ApplyCredit(Box::new(AppliedCredit {
            credit_note_id: self.credit_note_id,
            lines: credit.lines.iter().map(|(line, net)| CreditedLine { line: *line, net: *net }).collect(),
            taxes: credit.taxes.clone(),
            total: credit.total,
            applied: correction.settled.settlement.invoice,
        }));
        work.decide::<InvoiceRules>(invoice.id(), &apply, Some(invoice.contents.customer_id)).await?;
        // What nobody expected to be paid any more earns no commission: it went back then. Where the credit is all that
        // was left to pay, the rest is paid and earns it again.
        if invoice.status == InvoiceStatus::Uncollectible {
            return commission::restore_in(work, invoice).await;
        }
        let credit = Some((self.credit_note_id, credit.lines.as_slice()));
        commission::reverse_in(work, &Reversal { invoice, credit, on: correction.on }).await
    }

    /// Parties, rates and tax point are the invoice's.
    fn note(&self, correction: &Correction, number: String) -> IssuedCreditNote {
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
