//! Billing a month: it starts when the month has ended at a seller entity, and goes on until everybody is billed.

use uuid::Uuid;

use super::{Effect, Process};
use crate::billing::Period;
use crate::billing_run::BillingRunEvent;
use crate::calendar::CalendarEvent;
use crate::{Event, StreamId};

/// Stable: it is part of every operation id.
pub const NAME: &str = "bill";

/// One instance per seller entity, and one per run. It remembers nothing: how far a run is, is the run's own state.
#[derive(Debug, Clone, Copy)]
pub struct Bill;

impl Process for Bill {
    const NAME: &'static str = NAME;
    type State = ();
    type News = Effect;

    fn news(event: &Event, stream: &StreamId) -> Option<(String, Effect)> {
        Some((stream.id.clone(), wanted(event, stream)?))
    }

    fn react((): &mut (), wanted: Effect) -> Vec<Effect> {
        vec![wanted]
    }
}

fn wanted(event: &Event, stream: &StreamId) -> Option<Effect> {
    match event {
        Event::Calendar(event) => of_calendar(event),
        Event::BillingRun(event) => of_run(event, Uuid::parse_str(&stream.id).ok()?),
        Event::Customer(_)
        | Event::Account(_)
        | Event::Service(_)
        | Event::PriceRule(_)
        | Event::Order(_)
        | Event::Subscription(_)
        | Event::Drift(_)
        | Event::ExchangeRates(_)
        | Event::Invoice(_)
        | Event::CreditNote(_)
        | Event::Balance(_)
        | Event::NumberSeries(_)
        | Event::ChargeLedger(_)
        | Event::CommissionAccount(_)
        | Event::Payment(_)
        | Event::NotificationPreferences(_) => None,
    }
}

fn of_calendar(event: &CalendarEvent) -> Option<Effect> {
    match event {
        CalendarEvent::MonthEnded { entity, period } => {
            Some(Effect::StartBilling { entity: entity.clone(), period: Period::parse(period)? })
        }
        CalendarEvent::DayEnded { .. } => None,
    }
}

/// Every run's stream has the run's id as its own.
fn of_run(event: &BillingRunEvent, run_id: Uuid) -> Option<Effect> {
    use BillingRunEvent as E;
    match event {
        E::BillingRunStarted(_) | E::BillingRunRetried {} => Some(Effect::RunBilling { run_id }),
        E::ProviderChargesImported { .. }
        | E::BillingDiscrepancyFound(_)
        | E::BillingDiscrepancyResolved { .. }
        | E::AccountParked { .. }
        | E::PartiesBilled { .. }
        | E::BillingRunCompleted { .. } => None,
    }
}
