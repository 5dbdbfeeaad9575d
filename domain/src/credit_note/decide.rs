//! What may happen to a credit note.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{
    CreditNote, CreditNoteCommand, CreditNoteEvent, CreditNoteState, CreditReason, IssuedCreditNote, Settlement,
};
use crate::billing::lines::in_events;
use crate::billing::sum;
use crate::document::StoredDocument;
use crate::{Asked, Decided, PersonalData, PersonalKind, PersonalRef, Refusal, ids};

pub(super) fn decide(
    state: &CreditNoteState,
    asked: &Asked<'_, CreditNoteCommand>,
) -> Result<Decided<CreditNoteEvent>, Refusal> {
    use CreditNoteCommand as C;
    match (state, asked.command) {
        (CreditNoteState::Unknown, C::Issue { note, reason }) => Ok(issued_now(note, reason.as_ref())),
        // Its id is its natural key: it is there already.
        (CreditNoteState::Known(_), C::Issue { .. }) => Ok(Decided::nothing()),
        (CreditNoteState::Known(note), C::Settle { invoice, balance, refund }) => {
            settled(note, Settlement { invoice: *invoice, balance: *balance, refund: *refund })
        }
        (CreditNoteState::Known(note), C::StoreDocument(document)) => Ok(stored(note, document)),
        (CreditNoteState::Unknown, C::Settle { .. } | C::StoreDocument(_)) => Err(Refusal::NotFound),
    }
}

fn issued_now(note: &IssuedCreditNote, reason: Option<&CreditReason>) -> Decided<CreditNoteEvent> {
    let words = reason.map(|reason| words(note, reason));
    let mut parts = in_events(&note.lines).into_iter();
    let mut first = note.clone();
    first.lines = parts.next().unwrap_or_default();
    first.reason = words.as_ref().map(|words| words.reference);
    let more = parts.map(|lines| CreditNoteEvent::CreditNoteLinesAdded { lines });
    let events = std::iter::once(CreditNoteEvent::CreditNoteIssued(Box::new(first))).chain(more);
    Decided::from(events.collect::<Vec<_>>()).with_personal(words)
}

/// The billed party's: erasing it reaches them.
fn words(note: &IssuedCreditNote, reason: &CreditReason) -> PersonalData {
    let reference = PersonalRef { subject: ids::subject(note.credit_note_id, "reason"), revision: 1 };
    let fields = Map::from_iter([("reason".to_owned(), Value::from(reason.text.as_str()))]);
    PersonalData { reference, customer_id: note.customer_id, kind: PersonalKind::Person, fields }
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
