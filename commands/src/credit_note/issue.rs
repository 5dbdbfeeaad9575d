//! What all credit notes have in common: how they are issued, and where their total goes.

use domain::balance::BalanceSource;
use domain::credit_note::{CreditNoteCommand, CreditNoteRules, CreditReason, IssuedCreditNote, Settlement};

use crate::{Failure, Work, balance};

/// Issues and settles the note, in this attempt. What goes to the customer's balance is there from then on; what is
/// taken off the invoice is its caller's to take.
pub(super) async fn issue_in(
    work: &mut Work<'_>,
    note: IssuedCreditNote,
    reason: Option<CreditReason>,
    settlement: Settlement,
) -> Result<(), Failure> {
    let (id, customer_id) = (note.credit_note_id, note.customer_id);
    let issue = CreditNoteCommand::Issue { note: Box::new(note), reason };
    work.decide::<CreditNoteRules>(id, &issue, Some(customer_id)).await?;
    let Settlement { invoice, balance, refund } = settlement;
    let settle = CreditNoteCommand::Settle { invoice, balance, refund };
    work.decide::<CreditNoteRules>(id, &settle, Some(customer_id)).await?;
    balance::credit_in(work, customer_id, balance, BalanceSource::CreditNote(id)).await
}
