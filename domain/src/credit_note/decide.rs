//! What may happen to a credit note.

use rust_decimal::Decimal;

use super::{CreditNote, CreditNoteCommand, CreditNoteEvent, CreditNoteState, IssuedCreditNote, Settlement};
use crate::billing::lines::in_events;
use crate::billing::sum;
use crate::document::StoredDocument;
use crate::{Asked, Decided, Refusal};

pub(super) fn decide(
    state: &CreditNoteState,
    asked: &Asked<'_, CreditNoteCommand>,
) -> Result<Decided<CreditNoteEvent>, Refusal> {
    use CreditNoteCommand as C;
    match (state, asked.command) {
        (CreditNoteState::Unknown, C::Issue(issued)) => Ok(issued_now(issued).into()),
        // Its id is its natural key: it is there already.
        (CreditNoteState::Known(_), C::Issue(_)) => Ok(Decided::nothing()),
        (CreditNoteState::Known(note), C::Settle { invoice, balance, refund }) => {
            settled(note, Settlement { invoice: *invoice, balance: *balance, refund: *refund })
        }
        (CreditNoteState::Known(note), C::StoreDocument(document)) => Ok(stored(note, document)),
        (CreditNoteState::Unknown, C::Settle { .. } | C::StoreDocument(_)) => Err(Refusal::NotFound),
    }
}

fn issued_now(issued: &IssuedCreditNote) -> Vec<CreditNoteEvent> {
    let mut parts = in_events(&issued.lines).into_iter();
    let first = IssuedCreditNote { lines: parts.next().unwrap_or_default(), ..issued.clone() };
    let more = parts.map(|lines| CreditNoteEvent::CreditNoteLinesAdded { lines });
    std::iter::once(CreditNoteEvent::CreditNoteIssued(Box::new(first))).chain(more).collect()
}

fn settled(note: &CreditNote, settlement: Settlement) -> Result<Decided<CreditNoteEvent>, Refusal> {
    match note.settlement {
        Some(already) if already == settlement => Ok(Decided::nothing()),
        Some(_) => Err(Refusal::InvalidState { state: "settled" }),
        None => {
            let Settlement { invoice, balance, refund } = settlement;
            let parts = [invoice, balance, refund];
            let below_zero = parts.iter().any(|part| part.amount() < Decimal::ZERO);
            if below_zero || sum(note.issued.currency, parts)? != note.issued.total {
                return Err(Refusal::InvalidState { state: "settled otherwise than its total" });
            }
            Ok(CreditNoteEvent::CreditNoteSettled { invoice, balance, refund }.into())
        }
    }
}

fn stored(note: &CreditNote, document: &StoredDocument) -> Decided<CreditNoteEvent> {
    if note.document(document.format).is_some() {
        return Decided::nothing();
    }
    CreditNoteEvent::CreditNoteDocumentStored { document: document.clone() }.into()
}
