//! Dunning: what was not paid for too long suspends the billed party's services, and paying it lifts that.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Effect, Process};
use crate::invoice::{DunningStep, InvoiceEvent};
use crate::{Event, StreamId};

/// One instance per invoice.
#[derive(Debug, Clone, Copy)]
pub struct Dun;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DunState {
    /// Services are suspended because of it.
    pub suspends: bool,
}

impl Process for Dun {
    const NAME: &'static str = "dun";
    type State = DunState;
    type News = DunNews;

    fn news(event: &Event, stream: &StreamId) -> Option<(String, DunNews)> {
        let (invoice_id, turn) = (Uuid::parse_str(&stream.id).ok()?, turn(event)?);
        Some((stream.id.clone(), DunNews { invoice_id, turn }))
    }

    fn react(state: &mut DunState, news: DunNews) -> Vec<Effect> {
        let settles = match news.turn {
            Turn::Suspends => !std::mem::replace(&mut state.suspends, true),
            Turn::Lifts => std::mem::take(&mut state.suspends),
        };
        settles.then_some(Effect::SettleDunning { invoice_id: news.invoice_id }).into_iter().collect()
    }
}

/// What happened to an invoice, as far as it touches services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DunNews {
    invoice_id: Uuid,
    turn: Turn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Suspends,
    Lifts,
}

fn turn(event: &Event) -> Option<Turn> {
    match event {
        Event::Invoice(event) => of_invoice(event),
        Event::Customer(_)
        | Event::Account(_)
        | Event::Service(_)
        | Event::PriceRule(_)
        | Event::Order(_)
        | Event::Subscription(_)
        | Event::Drift(_)
        | Event::Calendar(_)
        | Event::ExchangeRates(_)
        | Event::CreditNote(_)
        | Event::Balance(_)
        | Event::NumberSeries(_)
        | Event::ChargeLedger(_)
        | Event::BillingRun(_)
        | Event::CommissionAccount(_)
        | Event::Payment(_)
        | Event::NotificationPreferences(_) => None,
    }
}

fn of_invoice(event: &InvoiceEvent) -> Option<Turn> {
    use InvoiceEvent as E;
    match event {
        E::DunningStepTaken { step: DunningStep::Suspension } => Some(Turn::Suspends),
        E::InvoicePaid {} | E::InvoiceVoided {} => Some(Turn::Lifts),
        E::InvoiceDrafted(_)
        | E::InvoiceDiscarded {}
        | E::InvoiceIssued(_)
        | E::InvoiceLinesAdded { .. }
        | E::InvoiceOverdue { .. }
        | E::BalanceApplied { .. }
        | E::CreditApplied(_)
        | E::CreditedLinesAdded { .. }
        | E::PaymentBooked(_)
        | E::PaymentAttempted { .. }
        | E::PaymentAttemptUnclear { .. }
        | E::PaymentAttemptEnded { .. }
        | E::CollectionPlanned { .. }
        | E::DunningStepTaken { .. }
        | E::DocumentStored { .. }
        | E::InvoiceUncollectible {} => None,
    }
}
