//! Which charges follow from what happened, and in which month they are billed.

use domain::billing::History;
use domain::service::{BillingCycle, Term};
use domain::subscription::SubscriptionEvent as E;

use crate::subscribed::*;

fn yearly_by_the_month(on: &str, quantity: u32) -> Told {
    started_for(on, quantity, OFFICE, (Term::Year, BillingCycle::Month))
}

#[test]
fn without_a_start_there_is_no_history() {
    let told = started("2026-10-03", 5, OFFICE).cancelled("2026-10-05");
    assert!(History::of(&told.events[1..]).is_none());
    assert!(History::of([]).is_none());
}

#[test]
fn a_cycle_belongs_to_the_month_it_starts_in_and_keeps_its_anchor() {
    let told = yearly_by_the_month("2026-01-31", 2);
    assert_eq!(told.shown_in("2026-01"), ["new 2026-01-31 2026-02-28 2 28/28"]);
    assert_eq!(told.shown_in("2026-02"), ["cycle 2026-02-28 2026-03-31 2 31/31"]);
    assert_eq!(told.shown_in("2026-03"), ["cycle 2026-03-31 2026-04-30 2 30/30"]);
    assert_eq!(told.shown_in("2026-12"), ["cycle 2026-12-31 2027-01-31 2 31/31"]);
    assert!(told.shown_in("2027-01").is_empty(), "nothing renews until it is known to have");
    assert!(told.shown_in("2025-12").is_empty());
    assert_eq!(told.history().charges_through(period("2026-04")).len(), 4);
}

#[test]
fn the_next_cycle_has_the_seats_of_that_day() {
    let told = yearly_by_the_month("2026-10-03", 5).seats("2026-10-20", 5, 8).seats("2026-11-02", 8, 6);
    assert_eq!(
        told.shown_in("2026-11"),
        ["decrease 2026-11-02 2026-11-03 -2 1/31", "cycle 2026-11-03 2026-12-03 6 30/30"]
    );
}

#[test]
fn a_change_on_the_first_day_of_a_cycle_follows_the_cycle() {
    let told = yearly_by_the_month("2026-10-03", 5).seats("2026-11-03", 5, 8).seats("2026-12-03", 8, 2);
    assert_eq!(
        told.shown_in("2026-11"),
        ["cycle 2026-11-03 2026-12-03 5 30/30", "increase 2026-11-03 2026-12-03 3 30/30"]
    );
    assert_eq!(
        told.shown_in("2026-12"),
        ["cycle 2026-12-03 2027-01-03 8 31/31", "decrease 2026-12-03 2027-01-03 -6 31/31"]
    );
    assert_eq!(told.shown_in("2027-01"), ["cycle 2027-01-03 2027-02-03 2 31/31"]);
}

#[test]
fn several_changes_on_one_day_are_several_charges_with_names_of_their_own() {
    let told = started("2026-10-03", 5, OFFICE)
        .seats("2026-10-10", 5, 8)
        .seats("2026-10-10", 8, 7)
        .seats("2026-10-10", 7, 9)
        .seats("2026-10-12", 9, 9);
    assert_eq!(
        told.shown_in("2026-10"),
        [
            "new 2026-10-03 2026-11-03 5 31/31",
            "increase 2026-10-10 2026-11-03 3 24/31",
            "decrease 2026-10-10 2026-11-03 -1 24/31",
            "increase 2026-10-10 2026-11-03 2 24/31",
        ]
    );
    let numbers: Vec<u32> = told.charges_in("2026-10").iter().map(|charge| charge.key.n).collect();
    assert_eq!(numbers, [0, 0, 0, 1]);
}

#[test]
fn cancelling_on_the_first_day_credits_everything() {
    let told = started("2026-10-03", 5, OFFICE).seats("2026-10-03", 5, 6).cancelled("2026-10-03");
    let lines = told.lines_in("2026-10", &plain(domain::billing::Route::Own));
    assert_eq!(amounts(&lines), ["87.50", "17.50", "-105.00"]);
    assert!(told.shown_in("2026-11").is_empty());
}

#[test]
fn nothing_follows_an_end() {
    let cancelled = yearly_by_the_month("2026-10-03", 5).cancelled("2026-11-20");
    assert_eq!(
        cancelled.shown_in("2026-11"),
        ["cycle 2026-11-03 2026-12-03 5 30/30", "cancel 2026-11-20 2026-12-03 -5 13/30"]
    );
    assert!(cancelled.shown_in("2026-12").is_empty());
    let on_a_boundary = yearly_by_the_month("2026-10-03", 5).cancelled("2026-11-03");
    assert_eq!(
        on_a_boundary.shown_in("2026-11"),
        ["cycle 2026-11-03 2026-12-03 5 30/30", "cancel 2026-11-03 2026-12-03 -5 30/30"]
    );
    let expired = started("2026-10-03", 5, OFFICE).expired("2026-11-03");
    assert!(expired.shown_in("2026-11").is_empty());
}

