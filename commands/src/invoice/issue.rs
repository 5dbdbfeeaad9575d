//! Issuing a draft.

use domain::invoice::InvoiceRules;
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use super::issue_in;
use crate::{Answer, Command, Failure, Operation, Work};

/// An operator has looked at it. The book date is today's at its seller entity.
#[derive(Debug)]
pub struct IssueInvoice {
    pub invoice_id: Uuid,
}

impl Command for IssueInvoice {
    const OPERATION: Operation = Operation::IssueInvoice;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let invoice = work.read::<InvoiceRules>(self.invoice_id).await?;
        let contents = invoice.state.known().ok_or(Failure::NotFound)?.contents.clone();
        // Where it is issued already, nothing is decided that would find this out.
        work.must_match(invoice.version)?;
        let today = work.bus().seller().entity(&contents.seller_entity).day_at(work.context.at);
        issue_in(work, contents, today).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Invoice, self.invoice_id)))
    }
}
