//! Differences between the provider and us: when something is one, and what can happen to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use domain::drift::{
    DetectDrift, DriftCommand, DriftEvent, DriftField, DriftNote, DriftResolution, DriftRules, DriftState,
};
use domain::reconcile::{self, Difference, Ours, Suspects, Theirs};
use domain::subscription::{Renewal, RenewalAction, SubscriptionStatus};
use domain::{Actor, Asked, Decided, Decider, PersonalKind, Refusal, ids};
use proptest::prelude::*;
use uuid::Uuid;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn ours() -> Ours {
    Ours {
        subscription_id: Uuid::from_u128(1),
        customer_id: Uuid::from_u128(0xc),
        provider_subscription_id: "sub-1".to_owned(),
        status: SubscriptionStatus::Active,
        quantity: 5,
        ends_on: day("2027-01-01"),
        renewal: Renewal { action: RenewalAction::Renew, quantity: None, confirmed: true },
        revision: 3,
        changing: false,
    }
}

fn theirs() -> Theirs {
    Theirs {
        provider_subscription_id: "sub-1".to_owned(),
        provider_account_id: "acc-1".to_owned(),
        sku: "office".to_owned(),
        status: SubscriptionStatus::Active,
        quantity: 5,
        starts_on: day("2026-01-01"),
        ends_on: day("2027-01-01"),
        auto_renew: true,
        revision: 3,
    }
}

fn found(ours: &Ours, theirs: &Theirs) -> Vec<(DriftField, String, String)> {
    let row = |found: Difference| (found.field, found.ours, found.theirs);
    reconcile::differences(ours, theirs).into_iter().map(row).collect()
}

fn difference(field: DriftField, ours: &str, theirs: &str) -> (DriftField, String, String) {
    (field, ours.to_owned(), theirs.to_owned())
}

#[test]
fn what_differs_is_named_with_both_sides() {
    let newer = Theirs { revision: 4, ..theirs() };
    let cases = [
        (Theirs { quantity: 7, ..newer.clone() }, difference(DriftField::Quantity, "5", "7")),
        (
            Theirs { ends_on: day("2027-06-01"), ..newer.clone() },
            difference(DriftField::EndsOn, "2027-01-01", "2027-06-01"),
        ),
        (
            Theirs { status: SubscriptionStatus::Suspended, ..newer.clone() },
            difference(DriftField::Status, "active", "suspended"),
        ),
        (Theirs { auto_renew: false, ..newer.clone() }, difference(DriftField::Renewal, "renew", "expire")),
        (Theirs { quantity: 7, ..theirs() }, difference(DriftField::Quantity, "5", "7")),
    ];
    for (theirs, expected) in cases {
        assert_eq!(found(&ours(), &theirs), [expected], "{theirs:?}");
    }
    assert_eq!(found(&ours(), &newer), []);
}

#[test]
fn an_older_reading_and_a_change_under_way_are_no_difference() {
    let stale = Theirs { quantity: 7, status: SubscriptionStatus::Cancelled, revision: 2, ..theirs() };
    assert_eq!(found(&ours(), &stale), []);
    let changing = Ours { changing: true, ..ours() };
    assert_eq!(found(&changing, &Theirs { quantity: 7, revision: 4, ..theirs() }), []);
}

#[test]
fn what_has_ended_has_no_seats_or_dates_to_compare() {
    let gone = Theirs {
        status: SubscriptionStatus::Cancelled,
        quantity: 1,
        ends_on: day("2026-03-01"),
        auto_renew: false,
        revision: 4,
        ..theirs()
    };
    assert_eq!(found(&ours(), &gone), [difference(DriftField::Status, "active", "cancelled")]);
    let ended = Ours { status: SubscriptionStatus::Cancelled, ..ours() };
    assert_eq!(found(&ended, &gone), []);
    let revived = Theirs { quantity: 9, revision: 5, ..theirs() };
    assert_eq!(found(&ended, &revived), [difference(DriftField::Status, "cancelled", "active")]);
}

#[test]
fn an_unconfirmed_instruction_is_a_difference_once_its_day_has_come() {
    let instructed = |action| Ours { renewal: Renewal { action, quantity: None, confirmed: false }, ..ours() };
    let renewed = Theirs { starts_on: day("2027-01-01"), ends_on: day("2028-01-01"), revision: 4, ..theirs() };
    let expired = Theirs { status: SubscriptionStatus::Expired, revision: 4, ..theirs() };
    let of_renewal = |ours: &Ours, theirs: &Theirs| {
        found(ours, theirs).into_iter().find(|(field, ..)| *field == DriftField::Renewal)
    };
    let expire = instructed(RenewalAction::Expire);
    assert_eq!(of_renewal(&expire, &theirs()), None, "it is on its way");
    assert_eq!(of_renewal(&expire, &renewed), Some(difference(DriftField::Renewal, "expire", "renew")));
    assert_eq!(of_renewal(&expire, &expired), None);
    let renew = instructed(RenewalAction::Renew);
    assert_eq!(of_renewal(&renew, &expired), Some(difference(DriftField::Renewal, "renew", "expire")));
    assert_eq!(of_renewal(&renew, &renewed), None);
    assert_eq!(of_renewal(&ours(), &renewed), None, "a confirmed instruction was carried out");
}

