//! Licences: who uses them, and which go first.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod subscribing;

use domain::subscription::{LICENCES_PER_EVENT, SubscriptionEvent as E};
use domain::{PersonalKind, PersonalRef, Refusal, ids};
use subscribing::*;

fn user(ordinal: u32, revision: i32) -> PersonalRef {
    PersonalRef { subject: ids::subject(licence(ordinal), "user"), revision }
}

#[test]
fn a_user_is_a_person_beside_the_log() {
    let case = Case::of(3).at("2026-10-05T14:30:00Z");
    let decided = case.decide(&assign(2, "Uma Underhill")).unwrap();
    let expected = E::LicenceAssigned { licence_id: licence(2), ordinal: 2, user: user(2, 1), assigned_at: case.at };
    assert_eq!(decided.events, [expected]);
    let [person] = decided.personal.as_slice() else { panic!("{:?}", decided.personal) };
    assert_eq!((person.reference, person.customer_id, person.kind), (user(2, 1), CUSTOMER, PersonalKind::Person));
    assert_eq!(person.fields["name"], "Uma Underhill");
    assert!(!serde_json::to_string(&decided.events).unwrap().contains("Uma"));
    assert!(!format!("{:?}", assign(2, "Uma Underhill")).contains("Uma"));
}

#[test]
fn an_assigned_licence_says_to_whom_and_since_when() {
    let case = Case::of(3).at("2026-10-05T14:30:00Z").after(assign(2, "Uma"));
    let known = case.known();
    let one = known.licences.get(2).unwrap();
    assert_eq!((one.assigned_to, one.assigned_at), (Some(user(2, 1)), Some(case.at)));
    assert_eq!(known.licences.iter().filter(|one| one.assigned_to.is_some()).count(), 1);
    let freed = case.after(unassign(2)).known();
    let one = freed.licences.get(2).unwrap();
    assert_eq!((one.assigned_to, one.assigned_at), (None, None));
}

#[test]
fn users_never_share_a_revision() {
    let mut case = Case::of(1);
    for (name, revision) in [("Uma", 1), ("Uma", 2), ("Ole", 3)] {
        case = case.after(assign(1, name));
        assert_eq!(case.known().licences.get(1).unwrap().assigned_to, Some(user(1, revision)));
    }
    let again = case.after(unassign(1)).after(assign(1, "Uma"));
    assert_eq!(again.known().licences.get(1).unwrap().assigned_to, Some(user(1, 4)));
}

#[test]
fn whose_it_is_already_stays_its_user_without_a_word() {
    let case = Case::of(3).after(assign(2, "Uma"));
    let decided = case.decide(&assign_from("Uma", 2, "Uma")).unwrap();
    assert!(decided.events.is_empty() && decided.personal.is_empty(), "{:?}", decided.events);
    assert_eq!(case.names(assign_from("Uma", 2, "Ole")), ["LicenceAssigned"]);
    let freed = case.after(unassign(2));
    assert_eq!(freed.names(assign_from("Uma", 2, "Uma")), ["LicenceAssigned"], "nobody has it any more");
}

#[test]
fn taking_back_what_nobody_has_is_no_change() {
    assert_eq!(Case::of(3).when(unassign(2)), Ok(vec![]));
    let case = Case::of(3).after(assign(2, "Uma"));
    assert_eq!(case.when(unassign(2)), Ok(vec![E::LicenceUnassigned { licence_id: licence(2), ordinal: 2 }]));
}

#[test]
fn licences_of_others_are_not_found() {
    let case = Case::of(3);
    assert_eq!(case.refusal(assign(4, "Uma")), Refusal::NotFound);
    assert_eq!(case.refusal(unassign(4)), Refusal::NotFound);
}

#[test]
fn unassigned_ones_go_first_and_then_the_newest() {
    let case = Case::of(6).after(assign(6, "Uma")).after(assign(2, "Ole")).after(assign(5, "Eve"));
    let known = case.known();
    let going = |to| known.seats_to_remove(to).iter().map(|one| one.ordinal).collect::<Vec<_>>();
    assert_eq!(going(6), Vec::<u32>::new());
    assert_eq!(going(7), Vec::<u32>::new());
    assert_eq!(going(4), [4, 3]);
    assert_eq!(going(2), [4, 3, 1, 6]);
    assert_eq!(going(0), [4, 3, 1, 6, 5, 2]);
}

#[test]
fn many_come_and_go_in_portions() {
    let asked = Case::of(2_000).after(quantity(700, None));
    let fewer = asked.when(observe(resized(asked.seen_done(), 700, 2_001))).unwrap();
    let removed: Vec<usize> = fewer
        .iter()
        .filter_map(|event| match event {
            E::LicencesRemoved { ordinals } => Some(ordinals.len()),
            _ => None,
        })
        .collect();
    assert_eq!(removed, [LICENCES_PER_EVENT, LICENCES_PER_EVENT, 300]);
    let asked = Case::of(2).after(quantity(1_004, None));
    let decided = asked.decide(&observe(resized(asked.seen_done(), 1_004, 3))).unwrap();
    assert_eq!((decided.events.len(), decided.personal.len()), (4, 1_002));
}
