//! New terms: what the provider made of the end of the old one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod subscribing;

use chrono::NaiveDate;
use domain::Refusal;
use domain::subscription::{
    Observation, RenewalAction, SubscriptionCore, SubscriptionEvent as E, SubscriptionRenewed, SubscriptionStarted,
    SubscriptionStatus as Status, SuspendedBy,
};
use subscribing::*;
use uuid::Uuid;

const RENEWED: &str = "2026-11-03T00:10:00Z";

fn terms(events: &[E]) -> Vec<(NaiveDate, NaiveDate, u32)> {
    let term = |event: &E| match event {
        E::SubscriptionRenewed(term) => Some((term.starts_on, term.ends_on, term.quantity)),
        _ => None,
    };
    events.iter().filter_map(term).collect()
}

#[test]
fn a_new_term_fixes_prices_and_conditions_anew() {
    let case = Case::of(5).at(RENEWED);
    let events = case.when(observe(case.seen_renewed())).unwrap();
    let new = new_terms();
    let expected = SubscriptionRenewed {
        quantity: 5,
        unit_price: new.price.unit_price,
        reseller_unit_price: new.price.reseller_unit_price,
        reseller_id: Some(RESELLER),
        unit_cost: new.price.unit_cost,
        term: new.term,
        billing_cycle: new.billing_cycle,
        cancellation_window_hours: Some(72),
        min_quantity: 2,
        max_quantity: 200,
        starts_on: day("2026-11-03"),
        ends_on: day("2026-12-03"),
        provider_revision: 2,
        discountable: false,
        exchange_rate: None,
    };
    assert_eq!(events, [E::SubscriptionRenewed(Box::new(expected))]);
    let seen = case.seen_renewed();
    let core = case.after(observe(seen)).core();
    assert_eq!((core.unit_price, core.unit_cost, core.discountable), (unit_price("18.20"), eur("14.50"), false));
    assert_eq!((core.starts_on, core.ends_on), (day("2026-11-03"), day("2026-12-03")));
    assert_eq!((core.min_quantity, core.max_quantity, core.started.unit_price), (2, 200, unit_price("17.50")));
}

#[test]
fn the_reseller_price_is_that_of_whom_it_was_fixed_for() {
    let former = Uuid::from_u128(0x4f);
    let case = Case::begun(SubscriptionStarted { reseller_id: Some(former), ..started(5) });
    assert_eq!(case.core().price_reseller(), Some(former));
    let case = case.at(RENEWED);
    let renewed = case.clone().after(observe(case.seen_renewed())).core();
    assert_eq!((renewed.price_reseller(), renewed.started.reseller_id), (Some(RESELLER), Some(former)));

    let mut own = new_terms();
    (own.reseller_id, own.price.reseller_unit_price) = (None, None);
    let seen = Observation { renewal: Some(own), ..case.seen_renewed() };
    assert_eq!(case.after(observe(seen)).core().reseller_unit_price, None);
}

#[test]
fn a_core_kept_before_renewals_named_the_reseller_is_read() {
    let mut kept = serde_json::to_value(Case::of(5).core()).unwrap();
    assert_eq!(kept.as_object_mut().unwrap().remove("renewed_for"), None, "what is not known is not written");
    assert_eq!(serde_json::from_value::<SubscriptionCore>(kept).unwrap(), Case::of(5).core());
}

#[test]
fn without_prices_a_new_term_is_looked_at_again() {
    let case = Case::of(5).at(RENEWED);
    let seen = Observation { renewal: None, ..case.seen_renewed() };
    assert_eq!(case.refusal(observe(seen)), Refusal::RenewalPriceMissing);
}

#[test]
fn an_instructed_quantity_drops_licences_as_the_provider_did() {
    let case = Case::of(5).after(quantity(3, AT_RENEWAL)).at(RENEWED);
    let seen = resized(case.seen_renewed(), 3, 6);
    let case = case.after(observe(seen));
    assert_eq!(case.history.last(), Some(&E::LicencesRemoved { ordinals: vec![4, 5] }));
    let core = case.core();
    assert_eq!((core.quantity, core.licence_count, core.renewal.quantity), (3, 3, None));
    assert!(core.renewal.confirmed, "the instruction has been carried out");
}