#[test]
fn what_one_side_lacks_is_listed_after_two_scans_in_a_row() {
    let scan = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
    let listed = |suspects: &Suspects| reconcile::to_list(suspects).map(str::to_owned).collect::<Vec<_>>();
    let first = reconcile::after_scan(&Suspects::new(), &scan(&["a", "b"]));
    assert!(listed(&first).is_empty());
    let second = reconcile::after_scan(&first, &scan(&["a", "c"]));
    assert_eq!(listed(&second), ["a"]);
    let third = reconcile::after_scan(&second, &scan(&["a", "b"]));
    assert_eq!(listed(&third), ["a"], "b was there in between");
}

prop_compose! {
    fn status()(n in 0..4_usize) -> SubscriptionStatus {
        [SubscriptionStatus::Active, SubscriptionStatus::Suspended, SubscriptionStatus::Cancelled,
            SubscriptionStatus::Expired][n]
    }
}

prop_compose! {
    fn any_theirs()(status in status(), quantity in 1..50_u32, days in 1..900_u64, auto_renew: bool, revision in 0..9_i64,
        renewed: bool) -> Theirs {
        let starts_on = if renewed { day("2027-01-01") } else { day("2026-01-01") };
        Theirs { status, quantity, starts_on, ends_on: starts_on + Days::new(days), auto_renew, revision, ..theirs() }
    }
}

prop_compose! {
    fn any_ours()(status in status(), quantity in 1..50_u32, days in 1..900_u64, action in 0..2_usize, confirmed: bool,
        revision in 0..9_i64, changing: bool) -> Ours {
        let action = [RenewalAction::Renew, RenewalAction::Expire][action];
        Ours { status, quantity, ends_on: day("2026-01-01") + Days::new(days),
            renewal: Renewal { action, quantity: None, confirmed }, revision, changing, ..ours() }
    }
}

/// What we would hold had we read nothing but this.
fn as_read(theirs: &Theirs) -> Ours {
    let action = if theirs.auto_renew { RenewalAction::Renew } else { RenewalAction::Expire };
    Ours {
        status: theirs.status,
        quantity: theirs.quantity,
        ends_on: theirs.ends_on,
        renewal: Renewal { action, quantity: None, confirmed: true },
        revision: theirs.revision,
        changing: false,
        ..ours()
    }
}

/// Ours with the fields that differ taken over.
fn adopt(ours: &Ours, theirs: &Theirs) -> Ours {
    let read = as_read(theirs);
    let mut adopted = ours.clone();
    for found in reconcile::differences(ours, theirs) {
        match found.field {
            DriftField::Status => adopted.status = read.status,
            DriftField::Quantity => adopted.quantity = read.quantity,
            DriftField::EndsOn => adopted.ends_on = read.ends_on,
            DriftField::Renewal => adopted.renewal = read.renewal,
            DriftField::Unknown | DriftField::Missing => panic!("{found:?} between two that are there"),
        }
    }
    adopted
}

proptest! {
    #[test]
    fn what_was_just_read_does_not_differ(theirs in any_theirs()) {
        prop_assert_eq!(reconcile::differences(&as_read(&theirs), &theirs), vec![]);
    }

    #[test]
    fn adopting_leaves_nothing(ours in any_ours(), theirs in any_theirs()) {
        // What becomes live again, or gets another term, may have more to compare than before.
        let adopted = (0..4).fold(ours, |ours, _| adopt(&ours, &theirs));
        prop_assert_eq!(reconcile::differences(&adopted, &theirs), vec![]);
    }

    #[test]
    fn a_field_differs_once_and_its_sides_do(ours in any_ours(), theirs in any_theirs()) {
        let found = reconcile::differences(&ours, &theirs);
        let fields: BTreeSet<_> = found.iter().map(|found| found.field.name()).collect();
        prop_assert_eq!(fields.len(), found.len());
        prop_assert!(found.iter().all(|found| found.ours != found.theirs));
    }

    #[test]
    fn the_past_never_counts(ours in any_ours(), theirs in any_theirs()) {
        let old = Theirs { revision: ours.revision - 1, ..theirs };
        prop_assert_eq!(reconcile::differences(&ours, &old), vec![]);
    }
}

fn seen(field: DriftField) -> DetectDrift {
    DetectDrift {
        drift_id: ids::drift("sub-1", field.name(), 4),
        provider_account_id: Some("acc-1".to_owned()),
        provider_subscription_id: "sub-1".to_owned(),
        subscription_id: Some(Uuid::from_u128(1)),
        customer_id: Some(Uuid::from_u128(0xc)),
        field,
        ours: Some("5".to_owned()),
        theirs: Some("7".to_owned()),
        revision: 4,
    }
}

fn ask(state: &DriftState, command: &DriftCommand) -> Result<Decided<DriftEvent>, Refusal> {
    let at = "2026-10-03T09:00:00Z".parse().unwrap();
    DriftRules::decide(state, &Asked { at, by: &Actor::system("reconcile"), command })
}