#[test]
fn an_extensions_last_cycle_is_cut_and_a_change_in_it_is_too() {
    let told = started("2026-01-31", 3, OFFICE)
        .extended("2026-02-10", "2026-02-28", "2026-03-10")
        .seats("2026-03-01", 3, 5)
        .renewed("2026-03-10", 5, OFFICE);
    assert_eq!(told.shown_in("2026-01"), ["new 2026-01-31 2026-02-28 3 28/28"]);
    assert_eq!(told.shown_in("2026-02"), ["cycle 2026-02-28 2026-03-10 3 10/31"]);
    assert_eq!(
        told.shown_in("2026-03"),
        ["increase 2026-03-01 2026-03-10 2 9/31", "renew 2026-03-10 2026-04-10 5 31/31"]
    );
    let costs: Vec<_> = told.charges_in("2026-02").iter().map(|charge| charge.cost().unwrap()).collect();
    assert_eq!(costs, [eur("13.55")]);
}

#[test]
fn what_is_prolonged_within_its_cut_cycle_goes_on_from_the_cut() {
    let told = started("2026-01-31", 3, OFFICE)
        .extended("2026-02-10", "2026-02-28", "2026-03-10")
        .extended("2026-03-05", "2026-03-10", "2026-04-20")
        .seats("2026-03-07", 3, 4);
    assert_eq!(told.shown_in("2026-02"), ["cycle 2026-02-28 2026-03-10 3 10/31"]);
    assert_eq!(
        told.shown_in("2026-03"),
        [
            "increase 2026-03-07 2026-03-10 1 3/31",
            "cycle 2026-03-10 2026-03-31 4 21/31",
            "cycle 2026-03-31 2026-04-20 4 20/30"
        ]
    );
    let on_the_day = started("2026-01-31", 3, OFFICE).extended("2026-02-10", "2026-02-28", "2026-03-10").extended(
        "2026-02-28",
        "2026-03-10",
        "2026-03-20",
    );
    assert_eq!(
        on_the_day.shown_in("2026-02"),
        ["cycle 2026-02-28 2026-03-10 3 10/31"],
        "charged before it is prolonged"
    );
    assert_eq!(on_the_day.shown_in("2026-03"), ["cycle 2026-03-10 2026-03-20 3 10/31"]);
}

#[test]
fn an_extension_noticed_too_late_still_fills_the_term() {
    let told = started("2026-01-31", 3, OFFICE).extended("2026-03-10", "2026-02-28", "2026-03-10");
    assert_eq!(told.shown_in("2026-02"), ["cycle 2026-02-28 2026-03-10 3 10/31"]);
}

#[test]
fn charges_go_on_while_it_is_suspended() {
    let told = yearly_by_the_month("2026-10-03", 5).suspended("2026-10-10");
    assert_eq!(told.shown_in("2026-11"), ["cycle 2026-11-03 2026-12-03 5 30/30"]);
}

#[test]
fn requests_cost_nothing_until_they_are_confirmed() {
    let asked = E::QuantityChangeRequested {
        change_id: uuid::Uuid::nil(),
        from: 5,
        to: 9,
        requested_at: noon(day("2026-10-20")),
    };
    let told = yearly_by_the_month("2026-10-03", 5).and(asked);
    assert_eq!(told.shown_in("2026-10"), ["new 2026-10-03 2026-11-03 5 31/31"]);
    assert_eq!(told.shown_in("2026-11"), ["cycle 2026-11-03 2026-12-03 5 30/30"]);
}

#[test]
fn a_change_of_the_old_term_known_after_the_renewal_has_the_old_price_and_counts_in_the_new_one() {
    let told =
        started("2026-10-03", 5, OFFICE).renewed("2026-11-03", 5, ("18.75", None, "15.00")).seats("2026-11-01", 5, 7);
    let november = told.charges_in("2026-11");
    let shown: Vec<String> = november.iter().map(shown).collect();
    assert_eq!(shown, ["increase 2026-11-01 2026-11-03 2 2/31", "renew 2026-11-03 2026-12-03 7 30/30"]);
    assert_eq!(november[0].prices.unit_price, price("17.50"));
    assert_eq!(november[1].prices.unit_price, price("18.75"));
}

#[test]
fn what_becomes_known_later_renames_no_charge() {
    let before = yearly_by_the_month("2026-10-03", 5).seats("2026-10-20", 5, 8);
    let after = before.clone().seats("2026-10-20", 8, 9).seats("2026-10-05", 9, 10).cancelled("2026-11-10");
    let known = after.history().charges_through(period("2026-12"));
    for charge in before.history().charges_through(period("2026-10")) {
        assert!(known.contains(&charge), "{charge:?}");
    }
}

#[test]
fn prices_of_a_day_are_those_of_its_term() {
    let told = started("2026-10-03", 5, OFFICE).renewed("2026-11-03", 5, ("18.75", None, "15.00"));
    let history = told.history();
    let priced = |from: &str, to: &str| history.priced(&(day(from)..day(to)));
    let (prices, factor) = priced("2026-10-20", "2026-11-03").unwrap();
    assert_eq!((prices.unit_price, factor.to_string()), (price("17.50"), "14/31".to_owned()));
    assert_eq!(priced("2026-11-03", "2026-12-03").unwrap().0.unit_price, price("18.75"));
    assert_eq!(priced("2026-10-02", "2026-10-03"), None);
    assert_eq!(priced("2026-10-20", "2026-10-20"), None);
}
