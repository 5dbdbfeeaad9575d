//! Noting that a document is stored.

use domain::commission_account::{CommissionAccountCommand, CommissionAccountRules};
use domain::credit_note::{CreditNoteCommand, CreditNoteRules};
use domain::document::{DocumentKey, StoredDocument};
use domain::invoice::{InvoiceCommand, InvoiceRules};
use uuid::Uuid;

use crate::work::AnswerBody;
use crate::{Answer, Command, Failure, Operation, Work, index};

/// The bytes are where they belong. Of each format the first stays for ever; whoever comes later changes nothing.
#[derive(Debug)]
pub struct RecordDocuments {
    pub document: DocumentKey,
    pub stored: Vec<StoredDocument>,
}

impl Command for RecordDocuments {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        for stored in &self.stored {
            match self.document {
                DocumentKey::Invoice { invoice_id } => of_invoice(work, invoice_id, stored).await?,
                DocumentKey::CreditNote { credit_note_id } => of_credit_note(work, credit_note_id, stored).await?,
                DocumentKey::CommissionStatement { account_id, statement_id } => {
                    of_statement(work, (account_id, statement_id), stored).await?;
                }
            }
        }
        Ok(Answer { status: 200, body: AnswerBody::Other(serde_json::json!({})) })
    }
}

async fn of_invoice(work: &mut Work<'_>, id: Uuid, stored: &StoredDocument) -> Result<(), Failure> {
    let invoice = work.read::<InvoiceRules>(id).await?;
    let customer_id = invoice.state.known().ok_or(Failure::NotFound)?.contents.customer_id;
    work.decide::<InvoiceRules>(id, &InvoiceCommand::StoreDocument(stored.clone()), Some(customer_id)).await
}

async fn of_credit_note(work: &mut Work<'_>, id: Uuid, stored: &StoredDocument) -> Result<(), Failure> {
    let note = work.read::<CreditNoteRules>(id).await?;
    let customer_id = note.state.known().ok_or(Failure::NotFound)?.issued.customer_id;
    work.decide::<CreditNoteRules>(id, &CreditNoteCommand::StoreDocument(stored.clone()), Some(customer_id)).await
}

async fn of_statement(
    work: &mut Work<'_>,
    (account_id, statement_id): (Uuid, Uuid),
    stored: &StoredDocument,
) -> Result<(), Failure> {
    let found = index::commission_statement(work.bus().pool(), statement_id).await?.ok_or(Failure::NotFound)?;
    let store = CommissionAccountCommand::StoreDocument { statement_id, document: stored.clone() };
    work.decide::<CommissionAccountRules>(account_id, &store, Some(found.reseller_id)).await
}