#[test]
fn what_the_provider_made_of_it_counts_not_what_was_instructed() {
    let case = Case::of(5).after(quantity(3, AT_RENEWAL)).at(RENEWED);
    let events = case.when(observe(case.seen_renewed())).unwrap();
    assert_eq!(terms(&events), [(day("2026-11-03"), day("2026-12-03"), 5)]);
}

#[test]
fn seats_changed_since_the_renewal_are_a_change_of_their_own() {
    let case = Case::of(5).after(quantity(3, AT_RENEWAL)).at("2026-11-05T12:00:00Z");
    let seen = Observation { changed_on: day("2026-11-05"), ..resized(case.seen_renewed(), 4, 6) };
    assert_eq!(
        case.names(observe(seen.clone())),
        ["SubscriptionRenewed", "QuantityChangeConfirmed", "LicencesRemoved"]
    );
    assert_eq!(terms(&case.when(observe(seen.clone())).unwrap())[0].2, 3);
    assert_eq!(case.after(observe(seen)).core().quantity, 4);
}

#[test]
fn who_wanted_it_to_expire_still_does() {
    let case = Case::of(5).after(renewal(RenewalAction::Expire, None)).at(RENEWED);
    let case = case.clone().after(observe(case.seen_renewed()));
    assert_eq!(case.history.last(), Some(&E::RenewalInstructionSet { action: RenewalAction::Expire, quantity: None }));
    assert_eq!((case.core().renewal.action, case.core().renewal.confirmed), (RenewalAction::Expire, false));
}

#[test]
fn terms_that_came_and_went_unseen_are_told_one_by_one() {
    let case = Case::of(5).at("2027-01-05T12:00:00Z");
    let (starts_on, ends_on) = (day("2027-01-03"), day("2027-02-03"));
    let seen = Observation { starts_on, ends_on, changed_on: starts_on, ..case.seen_renewed() };
    let expected = [
        (day("2026-11-03"), day("2026-12-03"), 5),
        (day("2026-12-03"), day("2027-01-03"), 5),
        (day("2027-01-03"), day("2027-02-03"), 5),
    ];
    assert_eq!(terms(&case.when(observe(seen)).unwrap()), expected);
}

#[test]
fn what_does_not_fill_a_term_prolonged_the_one_before() {
    let case = Case::of(5).at("2026-11-20T12:00:00Z");
    let (starts_on, ends_on) = (day("2026-11-20"), day("2026-12-20"));
    let seen = Observation { starts_on, ends_on, changed_on: starts_on, ..case.seen_renewed() };
    assert_eq!(case.names(observe(seen.clone())), ["ExtensionConfirmed", "SubscriptionRenewed"]);
    assert_eq!(case.after(observe(seen)).core().starts_on, starts_on);
}

#[test]
fn days_out_of_all_proportion_come_to_an_end() {
    let case = Case::of(5);
    for starts_on in [NaiveDate::MAX, day("9999-01-01")] {
        let seen = Observation { starts_on, ends_on: NaiveDate::MAX, changed_on: starts_on, ..case.seen_renewed() };
        let core = case.clone().after(observe(seen)).core();
        assert_eq!((core.starts_on, core.ends_on), (starts_on, NaiveDate::MAX));
    }
}

#[test]
fn what_renewed_was_resumed_before() {
    let case = suspended(SuspendedBy::Customer).at(RENEWED);
    let seen = Observation { status: Status::Active, ..case.seen_renewed() };
    assert_eq!(case.names(observe(seen.clone())), ["ResumptionConfirmed", "SubscriptionRenewed"]);
    assert_eq!(case.after(observe(seen)).core().status, Status::Active);
}

#[test]
fn what_the_provider_renewed_although_it_stands_still_goes_on_standing_still() {
    let case = suspended(SuspendedBy::Dunning).at(RENEWED);
    let seen = case.seen_renewed();
    assert_eq!(case.names(observe(seen.clone())), ["SubscriptionRenewed"]);
    assert_eq!(case.after(observe(seen)).core().suspended_by, Some(SuspendedBy::Dunning));
}

