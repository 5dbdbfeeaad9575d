//! What billing asks to be done: given events, then effects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::billing::Period;
use domain::billing_run::{BillingRunEvent, RunCounts, StartedRun};
use domain::calendar::CalendarEvent;
use domain::process::{Bill, Effect, Process};
use domain::{AggregateType, Event, StreamId};
use uuid::Uuid;

const RUN: Uuid = Uuid::from_u128(0xb1);

fn follows(event: impl Into<Event>, stream: &StreamId) -> Vec<Effect> {
    let Some((key, news)) = Bill::news(&event.into(), stream) else { return Vec::new() };
    assert_eq!(key, stream.id);
    Bill::react(&mut (), news)
}

fn of_calendar(event: CalendarEvent) -> Vec<Effect> {
    follows(event, &StreamId::new(AggregateType::Calendar, "de"))
}

fn of_run(event: BillingRunEvent) -> Vec<Effect> {
    follows(event, &StreamId::new(AggregateType::BillingRun, RUN))
}

fn october() -> Period {
    Period::parse("2026-10").unwrap()
}

#[test]
fn a_month_that_has_ended_is_billed() {
    let ended = CalendarEvent::MonthEnded { entity: "de".to_owned(), period: "2026-10".to_owned() };
    assert_eq!(of_calendar(ended), [Effect::StartBilling { entity: "de".to_owned(), period: october() }]);
    let day = "2026-10-31".parse().unwrap();
    assert_eq!(of_calendar(CalendarEvent::DayEnded { entity: "de".to_owned(), day }), []);
}

#[test]
fn what_is_started_or_retried_is_worked_on() {
    let started = StartedRun {
        run_id: RUN,
        period: october(),
        seller_entity: Some("de".to_owned()),
        customer_id: None,
        on_demand: false,
        started_at: "2026-11-01T00:00:00Z".parse().unwrap(),
    };
    assert_eq!(of_run(BillingRunEvent::BillingRunStarted(Box::new(started))), [Effect::RunBilling { run_id: RUN }]);
    assert_eq!(of_run(BillingRunEvent::BillingRunRetried {}), [Effect::RunBilling { run_id: RUN }]);
}

#[test]
fn what_a_run_does_asks_for_nothing_more() {
    let (account_id, customer_id) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let events = [
        BillingRunEvent::ProviderChargesImported { account_id, customer_id, lines: Vec::new() },
        BillingRunEvent::AccountParked { account_id, customer_id, reason: "unreadable".to_owned() },
        BillingRunEvent::PartiesBilled { parties: Vec::new() },
        BillingRunEvent::BillingRunCompleted { counts: RunCounts::default() },
    ];
    for event in events {
        assert_eq!(of_run(event), []);
    }
}

#[test]
fn effects_say_what_and_about_what() {
    let start = Effect::StartBilling { entity: "de".to_owned(), period: october() };
    let cases = [
        (start, "start_billing", "de/2026-10".to_owned()),
        (Effect::RunBilling { run_id: RUN }, "run_billing", RUN.to_string()),
    ];
    for (effect, kind, subject) in cases {
        let stored = serde_json::to_value(&effect).unwrap();
        assert_eq!((effect.name(), stored["kind"].as_str()), (kind, Some(kind)));
        assert_eq!(effect.subject(), subject);
        assert_eq!(serde_json::from_value::<Effect>(stored).unwrap(), effect);
    }
}