/// Asks, and folds what follows.
fn does(state: &mut DriftState, command: &DriftCommand) -> Result<usize, Refusal> {
    let decided = ask(state, command)?;
    decided.events.iter().for_each(|event| DriftRules::evolve(state, event));
    Ok(decided.events.len())
}

fn resolve(resolution: DriftResolution) -> DriftCommand {
    DriftCommand::Resolve { resolution, account_id: None, note: None }
}

#[test]
fn a_difference_is_seen_once_and_resolved_once() {
    let mut state = DriftState::default();
    let detect = DriftCommand::Detect(Box::new(seen(DriftField::Quantity)));
    assert_eq!(ask(&state, &resolve(DriftResolution::Ignored)), Err(Refusal::NotFound));
    assert_eq!(does(&mut state, &detect), Ok(1));
    let drift = state.known().unwrap();
    assert_eq!((drift.status(), drift.theirs.as_deref(), drift.revision), ("open", Some("7"), 4));
    assert_eq!(does(&mut state, &detect), Ok(0));
    assert_eq!(does(&mut state, &resolve(DriftResolution::Adopted)), Ok(1));
    assert_eq!(state.known().unwrap().status(), "adopted");
    assert_eq!(does(&mut state, &resolve(DriftResolution::Adopted)), Ok(0));
    let refused = Err(Refusal::InvalidState { state: "adopted" });
    assert_eq!(does(&mut state, &resolve(DriftResolution::Corrected)), refused);
    assert_eq!(does(&mut state, &detect), Ok(0), "one revision differs once");

    let mut state = DriftState::default();
    does(&mut state, &detect).unwrap();
    does(&mut state, &resolve(DriftResolution::Corrected)).unwrap();
    assert_eq!(does(&mut state, &detect), Ok(1), "the provider would not make it ours again");
}

#[test]
fn what_goes_missing_again_is_listed_again_unless_it_was_ignored() {
    for field in [DriftField::Missing, DriftField::Unknown] {
        let detect = DriftCommand::Detect(Box::new(seen(field)));
        for (resolution, again) in
            [(DriftResolution::Adopted, 1), (DriftResolution::Corrected, 1), (DriftResolution::Ignored, 0)]
        {
            let mut state = DriftState::default();
            does(&mut state, &detect).unwrap();
            does(&mut state, &resolve(resolution)).unwrap();
            assert_eq!(does(&mut state, &detect), Ok(again), "{field:?} {resolution:?}");
            assert_eq!(state.known().unwrap().is_open(), again == 1);
        }
    }
}

#[test]
fn what_was_adopted_for_one_account_is_not_adopted_for_another() {
    let mut state = DriftState::default();
    let detect = DriftCommand::Detect(Box::new(seen(DriftField::Unknown)));
    let adopt = |account: u128| DriftCommand::Resolve {
        resolution: DriftResolution::Adopted,
        account_id: Some(Uuid::from_u128(account)),
        note: None,
    };
    does(&mut state, &detect).unwrap();
    assert_eq!(does(&mut state, &adopt(7)), Ok(1));
    assert_eq!(state.known().unwrap().account_id, Some(Uuid::from_u128(7)));
    assert_eq!(does(&mut state, &adopt(7)), Ok(0));
    let refused = Err(Refusal::InvalidState { state: "adopted" });
    assert_eq!(does(&mut state, &adopt(8)), refused);
    assert_eq!(does(&mut state, &resolve(DriftResolution::Adopted)), refused);
    // Listed again it came to nothing, and is decided anew.
    assert_eq!(does(&mut state, &detect), Ok(1));
    assert_eq!(state.known().unwrap().account_id, None);
    assert_eq!(does(&mut state, &adopt(8)), Ok(1));
}

#[test]
fn a_note_is_kept_beside_the_log() {
    let mut state = DriftState::default();
    does(&mut state, &DriftCommand::Detect(Box::new(seen(DriftField::Missing)))).unwrap();
    let noted = |text: &str| DriftCommand::Resolve {
        resolution: DriftResolution::Adopted,
        account_id: None,
        note: Some(DriftNote { text: text.to_owned() }),
    };
    let decided = ask(&state, &noted("Ada said so")).unwrap();
    let [kept] = decided.personal.as_slice() else { panic!("{:?}", decided.personal) };
    assert_eq!((kept.kind, kept.customer_id, kept.reference.revision), (PersonalKind::Person, Uuid::from_u128(0xc), 1));
    assert_eq!(kept.fields["note"], "Ada said so");
    let (resolution, note) = (DriftResolution::Adopted, Some(kept.reference));
    assert_eq!(decided.events, [DriftEvent::DriftResolved { resolution, account_id: None, note }]);
    assert!(!format!("{:?}", noted("Ada said so")).contains("Ada"));
    // It is back, and resolved with other words: a revision is never used twice.
    does(&mut state, &noted("Ada said so")).unwrap();
    does(&mut state, &DriftCommand::Detect(Box::new(seen(DriftField::Missing)))).unwrap();
    assert_eq!(ask(&state, &noted("Bob too")).unwrap().personal[0].reference.revision, 2);
}
