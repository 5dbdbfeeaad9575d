//! Our history against the provider's bill: what agrees, what does not, and when an invoice has to wait.

use domain::billing::matching::{DiscrepancyKind as Kind, Expected, Group, keeps_draft, paired};
use domain::billing::{ProviderCharge, ProviderLine};
use domain::{Currency, Money};

use crate::subscribed::*;

/// 25 seats, then 15 more, then 3 fewer.
fn office() -> Told {
    started("2026-10-03", 25, OFFICE).seats("2026-10-19", 25, 40).seats("2026-10-22", 40, 37)
}

fn ours(told: &Told) -> Vec<Expected> {
    let expected = |charge| Expected { provider_subscription_id: "sub-1".to_owned(), charge, invoiced: false };
    told.charges_in("2026-10").into_iter().map(expected).collect()
}

fn bill(told: &Told) -> Vec<ProviderLine> {
    told.charges_in("2026-10").iter().map(billed).collect()
}

/// What differs, and how many charges are invoiced all the same.
fn verdict(expected: Vec<Expected>, lines: Vec<ProviderLine>) -> (Vec<Kind>, usize) {
    let groups = paired(expected, lines);
    let kinds = groups.iter().filter_map(|group| group.discrepancy().unwrap()).collect();
    (kinds, groups.iter().flat_map(Group::to_invoice).count())
}

fn draft(groups: &[Group]) -> bool {
    keeps_draft(groups.iter().map(|group| (group, true))).unwrap()
}

#[test]
fn what_agrees_is_invoiced() {
    assert_eq!(verdict(ours(&office()), bill(&office())), (vec![], 3));
    assert_eq!(verdict(vec![], vec![]), (vec![], 0));
}

#[test]
fn one_side_without_the_other_is_not_invoiced() {
    let (expected, mut lines) = (ours(&office()), bill(&office()));
    lines.remove(1);
    assert_eq!(verdict(expected.clone(), lines), (vec![Kind::Missing], 2));
    assert_eq!(verdict(expected[..2].to_vec(), bill(&office())), (vec![Kind::Unexpected], 2));
    let mut foreign = bill(&office());
    foreign[0].provider_subscription_id = "sub-unknown".to_owned();
    assert_eq!(verdict(expected, foreign), (vec![Kind::Missing, Kind::Unexpected], 2));
}

#[test]
fn another_kind_or_day_is_another_charge() {
    let mut lines = bill(&office());
    lines[1].charge = ProviderCharge::Cycle;
    lines[2].from = day("2026-10-23");
    let (kinds, invoiced) = verdict(ours(&office()), lines);
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Missing).count(), 2);
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Unexpected).count(), 2);
    assert_eq!(invoiced, 1);
}

#[test]
fn several_changes_of_a_day_are_compared_by_their_sums() {
    let told = started("2026-10-03", 5, OFFICE).seats("2026-10-10", 5, 8).seats("2026-10-10", 8, 12);
    let mut lines = bill(&told);
    let second = lines.pop().unwrap();
    let both = &mut lines[1];
    both.quantity += second.quantity;
    both.amount = both.amount.plus(second.amount).unwrap();
    assert_eq!(verdict(ours(&told), lines), (vec![], 3));
}

#[test]
fn one_minor_unit_is_rounding_and_two_are_a_discrepancy() {
    let with = |amount: &str| {
        let mut lines = bill(&office());
        lines[1].amount = eur(amount);
        verdict(ours(&office()), lines)
    };
    assert_eq!(with("101.62"), (vec![], 3));
    assert_eq!(with("101.60"), (vec![], 3));
    assert_eq!(with("101.63"), (vec![Kind::Amount], 3), "invoiced all the same, with our numbers");
    assert_eq!(with("101.59"), (vec![Kind::Amount], 3));
}

#[test]
fn another_quantity_or_currency_is_a_discrepancy() {
    let mut lines = bill(&office());
    lines[1].quantity = 14;
    assert_eq!(verdict(ours(&office()), lines), (vec![Kind::Quantity], 3));
    let mut lines = bill(&office());
    lines[1].amount = money("101.61", Currency::USD);
    let groups = paired(ours(&office()), lines);
    let group = groups.iter().find(|group| group.discrepancy().unwrap().is_some()).unwrap();
    assert_eq!((group.discrepancy(), group.difference()), (Ok(Some(Kind::Amount)), Ok(Some(eur("101.61")))));
}

