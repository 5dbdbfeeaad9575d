//! Payments: what may happen to one in which state, and that money which came in is never lost sight of.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod paying;
mod people;

use domain::billing::{from_minor_units, minor_units};
use domain::decider::{Fact, fold};
use domain::payment::{
    DeclineReason, PaymentCommand as C, PaymentEvent, PaymentMeans, PaymentOutcome as O, PaymentRules, PaymentState,
    PaymentStatus, RefundCause, RefundStatus, StartPayment, UnknownReason,
};
use domain::{Currency, Decider, Money, Refusal};
use paying::*;
use people::{CUSTOMER, asked, decide, given};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

/// Every state of a payment of 178.50, and what makes a difference within one.
fn histories() -> [(&'static str, Vec<PaymentEvent>); 10] {
    let started = told(&[start(PaymentMeans::Wallet)]);
    [
        ("none", Vec::new()),
        ("started", started),
        ("succeeded", by_wallet(O::Succeeded)),
        ("declined", by_wallet(DECLINED)),
        ("unreachable", by_wallet(O::Unreachable)),
        ("expired", by_wallet(O::Expired)),
        ("unknown", by_wallet(NO_ANSWER)),
        ("resolved, charged", after(by_wallet(NO_ANSWER), &resolve(true))),
        ("resolved, not charged", after(by_wallet(NO_ANSWER), &resolve(false))),
        ("all of it on its way back", after(by_wallet(O::Succeeded), &refund(REFUND, "178.50"))),
    ]
}

/// The events' names, `-` for a success without any, a slug for a refusal.
fn answer(history: &[PaymentEvent], command: &C) -> String {
    match decide::<PaymentRules>(history, command) {
        Ok(decided) if decided.events.is_empty() => "-".to_owned(),
        Ok(decided) => decided.events.iter().map(Fact::name).collect::<Vec<_>>().join(" "),
        Err(refusal) => refusal.slug().to_owned(),
    }
}

/// Columns as in [`histories`].
#[test]
fn every_state_answers_every_command() {
    let (no, bad, nil) = ("not-found", "invalid-state", "-");
    let (success, resolved, limit) = ("PaymentSucceeded", "PaymentOutcomeResolved", "refund-limit");
    let failure = |name| [no, name, nil, nil, nil, nil, resolved, nil, nil, nil];
    let table: [(C, [&str; 10]); 10] = [
        (start(PaymentMeans::Wallet), ["PaymentStarted", nil, nil, nil, nil, nil, nil, nil, nil, nil]),
        (record(O::Succeeded), [no, success, nil, success, success, success, resolved, nil, success, nil]),
        (record(DECLINED), failure("PaymentDeclined")),
        (record(O::Unreachable), failure("PaymentUnreachable")),
        (record(O::Expired), failure("PaymentExpired")),
        (record(NO_ANSWER), [no, "PaymentOutcomeUnknown", nil, nil, nil, nil, nil, nil, nil, nil]),
        (resolve(true), [no, bad, bad, bad, bad, bad, resolved, bad, bad, bad]),
        (resolve(false), [no, bad, bad, bad, bad, bad, resolved, bad, bad, bad]),
        (refund(OTHER_REFUND, "0.01"), {
            let back = "RefundStarted";
            [no, bad, back, bad, bad, bad, bad, back, bad, limit]
        }),
        (C::NoteRefundSucceeded { refund_id: REFUND }, { [no, no, no, no, no, no, no, no, no, "RefundSucceeded"] }),
    ];
    for (command, answers) in table {
        for ((state, history), expected) in histories().into_iter().zip(answers) {
            assert_eq!(answer(&history, &command), expected, "{command:?} while {state}");
        }
    }
}

#[test]
fn a_payment_is_what_was_started() {
    let payment = payment(&told(&[start(PaymentMeans::Token)]));
    assert_eq!((payment.id(), payment.started.clone()), (PAYMENT, starting(PaymentMeans::Token)));
    assert_eq!((payment.status, payment.settled_at, payment.received_on), (PaymentStatus::Started, None, None));
    assert!(payment.status.is_open());
}

#[test]
fn nobody_pays_nothing() {
    for amount in ["0.00", "-0.01"] {
        let started = domain::payment::StartedPayment { amount: eur(amount), ..starting(PaymentMeans::Wallet) };
        let start = C::Start(Box::new(StartPayment { started, reference: None }));
        given::<PaymentRules>(&[]).when(asked(start)).then_expect_error(Refusal::InvalidPayment);
    }
}

#[test]
fn each_outcome_is_told_with_its_reason() {
    let of = |outcome| payment(&by_wallet(outcome));
    let declines = [
        (DeclineReason::InsufficientBalance, "insufficient_balance"),
        (DeclineReason::CustomerNotFound, "customer_not_found"),
        (DeclineReason::CurrencyMismatch, "currency_mismatch"),
        (DeclineReason::Other, "other"),
    ];
    for (reason, name) in declines {
        let status = of(O::Declined(reason)).status;
        assert_eq!((status.name(), status.reason(), status.is_open()), ("declined", Some(name), false));
    }
    let others = [
        (O::Succeeded, "succeeded", None, false),
        (O::Unreachable, "unreachable", Some("unreachable"), false),
        (O::Expired, "expired", Some("expired"), false),
        (NO_ANSWER, "unknown", Some("no_answer"), true),
        (MISMATCH, "unknown", Some("mismatch"), true),
    ];
    for (outcome, name, reason, open) in others {
        let payment = of(outcome);
        assert_eq!((payment.status.name(), payment.status.reason()), (name, reason));
        assert_eq!((payment.status.is_open(), payment.settled_at.is_none()), (open, open), "{outcome:?}");
        assert_eq!(payment.received_on.is_some(), outcome == O::Succeeded);
    }
}

#[test]
fn a_success_counts_however_late_and_a_late_failure_does_not() {
    for first in [DECLINED, O::Unreachable, O::Expired, NO_ANSWER, MISMATCH] {
        let late = after(by_wallet(first), &record(O::Succeeded));
        let paid = payment(&late);
        assert_eq!((paid.status.name(), paid.received_on), ("succeeded", Some(today())), "{first:?}");
        for failure in [DECLINED, O::Unreachable, O::Expired, NO_ANSWER] {
            given::<PaymentRules>(&late).when(asked(record(failure))).then_expect_events(vec![]);
        }
    }
    // Among failures the first counts.
    for second in [O::Unreachable, O::Expired, O::Declined(DeclineReason::Other), NO_ANSWER] {
        given::<PaymentRules>(&by_wallet(DECLINED)).when(asked(record(second))).then_expect_events(vec![]);
    }
}

#[test]
fn what_the_gateway_says_of_an_unknown_one_settles_it() {
    let unknown = by_wallet(NO_ANSWER);
    for (outcome, received_on) in [(O::Succeeded, Some(today())), (DECLINED, None), (O::Unreachable, None)] {
        given::<PaymentRules>(&unknown).when(asked(record(outcome))).then_expect_events(vec![
            PaymentEvent::PaymentOutcomeResolved { outcome, received_on, evidence: None, at: at() },
        ]);
    }
    given::<PaymentRules>(&unknown).when(asked(record(MISMATCH))).then_expect_events(vec![]);
}

#[test]
fn an_operator_settles_it_with_words_that_are_the_payers() {
    for (charged, outcome, received_on) in [(true, O::Succeeded, Some(today())), (false, O::Unreachable, None)] {
        let decided = decide::<PaymentRules>(&by_wallet(NO_ANSWER), &resolve(charged)).unwrap();
        let [words] = decided.personal.as_slice() else { panic!("{:?}", decided.personal.len()) };
        assert_eq!((words.customer_id, words.reference.revision), (CUSTOMER, 1));
        assert_eq!(words.fields["evidence"], json!("Statement of Ada Acker's bank, page 3"));
        let evidence = Some(words.reference);
        let resolved = PaymentEvent::PaymentOutcomeResolved { outcome, received_on, evidence, at: at() };
        assert_eq!(decided.events, [resolved]);
        assert!(!format!("{:?} {:?}", resolve(charged), decided.events).contains("Ada"));
    }
}

#[test]
fn money_shows_that_an_operator_was_wrong() {
    let history = after(by_wallet(NO_ANSWER), &resolve(false));
    given::<PaymentRules>(&history).when(asked(record(O::Succeeded))).then_expect_events(vec![succeeded()]);
    let evidence = payment(&history).evidence;
    let corrected = payment(&after(history, &record(O::Succeeded)));
    assert_eq!((corrected.status.name(), corrected.evidence), ("succeeded", evidence), "what was said stays readable");
}

#[test]
fn the_words_money_came_in_with_are_the_payers() {
    let started = starting(PaymentMeans::Outside);
    let start = C::Start(Box::new(StartPayment { started, reference: Some("Rent of Ada Acker".to_owned()) }));
    let decided = decide::<PaymentRules>(&[], &start).unwrap();
    let [words] = decided.personal.as_slice() else { panic!("{:?}", decided.personal.len()) };
    assert_eq!((words.customer_id, &words.fields["reference"]), (CUSTOMER, &json!("Rent of Ada Acker")));
    assert_eq!(payment(&decided.events).started.reference, Some(words.reference));
    assert!(!format!("{start:?} {:?}", decided.events).contains("Ada"));
}

#[test]
fn no_more_goes_back_than_came_in() {
    let paid = by_wallet(O::Succeeded);
    assert_eq!(payment(&paid).refundable(), Ok(eur("178.50")));
    let limit = |left: &str| Refusal::RefundLimit { left: eur(left) };
    given::<PaymentRules>(&paid).when(asked(refund(REFUND, "178.51"))).then_expect_error(limit("178.50"));
    let partly = after(paid, &refund(REFUND, "100.00"));
    given::<PaymentRules>(&partly).when(asked(refund(OTHER_REFUND, "78.51"))).then_expect_error(limit("78.50"));
    let all = after(partly, &refund(OTHER_REFUND, "78.50"));
    given::<PaymentRules>(&all).when(asked(refund(NOTE, "0.01"))).then_expect_error(limit("0.00"));
    assert_eq!((payment(&all).refunded(), payment(&all).refundable()), (Ok(eur("0.00")), Ok(eur("0.00"))));
    let arrived = after(all, &C::NoteRefundSucceeded { refund_id: REFUND });
    assert_eq!(payment(&arrived).refunded(), Ok(eur("100.00")));
}

#[test]
fn only_what_failed_can_go_back_once_more() {
    let unknown = told(&[
        start(PaymentMeans::Wallet),
        record(O::Succeeded),
        refund(REFUND, "178.50"),
        C::NoteRefundUnknown { refund_id: REFUND },
    ]);
    let again = refund(OTHER_REFUND, "178.50");
    given::<PaymentRules>(&unknown)
        .when(asked(again.clone()))
        .then_expect_error(Refusal::RefundLimit { left: eur("0.00") });
    let failed = after(unknown, &C::NoteRefundFailed { refund_id: REFUND });
    assert_eq!(payment(&failed).refundable(), Ok(eur("178.50")));
    given::<PaymentRules>(&failed).when(asked(again)).then_expect_events(vec![refunding(OTHER_REFUND, "178.50")]);
    // The same refund is the same one, seen again.
    given::<PaymentRules>(&failed).when(asked(refund(REFUND, "178.50"))).then_expect_events(vec![]);
}

#[test]
fn the_first_end_of_a_refund_counts() {
    let open = after(by_wallet(O::Succeeded), &refund(REFUND, "10.00"));
    let ends = [
        (C::NoteRefundSucceeded { refund_id: REFUND }, RefundStatus::Succeeded),
        (C::NoteRefundFailed { refund_id: REFUND }, RefundStatus::Failed),
    ];
    for (end, status) in &ends {
        for unknown in [false, true] {
            let doubt = C::NoteRefundUnknown { refund_id: REFUND };
            let history = if unknown { after(open.clone(), &doubt) } else { open.clone() };
            let ended = after(history, end);
            assert_eq!(payment(&ended).refund(REFUND).unwrap().status, *status);
            for late in ends.iter().map(|(end, _)| end).chain([&doubt]) {
                given::<PaymentRules>(&ended).when(asked(late.clone())).then_expect_events(vec![]);
            }
        }
    }
}

#[test]
fn only_the_wallet_gives_money_back() {
    for means in [PaymentMeans::Token, PaymentMeans::Outside] {
        let history = told(&[start(means), record(O::Succeeded)]);
        given::<PaymentRules>(&history)
            .when(asked(refund(REFUND, "1.00")))
            .then_expect_error(Refusal::RefundNotSupported);
        assert!(!means.refunds());
    }
    assert!(PaymentMeans::Wallet.refunds());
}

#[test]
fn a_refund_is_above_nothing_and_in_the_currency_that_came_in() {
    let paid = by_wallet(O::Succeeded);
    let dollars = Money::rounded("1.00".parse().unwrap(), Currency::USD);
    for (amount, refusal) in [
        (eur("0.00"), Refusal::InvalidPayment),
        (eur("-0.01"), Refusal::InvalidPayment),
        (dollars, Refusal::CurrencyMismatch),
    ] {
        let refund = C::StartRefund { refund_id: REFUND, amount, cause: RefundCause::Balance };
        given::<PaymentRules>(&paid).when(asked(refund)).then_expect_error(refusal);
    }
}

fn any_outcome() -> impl Strategy<Value = O> {
    prop_oneof![
        Just(O::Succeeded),
        Just(DECLINED),
        Just(O::Declined(DeclineReason::Other)),
        Just(O::Unreachable),
        Just(O::Expired),
        Just(NO_ANSWER),
        Just(O::Unknown(UnknownReason::Mismatch)),
    ]
}

/// Anything that may be asked of a payment of 178.50, amounts in cents.
fn any_command() -> impl Strategy<Value = C> {
    let id = || (0u128..4).prop_map(Uuid::from_u128);
    let amount = (-10i64..20_000).prop_map(|cents| from_minor_units(cents.into(), Currency::EUR).unwrap());
    let back = (id(), amount).prop_map(|(refund_id, amount)| C::StartRefund {
        refund_id,
        amount,
        cause: RefundCause::Balance,
    });
    prop_oneof![
        1 => prop_oneof![Just(PaymentMeans::Wallet), Just(PaymentMeans::Token)].prop_map(start),
        4 => any_outcome().prop_map(record),
        1 => any::<bool>().prop_map(resolve),
        4 => back,
        2 => id().prop_map(|refund_id| C::NoteRefundSucceeded { refund_id }),
        2 => id().prop_map(|refund_id| C::NoteRefundFailed { refund_id }),
        1 => id().prop_map(|refund_id| C::NoteRefundUnknown { refund_id }),
    ]
}

fn lived(commands: &[C]) -> Vec<PaymentEvent> {
    let mut history = told(&[start(PaymentMeans::Wallet)]);
    for command in commands {
        history.extend(decide::<PaymentRules>(&history, command).map(|decided| decided.events).unwrap_or_default());
    }
    history
}

proptest! {
    #[test]
    fn a_success_is_never_lost_and_no_more_goes_back_than_came_in(
        commands in prop::collection::vec(any_command(), 0..20),
    ) {
        let mut history = told(&[start(PaymentMeans::Wallet)]);
        let mut came_in = false;
        for command in &commands {
            let decided = decide::<PaymentRules>(&history, command);
            came_in |= matches!(command, C::Record { outcome: O::Succeeded, .. })
                || matches!((command, &decided), (C::Resolve { charged: true, .. }, Ok(_)));
            history.extend(decided.map(|decided| decided.events).unwrap_or_default());
            let payment = payment(&history);
            prop_assert_eq!(payment.status == PaymentStatus::Ended(O::Succeeded), came_in);
            prop_assert_eq!(payment.received_on.is_some(), came_in);
            prop_assert!(came_in || payment.refunds.is_empty());
            let kept = payment.refunds.iter().filter(|refund| refund.status != RefundStatus::Failed);
            let back: i128 = kept.map(|refund| minor_units(refund.amount).unwrap()).sum();
            prop_assert!((0..=17_850).contains(&back));
            let left = if came_in { 17_850 - back } else { 0 };
            prop_assert_eq!(minor_units(payment.refundable().unwrap()).unwrap(), left);
            prop_assert!(minor_units(payment.refunded().unwrap()).unwrap() <= back);
        }
    }

    #[test]
    fn what_was_decided_once_is_not_decided_again(
        commands in prop::collection::vec(any_command(), 0..20),
        again in any_command(),
    ) {
        let mut history = lived(&commands);
        if let Ok(first) = decide::<PaymentRules>(&history, &again) {
            history.extend(first.events);
            let second = decide::<PaymentRules>(&history, &again).map(|decided| decided.events);
            // Evidence is given once; whoever comes second learns that it is settled.
            let expected = if matches!(again, C::Resolve { .. }) {
                Err(Refusal::InvalidState { state: payment(&history).status.name() })
            } else {
                Ok(Vec::new())
            };
            prop_assert_eq!(second, expected);
        }
    }

    #[test]
    fn a_stored_state_folds_on_like_the_whole(
        commands in prop::collection::vec(any_command(), 0..20),
        split in any::<prop::sample::Index>(),
    ) {
        let history = lived(&commands);
        let (before, rest) = history.split_at(split.index(history.len() + 1));
        let stored = serde_json::to_string(&fold::<PaymentRules>(before)).unwrap();
        let mut state: PaymentState = serde_json::from_str(&stored).unwrap();
        rest.iter().for_each(|event| PaymentRules::evolve(&mut state, event));
        prop_assert_eq!(state, fold::<PaymentRules>(&history));
    }
}
