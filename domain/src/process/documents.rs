//! Documents: whatever is issued is rendered and stored, before anybody asks for it.

use uuid::Uuid;

use super::{Effect, Process};
use crate::commission_account::CommissionAccountEvent;
use crate::credit_note::CreditNoteEvent;
use crate::document::DocumentKey;
use crate::invoice::InvoiceEvent;
use crate::{Event, StreamId};

/// One instance per stream of documents. It remembers nothing: what is stored, is the stream's own state.
#[derive(Debug, Clone, Copy)]
pub struct Documents;

impl Process for Documents {
    const NAME: &'static str = "documents";
    type State = ();
    type News = DocumentKey;

    fn news(event: &Event, stream: &StreamId) -> Option<(String, DocumentKey)> {
        Some((stream.id.clone(), issued(event, stream)?))
    }

    fn react((): &mut (), document: DocumentKey) -> Vec<Effect> {
        vec![Effect::StoreDocuments { document }]
    }
}

/// The document that came to be with the event.
fn issued(event: &Event, stream: &StreamId) -> Option<DocumentKey> {
    match event {
        Event::Invoice(event) => of_invoice(event),
        Event::CreditNote(event) => of_credit_note(event),
        Event::CommissionAccount(event) => of_account(event, stream),
        Event::Customer(_)
        | Event::Account(_)
        | Event::Service(_)
        | Event::PriceRule(_)
        | Event::Order(_)
        | Event::Subscription(_)
        | Event::Drift(_)
        | Event::Calendar(_)
        | Event::ExchangeRates(_)
        | Event::Balance(_)
        | Event::NumberSeries(_)
        | Event::ChargeLedger(_)
        | Event::BillingRun(_)
        | Event::Payment(_)
        | Event::NotificationPreferences(_) => None,
    }
}

fn of_invoice(event: &InvoiceEvent) -> Option<DocumentKey> {
    use InvoiceEvent as E;
    match event {
        E::InvoiceIssued(issued) => Some(DocumentKey::Invoice { invoice_id: issued.contents.invoice_id }),
        E::InvoiceDrafted(_)
        | E::InvoiceDiscarded {}
        | E::InvoiceLinesAdded { .. }
        | E::InvoiceOverdue { .. }
        | E::BalanceApplied { .. }
        | E::CreditApplied(_)
        | E::CreditedLinesAdded { .. }
        | E::PaymentBooked(_)
        | E::InvoicePaid {}
        | E::PaymentAttempted { .. }
        | E::PaymentAttemptUnclear { .. }
        | E::PaymentAttemptEnded { .. }
        | E::CollectionPlanned { .. }
        | E::DunningStepTaken { .. }
        | E::DocumentStored { .. }
        | E::InvoiceVoided {}
        | E::InvoiceUncollectible {} => None,
    }
}

fn of_credit_note(event: &CreditNoteEvent) -> Option<DocumentKey> {
    use CreditNoteEvent as E;
    match event {
        E::CreditNoteIssued(issued) => Some(DocumentKey::CreditNote { credit_note_id: issued.credit_note_id }),
        E::CreditNoteLinesAdded { .. } | E::CreditNoteSettled { .. } | E::CreditNoteDocumentStored { .. } => None,
    }
}

fn of_account(event: &CommissionAccountEvent, stream: &StreamId) -> Option<DocumentKey> {
    use CommissionAccountEvent as E;
    match event {
        E::CommissionStatementIssued(issued) => Some(DocumentKey::CommissionStatement {
            account_id: Uuid::parse_str(&stream.id).ok()?,
            statement_id: issued.statement_id,
        }),
        E::CommissionAccrued { .. }
        | E::CommissionReversed { .. }
        | E::CommissionStatementLinesAdded { .. }
        | E::CommissionStatementDocumentStored { .. }
        | E::CommissionSettled { .. } => None,
    }
}
