//! Collecting an invoice: one attempt at a time, tried again by rule, and dunned when it stays unpaid.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod invoicing;
mod people;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::decider::fold;
use domain::invoice::{
    DunningStep, Invoice, InvoiceCommand as C, InvoiceEvent, InvoicePayment, InvoiceRules, InvoiceStatus, IssuedInvoice,
};
use domain::payment::{DeclineReason, PaymentOutcome as O, UnknownReason};
use domain::{Actor, Asked, Decided, Decider, Refusal};
use invoicing::*;
use proptest::prelude::*;
use uuid::Uuid;

const FIRST: Uuid = Uuid::from_u128(0xa1);
const SECOND: Uuid = Uuid::from_u128(0xa2);
const DECLINED: O = O::Declined(DeclineReason::InsufficientBalance);

/// Midnight of the due day.
fn due() -> DateTime<Utc> {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

fn decide_at(history: &[InvoiceEvent], at: DateTime<Utc>, command: &C) -> Result<Decided<InvoiceEvent>, Refusal> {
    InvoiceRules::decide(&fold::<InvoiceRules>(history), &Asked { at, by: &Actor::system("test"), command })
}

fn decide(history: &[InvoiceEvent], command: &C) -> Result<Vec<InvoiceEvent>, Refusal> {
    decide_at(history, due(), command).map(|decided| decided.events)
}

/// 178.50 to pay, collected by itself on the due day.
fn collected() -> Vec<InvoiceEvent> {
    let issued = IssuedInvoice { collect_at: Some(due()), ..issuing(two_lines()) };
    told(&[C::Issue(Box::new(issued))])
}

fn attempt(payment_id: Uuid) -> C {
    C::Attempt { payment_id }
}

fn unclear(payment_id: Uuid) -> C {
    C::NoteUnclear { payment_id }
}

fn ended(payment_id: Uuid, outcome: O) -> C {
    C::EndAttempt { payment_id, outcome, automatic: true }
}

fn attempted() -> Vec<InvoiceEvent> {
    after(collected(), &attempt(FIRST))
}

/// An attempt and its end, at one time; with it when it is tried again.
fn tried(history: &mut Vec<InvoiceEvent>, at: DateTime<Utc>, outcome: O) -> Option<DateTime<Utc>> {
    for command in [attempt(FIRST), ended(FIRST, outcome)] {
        history.extend(decide_at(history, at, &command).unwrap().events);
    }
    invoice(history).collection.next_at
}

/// The times at which it is tried by itself, counted from the due day, when every attempt comes to the same.
fn tries(outcome: O) -> Vec<TimeDelta> {
    let mut history = collected();
    let mut times = Vec::new();
    let mut next = invoice(&history).collection.next_at;
    while let Some(at) = next {
        times.push(at - due());
        next = tried(&mut history, at, outcome);
    }
    times
}

#[test]
fn one_attempt_is_open_at_a_time() {
    assert_eq!(decide(&collected(), &attempt(FIRST)).unwrap(), [InvoiceEvent::PaymentAttempted { payment_id: FIRST }]);
    assert_eq!(decide(&attempted(), &attempt(FIRST)), Ok(Vec::new()));
    assert_eq!(decide(&attempted(), &attempt(SECOND)), Err(Refusal::PaymentInProgress));
    let unknown = after(attempted(), &unclear(FIRST));
    assert_eq!(decide(&unknown, &attempt(SECOND)), Err(Refusal::PaymentInProgress));
    let failed = after(unknown, &ended(FIRST, DECLINED));
    assert_eq!(decide(&failed, &attempt(SECOND)).unwrap().len(), 1);
    assert_eq!(invoice(&after(failed, &attempt(SECOND))).collection.attempts, 2);
}

#[test]
fn only_what_is_owed_is_attempted() {
    let bad = |state| Err(Refusal::InvalidState { state });
    let cases = [
        (Vec::new(), Err(Refusal::NotFound)),
        (told(&[draft(two_lines())]), bad("draft")),
        (told(&[draft(two_lines()), C::Discard]), bad("discarded")),
        (after(issued(), &C::Void), bad("void")),
        (after(issued(), &pay("178.50")), Err(Refusal::AlreadyPaid)),
        (told(&[issue(contents(&[]))]), Err(Refusal::AlreadyPaid)),
    ];
    for (history, expected) in cases {
        assert_eq!(decide(&history, &attempt(FIRST)), expected);
    }
    // What was written off may still be paid.
    assert_eq!(decide(&after(issued(), &C::WriteOff), &attempt(FIRST)).unwrap().len(), 1);
}

#[test]
fn an_open_attempt_keeps_it_from_being_voided() {
    for history in [attempted(), after(attempted(), &unclear(FIRST))] {
        assert_eq!(decide(&history, &C::Void), Err(Refusal::PaymentInProgress));
        let over = after(history, &ended(FIRST, O::Expired));
        assert_eq!(decide(&over, &C::Void), Ok(vec![InvoiceEvent::InvoiceVoided {}]));
    }
}

#[test]
fn it_is_paid_by_money_and_its_attempt_ends_beside_it() {
    // What the outcome means is written in one append, in this order.
    let history = told(&[issue(two_lines()), attempt(PAYMENT), pay("178.50"), ended(PAYMENT, O::Succeeded)]);
    let state = invoice(&history);
    assert_eq!((state.status, state.payment()), (InvoiceStatus::Paid, InvoicePayment::Paid));
    assert_eq!((state.collection.open, state.collection.next_at), (None, None));
}

#[test]
fn how_paying_it_stands_follows_from_its_last_attempt() {
    let stands = |history: &[InvoiceEvent]| invoice(history).payment();
    assert_eq!(stands(&collected()), InvoicePayment::Unpaid);
    assert_eq!(stands(&attempted()), InvoicePayment::Processing);
    let unknown = after(attempted(), &unclear(FIRST));
    assert_eq!((stands(&unknown), stands(&unknown).reason()), (InvoicePayment::Unknown, None));
    let reasons = [
        (DECLINED, "insufficient_balance"),
        (O::Declined(DeclineReason::CustomerNotFound), "customer_not_found"),
        (O::Declined(DeclineReason::CurrencyMismatch), "currency_mismatch"),
        (O::Declined(DeclineReason::Other), "other"),
        (O::Unreachable, "unreachable"),
        (O::Expired, "expired"),
    ];
    for (outcome, reason) in reasons {
        let failed = after(unknown.clone(), &ended(FIRST, outcome));
        assert_eq!((stands(&failed).name(), stands(&failed).reason()), ("failed", Some(reason)));
        assert_eq!(stands(&after(failed.clone(), &attempt(SECOND))), InvoicePayment::Processing);
        assert_eq!(stands(&after(failed, &pay("178.50"))), InvoicePayment::Paid);
    }
}

#[test]
fn doubt_and_end_are_those_of_the_open_attempt() {
    let nothing = Ok(Vec::new());
    for command in [unclear(SECOND), ended(SECOND, DECLINED)] {
        assert_eq!(decide(&attempted(), &command), nothing);
    }
    for command in [unclear(FIRST), ended(FIRST, DECLINED)] {
        assert_eq!(decide(&collected(), &command), nothing);
    }
    let unknown = after(attempted(), &unclear(FIRST));
    assert_eq!(decide(&unknown, &unclear(FIRST)), nothing);
    // Late news about an attempt that is over, while another one is open.
    let next = after(after(unknown, &ended(FIRST, O::Unreachable)), &attempt(SECOND));
    assert_eq!(decide(&next, &ended(FIRST, O::Succeeded)), nothing);
}

#[test]
fn declines_are_tried_again_after_8_16_and_24_days() {
    for outcome in [DECLINED, O::Declined(DeclineReason::Other), O::Expired] {
        assert_eq!(tries(outcome), [0, 8, 16, 24].map(TimeDelta::days), "{outcome:?}");
    }
    for outcome in [O::Declined(DeclineReason::CustomerNotFound), O::Declined(DeclineReason::CurrencyMismatch)] {
        assert_eq!(tries(outcome), [TimeDelta::zero()], "{outcome:?}");
    }
}

#[test]
fn an_unreachable_gateway_is_tried_for_an_hour_and_a_day() {
    let minutes = (0..=12).map(|n| TimeDelta::minutes(5 * n));
    let hours = (2..=25).map(TimeDelta::hours);
    assert_eq!(tries(O::Unreachable), minutes.chain(hours).collect::<Vec<_>>());
}

#[test]
fn the_last_outcome_decides_when_it_is_tried_again() {
    let mut history = collected();
    let soon = TimeDelta::minutes(5);
    assert_eq!(tried(&mut history, due(), O::Unreachable), Some(due() + soon));
    let declined_at = due() + soon;
    assert_eq!(tried(&mut history, declined_at, DECLINED), Some(declined_at + TimeDelta::days(8)));
    // Somebody tries in between: what is planned stays, or comes sooner.
    let between = due() + TimeDelta::days(2);
    assert_eq!(tried(&mut history, between, O::Expired), Some(declined_at + TimeDelta::days(8)));
    assert_eq!(tried(&mut history, between, O::Unreachable), Some(between + soon));
    let never = O::Declined(DeclineReason::CustomerNotFound);
    assert_eq!(tried(&mut history, between + soon, never), None, "it is of no use any more");
}

#[test]
fn an_attempt_before_the_due_day_leaves_the_due_day_alone() {
    let early = due() - TimeDelta::days(20);
    for outcome in [DECLINED, O::Expired, O::Declined(DeclineReason::CustomerNotFound)] {
        let mut history = collected();
        assert_eq!(tried(&mut history, early, outcome), Some(due()), "{outcome:?}");
        // The days of retries count from the due day's.
        assert_eq!(tried(&mut history, due(), DECLINED), Some(due() + TimeDelta::days(8)));
    }
}

#[test]
fn a_gateway_that_was_away_before_the_due_day_is_tried_on_it_as_if_nothing_had_been() {
    let mut history = collected();
    let mut at = due() - TimeDelta::days(20);
    loop {
        match tried(&mut history, at, O::Unreachable) {
            Some(next) if next < due() => at = next,
            next => break assert_eq!(next, Some(due()), "given up until then"),
        }
    }
    assert_eq!(tried(&mut history, due(), O::Unreachable), Some(due() + TimeDelta::minutes(5)));
}

#[test]
fn what_is_not_collected_by_itself_is_not_tried_again() {
    let by_hand = C::EndAttempt { payment_id: FIRST, outcome: DECLINED, automatic: false };
    let over = after(attempted(), &by_hand);
    assert_eq!(invoice(&over).collection.next_at, None);
    let written_off = after(attempted(), &C::WriteOff);
    assert_eq!(invoice(&after(written_off, &ended(FIRST, DECLINED))).collection.next_at, None);
}

#[test]
fn the_plan_ends_with_what_there_is_to_collect() {
    assert_eq!(invoice(&collected()).collection.next_at, Some(due()));
    for end in [pay("178.50"), C::Void, C::WriteOff] {
        let over = after(collected(), &end);
        assert_eq!(invoice(&over).collection.next_at, None, "{end:?}");
        assert_eq!(decide(&over, &C::PlanCollection { at: Some(due()) }), Ok(Vec::new()));
    }
}

#[test]
fn a_plan_is_written_when_it_changes() {
    let plan = |at| C::PlanCollection { at };
    let planned = |at| Ok(vec![InvoiceEvent::CollectionPlanned { at }]);
    assert_eq!(decide(&collected(), &plan(Some(due()))), Ok(Vec::new()));
    assert_eq!(decide(&collected(), &plan(None)), planned(None));
    let by_hand = after(collected(), &plan(None));
    assert_eq!(invoice(&by_hand).collection.next_at, None);
    assert_eq!(decide(&by_hand, &plan(None)), Ok(Vec::new()));
    assert_eq!(decide(&by_hand, &plan(Some(due()))), planned(Some(due())));
    assert_eq!(decide(&issued(), &plan(Some(due()))), planned(Some(due())));
    assert_eq!(decide(&told(&[draft(two_lines())]), &plan(Some(due()))), Ok(Vec::new()));
}

#[test]
fn each_step_of_dunning_has_its_day_and_is_taken_once() {
    let take = |step, today: &str| C::TakeDunningStep { step, today: day(today) };
    let days = [
        (DunningStep::FirstReminder, "2026-12-01", "2026-12-02"),
        (DunningStep::SecondReminder, "2026-12-07", "2026-12-08"),
        (DunningStep::LastReminder, "2026-12-14", "2026-12-15"),
        (DunningStep::Suspension, "2026-12-30", "2026-12-31"),
    ];
    for (step, before, on) in days {
        assert_eq!(decide(&issued(), &take(step, before)), Ok(Vec::new()), "{step:?}");
        let taken = InvoiceEvent::DunningStepTaken { step };
        assert_eq!(decide(&issued(), &take(step, on)), Ok(vec![taken]), "{step:?}");
        let history = after(issued(), &take(step, on));
        assert_eq!(decide(&history, &take(step, "2027-02-01")), Ok(Vec::new()), "{step:?}");
        for end in [pay("178.50"), C::Void, C::WriteOff] {
            assert_eq!(decide(&after(issued(), &end), &take(step, on)), Ok(Vec::new()), "{step:?} {end:?}");
        }
    }
}

#[test]
fn a_step_nobody_took_in_time_is_passed_over() {
    let on = |invoice: &Invoice, today: &str| invoice.collection.step_on(day(today), day("2026-12-01"));
    let fresh = invoice(&issued());
    assert_eq!(on(&fresh, "2026-12-01"), None);
    assert_eq!(on(&fresh, "2026-12-02"), Some(DunningStep::FirstReminder));
    assert_eq!(on(&fresh, "2026-12-20"), Some(DunningStep::LastReminder), "one reminder on a day");
    let take = C::TakeDunningStep { step: DunningStep::LastReminder, today: day("2026-12-20") };
    let reminded = invoice(&after(issued(), &take));
    assert_eq!((on(&reminded, "2026-12-30"), on(&reminded, "2026-12-31")), (None, Some(DunningStep::Suspension)));
    assert_eq!(DunningStep::FirstReminder.following(), Some(DunningStep::SecondReminder));
    assert_eq!(DunningStep::Suspension.following(), None);
}

/// One thing that happens, so many minutes after the one before.
#[derive(Debug, Clone)]
struct Step {
    minutes: i64,
    command: C,
}

fn any_outcome() -> impl Strategy<Value = O> {
    prop_oneof![
        2 => Just(DECLINED),
        1 => Just(O::Declined(DeclineReason::CurrencyMismatch)),
        2 => Just(O::Unreachable),
        1 => Just(O::Expired),
        1 => Just(O::Succeeded),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let id = || (0u128..3).prop_map(Uuid::from_u128);
    let end = (id(), any_outcome(), any::<bool>()).prop_map(|(payment_id, outcome, automatic)| C::EndAttempt {
        payment_id,
        outcome,
        automatic,
    });
    let plan = prop::option::of(0i64..60).prop_map(|days| days.map(|days| due() + TimeDelta::days(days)));
    let dun = (0usize..4, 0u64..40).prop_map(|(step, days)| C::TakeDunningStep {
        step: DunningStep::ALL[step],
        today: day("2026-12-01") + chrono::Days::new(days),
    });
    let command = prop_oneof![
        8 => id().prop_map(attempt),
        2 => id().prop_map(unclear),
        8 => end,
        1 => plan.prop_map(|at| C::PlanCollection { at }),
        2 => dun,
        1 => Just(pay("8.50")),
        1 => Just(paid_with(Uuid::from_u128(0x9b), "178.50", "170.00")),
        1 => Just(C::Void),
        1 => Just(C::WriteOff),
    ];
    let minutes = prop_oneof![Just(0), 1i64..10, 1i64..2_000, 1i64..20_000];
    (minutes, command).prop_map(|(minutes, command)| Step { minutes, command })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn at_most_one_attempt_is_open_whatever_is_asked(steps in prop::collection::vec(any_step(), 1..40)) {
        let (mut history, mut open, mut at) = (collected(), None, due() - TimeDelta::days(10));
        let mut dunned = BTreeSet::new();
        for Step { minutes, command } in &steps {
            at += TimeDelta::minutes(*minutes);
            let events = decide_at(&history, at, command).map(|decided| decided.events).unwrap_or_default();
            for event in &events {
                match event {
                    InvoiceEvent::PaymentAttempted { payment_id } => {
                        prop_assert_eq!(open.replace(*payment_id), None);
                    }
                    InvoiceEvent::PaymentAttemptUnclear { payment_id } => prop_assert_eq!(open, Some(*payment_id)),
                    InvoiceEvent::PaymentAttemptEnded { payment_id, outcome, next_attempt_at, .. } => {
                        prop_assert_eq!(open.take(), Some(*payment_id));
                        prop_assert!(next_attempt_at.is_none_or(|next| next > at && *outcome != O::Succeeded));
                    }
                    InvoiceEvent::InvoiceVoided {} => prop_assert_eq!(open, None),
                    InvoiceEvent::DunningStepTaken { step } => prop_assert!(dunned.insert(*step)),
                    _ => {}
                }
            }
            history.extend(events);
            let invoice = invoice(&history);
            prop_assert_eq!(invoice.collection.open.map(|open| open.payment_id), open);
            prop_assert!(invoice.collection.next_at.is_none() || invoice.status == InvoiceStatus::Issued);
            prop_assert_eq!(&invoice.collection.dunned, &dunned);
            let told = invoice.payment();
            prop_assert!(!matches!(told, InvoicePayment::Failed(O::Succeeded | O::Unknown(_))), "{:?}", told);
            prop_assert_eq!(told == InvoicePayment::Paid, invoice.status == InvoiceStatus::Paid);
        }
    }
}

#[test]
fn an_unknown_outcome_is_never_the_end_of_an_attempt_that_is_retried() {
    for reason in [UnknownReason::NoAnswer, UnknownReason::Mismatch] {
        let early = invoice(&attempted()).collection.next_after(O::Unknown(reason), due() - TimeDelta::days(3));
        assert_eq!(early, Some(due()), "what was planned stays");
        assert_eq!(invoice(&attempted()).collection.next_after(O::Unknown(reason), due()), None);
    }
}