#[test]
fn a_credit_that_no_change_explains_is_one_and_stands_alone() {
    let credit = |id: &str, quantity, from: &str, amount: &str| ProviderLine {
        line_id: id.to_owned(),
        charge: ProviderCharge::Credit,
        quantity,
        from: day(from),
        amount: eur(amount),
        ..bill(&office()).remove(0)
    };
    let mut lines = bill(&office());
    lines.push(credit("good", -1, "2026-10-03", "-5.00"));
    lines.push(credit("will", -1, "2026-10-03", "-6.00"));
    assert_eq!(verdict(ours(&office()), lines), (vec![Kind::Credit, Kind::Credit], 3));
    let mut explained = bill(&office());
    explained[2] = credit("seats", -3, "2026-10-22", "-16.26");
    assert_eq!(verdict(ours(&office()), explained.clone()), (vec![], 3), "the provider calls a change a credit");
    explained[2].quantity = -2;
    assert_eq!(verdict(ours(&office()), explained), (vec![Kind::Missing, Kind::Credit], 2));
    let mut twice = bill(&office());
    twice.push(credit("again", -3, "2026-10-22", "-16.26"));
    assert_eq!(verdict(ours(&office()), twice), (vec![Kind::Credit], 3), "the change has its line already");
}

#[test]
fn what_has_been_invoiced_explains_its_line_and_is_not_invoiced_again() {
    let mut expected = ours(&office());
    expected[0].invoiced = true;
    let groups = paired(expected, bill(&office()));
    assert!(groups.iter().all(|group| group.discrepancy() == Ok(None)));
    assert_eq!(groups.iter().flat_map(Group::to_invoice).count(), 2);
    let costs: Vec<Option<Money>> = groups.iter().map(|group| group.expected_cost().unwrap()).collect();
    assert_eq!(costs, [None, Some(eur("101.61")), Some(eur("-16.26"))]);
}

/// The first line of 14.00 for each of so many seats, which the provider bills with so much more.
fn off_by(seats: u32, more: &str) -> Vec<Group> {
    let told = started("2026-10-03", seats, OFFICE);
    let mut lines = bill(&told);
    lines[0].amount = lines[0].amount.plus(eur(more)).unwrap();
    paired(ours(&told), lines)
}

#[test]
fn an_invoice_waits_above_five_percent_and_above_ten() {
    assert!(!draft(&off_by(25, "17.50")), "five percent of 350.00");
    assert!(draft(&off_by(25, "17.51")));
    assert!(draft(&off_by(25, "-17.51")), "either way");
    assert!(!draft(&off_by(5, "10.00")), "more than five percent of 70.00, but no more than ten");
    assert!(draft(&off_by(5, "10.01")));
    let open = off_by(25, "17.51");
    assert_eq!(keeps_draft(open.iter().map(|group| (group, false))), Ok(false), "resolved");
}

#[test]
fn five_percent_are_not_rounded() {
    let dearer = |more: &str| {
        let told = started("2026-10-03", 30, ("17.50", None, "14.01"));
        let mut lines = bill(&told);
        lines[0].amount = lines[0].amount.plus(eur(more)).unwrap();
        paired(ours(&told), lines)
    };
    assert!(!draft(&dearer("21.01")), "five percent of 420.30 are 21.015");
    assert!(draft(&dearer("21.02")));
}

#[test]
fn small_differences_add_up_and_do_not_cancel_out() {
    let both = |more: &str, less: &str| -> Vec<Group> { [off_by(10, more), off_by(10, less)].concat() };
    assert!(!draft(&both("7.00", "-7.00")), "14.00 of 280.00 is five percent");
    assert!(draft(&both("7.01", "-7.00")));
}

#[test]
fn only_differing_quantities_and_amounts_hold_an_invoice_back() {
    let mut lines = bill(&office());
    lines.remove(0);
    assert!(!draft(&paired(ours(&office()), lines)), "what is missing is not invoiced anyway");
    assert!(!draft(&paired(vec![], bill(&office()))));
    let mut lines = bill(&office());
    lines[0].quantity = 20;
    lines[0].amount = eur("280.00");
    assert!(draft(&paired(ours(&office()), lines)));
}

#[test]
fn currencies_of_cost_count_apart() {
    let dollars = |groups: Vec<Group>| {
        let mut groups = groups;
        for group in &mut groups {
            for ours in &mut group.ours {
                ours.charge.prices.unit_cost = money("1.00", Currency::USD);
            }
            for theirs in &mut group.theirs {
                theirs.amount = money("36.00", Currency::USD);
            }
        }
        groups
    };
    let euros = off_by(1_000, "0.00");
    let mixed: Vec<Group> = euros.into_iter().chain(dollars(off_by(25, "0.00"))).collect();
    assert!(draft(&mixed), "11.00 of 25.00 USD, however many euros agree");
}
