//! Billing runs: what they take in, find, park and complete, and how what was parked is tried again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod people;
mod running;

use domain::billing_run::{
    BilledParty, BillingRunCommand as C, BillingRunEvent as E, BillingRunRules, DiscrepancyResolution as R, RunCounts,
    RunStatus,
};
use domain::decider::Fact;
use domain::{PersonalKind, PersonalRef, Refusal, codec, ids};
use people::{ACCOUNT, CUSTOMER, RESELLER, asked, decide, given};
use running::*;
use uuid::Uuid;

fn histories() -> [(&'static str, Vec<E>); 6] {
    [
        ("none", Vec::new()),
        ("waiting", told(&[start()])),
        ("running, a difference found", told(&[start(), import(1), find()])),
        ("running, an account parked", told(&[start(), park()])),
        ("completed", told(&[start(), bill(vec![party(CUSTOMER)]), C::Complete])),
        ("completed, an account parked", told(&[start(), park(), C::Complete])),
    ]
}

/// Columns as in [`histories`]. A name is the event written, `-` a success without one, a slug the refusal.
#[test]
fn every_state_answers_every_command() {
    let (no, bad, nil, retried) = ("not-found", "invalid-state", "-", "BillingRunRetried");
    let (imported, done, over) = ("ProviderChargesImported", "PartiesBilled", "BillingRunCompleted");
    let (found, settled, parked) = ("BillingDiscrepancyFound", "BillingDiscrepancyResolved", "AccountParked");
    let table = [
        (start(), ["BillingRunStarted", nil, nil, nil, nil, nil]),
        (import(0), [no, nil, nil, nil, bad, bad]),
        (import(1), [no, imported, imported, imported, bad, bad]),
        (find(), [no, found, nil, found, bad, bad]),
        (resolve(R::Accept, None), [no, no, settled, no, no, no]),
        (park(), [no, parked, parked, nil, bad, bad]),
        (bill(Vec::new()), [no, nil, nil, nil, bad, bad]),
        (bill(vec![party(CUSTOMER)]), [no, done, done, done, bad, bad]),
        (C::Complete, [no, over, over, over, nil, nil]),
        (C::Retry, [no, nil, nil, retried, nil, retried]),
    ];
    for (command, answers) in table {
        for ((state, history), expected) in histories().into_iter().zip(answers) {
            let answer = match decide::<BillingRunRules>(&history, &command) {
                Ok(decided) => decided.events.first().map_or("-", Fact::name),
                Err(refusal) => refusal.slug(),
            };
            assert_eq!(answer, expected, "{command:?} while {state}");
        }
    }
}

#[test]
fn a_run_waits_until_something_comes_in() {
    let status = |commands: &[C]| run(&told(commands)).status;
    assert_eq!(status(&[start()]), RunStatus::Waiting);
    for first in [import(1), park(), bill(vec![party(CUSTOMER)])] {
        assert_eq!(status(&[start(), first]), RunStatus::Running);
    }
    assert_eq!(status(&[start(), C::Complete]), RunStatus::Completed);
    assert_eq!(run(&told(&[start()])).started, started());
}

#[test]
fn what_it_came_to_is_counted_and_told_at_its_end() {
    let others = BilledParty { customer_id: RESELLER, issued: 0, drafts: 1, credit_notes: 2, skipped: 3 };
    let history = told(&[start(), import(201), bill(vec![party(CUSTOMER), others])]);
    let counts = RunCounts { imported: 201, issued: 1, drafts: 1, credit_notes: 2, skipped: 3 };
    assert_eq!(run(&history).counts, counts);
    given::<BillingRunRules>(&history)
        .when(asked(C::Complete))
        .then_expect_events(vec![E::BillingRunCompleted { counts }]);
}

#[test]
fn a_billed_party_is_done_once() {
    let history = told(&[start(), bill(vec![party(CUSTOMER)])]);
    assert!(run(&history).is_done(CUSTOMER) && !run(&history).is_done(RESELLER));
    let refused = Refusal::InvalidState { state: "done for that party" };
    for again in [vec![party(CUSTOMER)], vec![party(RESELLER), party(CUSTOMER)]] {
        given::<BillingRunRules>(&history).when(asked(bill(again))).then_expect_error(refused.clone());
    }
    given::<BillingRunRules>(&told(&[start()]))
        .when(asked(bill(vec![party(CUSTOMER), party(CUSTOMER)])))
        .then_expect_error(refused);
}

#[test]
fn a_difference_is_found_once_and_settled_once() {
    let history = told(&[start(), find()]);
    assert_eq!(run(&history).open_discrepancies().count(), 1);
    given::<BillingRunRules>(&history).when(asked(find())).then_expect_events(vec![]);
    for (resolution, status) in [(R::Accept, "accepted"), (R::Dispute, "disputed"), (R::PassOn, "passed_on")] {
        let settled = after(history.clone(), &resolve(resolution, None));
        let discrepancy = &run(&settled).discrepancies[&DIFFERENCE];
        assert_eq!((discrepancy.status(), discrepancy.note), (status, None));
        assert_eq!(run(&settled).open_discrepancies().count(), 0);
        given::<BillingRunRules>(&settled).when(asked(resolve(resolution, Some("again")))).then_expect_events(vec![]);
        for other in [R::Accept, R::Dispute, R::PassOn].into_iter().filter(|other| *other != resolution) {
            given::<BillingRunRules>(&settled)
                .when(asked(resolve(other, None)))
                .then_expect_error(Refusal::InvalidState { state: status });
        }
    }
}

#[test]
fn it_can_be_settled_after_the_run() {
    let completed = told(&[start(), find(), C::Complete]);
    let settled = after(completed, &resolve(R::Dispute, None));
    assert_eq!(run(&settled).discrepancies[&DIFFERENCE].status(), "disputed");
    assert_eq!(run(&settled).status, RunStatus::Completed);
}

#[test]
fn an_operators_words_are_kept_beside_the_event() {
    let command = resolve(R::PassOn, Some("Uma says so"));
    assert!(!format!("{command:?}").contains("Uma"), "{command:?}");
    let decided = decide::<BillingRunRules>(&told(&[start(), find()]), &command).unwrap();
    let reference = PersonalRef { subject: ids::subject(DIFFERENCE, "note"), revision: 1 };
    let resolved =
        E::BillingDiscrepancyResolved { discrepancy_id: DIFFERENCE, resolution: R::PassOn, note: Some(reference) };
    assert_eq!(decided.events, [resolved]);
    let kept = &decided.personal[0];
    assert_eq!((kept.reference, kept.customer_id, kept.kind), (reference, CUSTOMER, PersonalKind::Person));
    assert_eq!(kept.fields["note"], "Uma says so");
}

#[test]
fn what_was_parked_is_tried_again_and_the_rest_stays_done() {
    let parked = told(&[start(), bill(vec![party(RESELLER)]), park(), C::Complete]);
    assert_eq!(run(&parked).parked[&ACCOUNT].reason, "The provider does not know the account.");
    let again = after(parked, &C::Retry);
    let state = run(&again);
    assert_eq!((state.status, state.parked.len(), state.is_done(RESELLER)), (RunStatus::Running, 0, true));
    let still_broken = after(again.clone(), &park());
    assert_eq!(run(&still_broken).parked.len(), 1);
    let mended = [import(1), bill(vec![party(CUSTOMER)]), C::Complete].iter().fold(again, after);
    let state = run(&mended);
    assert_eq!((state.status, state.counts.issued, state.counts.imported), (RunStatus::Completed, 2, 1));
    given::<BillingRunRules>(&mended).when(asked(C::Retry)).then_expect_events(vec![]);
}

#[test]
fn long_lists_are_divided_among_events() {
    let history = told(&[start()]);
    for (count, parts) in [(1, 1), (200, 1), (201, 2), (1_000, 5)] {
        let parties = (0..count).map(|n| party(Uuid::from_u128(n))).collect();
        for command in [import(usize::try_from(count).unwrap()), bill(parties)] {
            let events = decide::<BillingRunRules>(&history, &command).unwrap().events;
            assert_eq!(events.len(), parts, "{count}");
            for event in events {
                assert!(codec::encode(&event.into()).unwrap().len() < 256 * 1024);
            }
        }
    }
}