#[test]
fn a_change_confirmed_across_a_renewal_belongs_to_the_term_of_its_day() {
    let case = Case::of(5).at("2026-11-02T23:59:59Z").after(quantity(8, None)).at(RENEWED);
    let seen = Observation { confirms: Some(done(day("2026-11-02"))), ..resized(case.seen_renewed(), 8, 6) };
    let events = case.when(observe(seen.clone())).unwrap();
    assert!(matches!(events[0], E::QuantityChangeConfirmed { from: 5, to: 8, .. }));
    assert_eq!(terms(&events)[0].2, 8);
    let later = Observation { confirms: Some(done(day("2026-11-03"))), ..seen };
    let events = case.when(observe(later.clone())).unwrap();
    assert_eq!(terms(&events)[0].2, 5);
    assert!(matches!(events[1], E::QuantityChangeConfirmed { from: 5, to: 8, .. }));
    let core = case.after(observe(later)).core();
    assert_eq!((core.quantity, core.licence_count, core.increases.len(), core.change), (8, 8, 1, None));
}

#[test]
fn a_renewal_waits_for_the_change_in_flight() {
    let case = Case::of(5).after(extend("2026-12-31")).at(RENEWED);
    assert_eq!(case.when(observe(case.seen_renewed())), Ok(vec![]));
    let over = case.after(reject(CHANGE));
    assert_eq!(over.names(observe(over.seen_renewed())), ["SubscriptionRenewed"]);
}

#[test]
fn an_extension_confirmed_after_the_renewal_it_led_to_is_both() {
    let case = Case::of(5).after(extend("2026-11-20")).at("2026-11-20T01:00:00Z");
    let (starts_on, ends_on) = (day("2026-11-20"), day("2026-12-20"));
    let seen = Observation { starts_on, ends_on, changed_on: starts_on, ..case.seen_renewed() };
    let seen = Observation { confirms: Some(done(day("2026-10-03"))), ..seen };
    assert_eq!(case.names(observe(seen)), ["ExtensionConfirmed", "SubscriptionRenewed"]);
}

#[test]
fn an_extension_overtaken_by_a_renewal_prolongs_nothing() {
    let case = Case::of(5).after(extend("2026-11-10")).at(RENEWED);
    let seen = Observation { confirms: Some(done(day("2026-11-03"))), ..case.seen_renewed() };
    assert_eq!(case.names(observe(seen.clone())), ["SubscriptionRenewed", "ExtensionConfirmed"]);
    let core = case.after(observe(seen)).core();
    assert_eq!((core.ends_on, core.change), (day("2026-12-03"), None));
}

#[test]
fn an_end_after_an_unseen_renewal_is_an_end_of_that_term() {
    let case = Case::of(5).at("2026-11-05T12:00:00Z");
    let seen = Observation {
        status: Status::Cancelled,
        seats: Vec::new(),
        changed_on: day("2026-11-05"),
        ..case.seen_renewed()
    };
    assert_eq!(case.names(observe(seen.clone())), ["SubscriptionRenewed", "CancellationConfirmed"]);
    let known = case.after(observe(seen)).known();
    assert_eq!((known.core.quantity, known.core.licence_count, known.licences.len()), (5, 5, 5));
}

#[test]
fn at_its_end_it_expires_and_keeps_what_it_had() {
    let case = Case::of(5).after(renewal(RenewalAction::Expire, None)).at(RENEWED);
    let seen = Observation { status: Status::Expired, seats: Vec::new(), ..case.seen() };
    let expired = E::SubscriptionExpired { effective_on: day("2026-11-03"), provider_revision: 2 };
    assert_eq!(case.when(observe(seen.clone())), Ok(vec![expired]));
    let known = case.after(observe(seen)).known();
    assert_eq!((known.core.status, known.core.ends_on, known.licences.len()), (Status::Expired, day("2026-11-03"), 5));
}
