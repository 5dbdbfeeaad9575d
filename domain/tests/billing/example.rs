//! October 2026 of a direct customer, to the cent: its period invoice, November's renewals, and a prepaid order.

use domain::billing::credit::{Creditable, CreditableLine, Wanted};
use domain::billing::matching::{Expected, keeps_draft, paired};
use domain::billing::{Charge, ChargeKind, InvoiceLine, LineTerms, Prices, Route, minus, sum};
use domain::service::{BillingCycle, Term};
use domain::{Currency, Money};
use uuid::Uuid;

use crate::subscribed::*;

const DIRECT: LineTerms<'_> = plain(Route::Own);
/// A margin of 15 percent on 8.43, rounded to six digits.
const MAIL_GUARD: Seat<'_> = ("9.917647", None, "8.43");
const ARCHIVE: Seat<'_> = ("150.00", None, "120.00");

/// Office Business, Archive and Mail Guard, in the order of the invoice.
fn monat() -> [Told; 3] {
    [
        started("2026-10-03", 25, OFFICE).seats("2026-10-19", 25, 40).seats("2026-10-22", 40, 37),
        started_for("2026-10-15", 10, ARCHIVE, (Term::Year, BillingCycle::Year)).cancelled("2026-10-18"),
        started("2026-10-20", 7, MAIL_GUARD),
    ]
}

fn lines_of(subscriptions: &[Told], month: &str) -> Vec<InvoiceLine> {
    subscriptions.iter().flat_map(|told| told.lines_in(month, &DIRECT)).collect()
}

fn costs(lines: &[InvoiceLine]) -> Vec<String> {
    lines.iter().map(|line| line.cost.amount().to_string()).collect()
}

#[test]
fn each_line_is_to_the_day_and_to_the_cent() {
    let shown: Vec<String> = monat().iter().flat_map(|told| told.shown_in("2026-10")).collect();
    let expected = [
        "new 2026-10-03 2026-11-03 25 31/31",
        "increase 2026-10-19 2026-11-03 15 15/31",
        "decrease 2026-10-22 2026-11-03 -3 12/31",
        "new 2026-10-15 2027-10-15 10 365/365",
        "cancel 2026-10-18 2027-10-15 -10 362/365",
        "new 2026-10-20 2026-11-20 7 31/31",
    ];
    assert_eq!(shown, expected);
    let lines = lines_of(&monat(), "2026-10");
    assert_eq!(amounts(&lines), ["437.50", "127.02", "-20.32", "1500.00", "-1487.67", "69.42"]);
    assert_eq!(costs(&lines), ["350.00", "101.61", "-16.26", "1200.00", "-1190.14", "59.01"]);
    let prices: Vec<String> = lines.iter().map(|line| line.unit_price.amount().to_string()).collect();
    assert_eq!(prices, ["17.50", "17.50", "17.50", "150.00", "150.00", "9.917647"]);
    assert!(lines.iter().all(|line| line.discount == eur("0.00") && line.commission.is_none()));
    assert!(lines.iter().all(|line| line.reseller_amount.is_none() && line.end_customer_id.is_none()));
}

#[test]
fn the_invoice_adds_up() {
    let lines = lines_of(&monat(), "2026-10");
    assert_eq!(sums(&lines, &german()), ["625.95", "118.93", "744.88"]);
    let cost = sum(Currency::EUR, lines.iter().map(|line| line.cost)).unwrap();
    assert_eq!((cost, minus(eur("625.95"), cost).unwrap()), (eur("504.22"), eur("121.73")));
    let october = period("2026-10");
    assert_eq!((october.end(), october.last_day()), (day("2026-11-01"), day("2026-10-31")));
}

#[test]
fn the_providers_bill_of_that_month_agrees() {
    let expected: Vec<Expected> = monat().iter().enumerate().flat_map(|(n, told)| expected_of(n, told)).collect();
    let bill = expected.iter().map(|ours| {
        let line = billed(&ours.charge);
        domain::billing::ProviderLine { provider_subscription_id: ours.provider_subscription_id.clone(), ..line }
    });
    let groups = paired(expected.clone(), bill.collect());
    assert!(groups.iter().all(|group| group.discrepancy() == Ok(None)));
    assert_eq!(groups.iter().flat_map(|group| group.to_invoice()).count(), 6);
    assert_eq!(keeps_draft(groups.iter().map(|group| (group, true))), Ok(false));
}

fn expected_of(n: usize, told: &Told) -> Vec<Expected> {
    let expected = |charge| Expected { provider_subscription_id: format!("sub-{n}"), charge, invoiced: false };
    told.charges_in("2026-10").into_iter().map(expected).collect()
}

#[test]
fn november_brings_the_renewals_at_their_new_prices() {
    let [office, archive, mail] = monat();
    let office = office.renewed("2026-11-03", 37, ("18.75", None, "15.00"));
    let mail = mail.renewed("2026-11-20", 7, MAIL_GUARD);
    assert_eq!(office.shown_in("2026-11"), ["renew 2026-11-03 2026-12-03 37 30/30"]);
    assert_eq!(mail.shown_in("2026-11"), ["renew 2026-11-20 2026-12-20 7 30/30"]);
    assert_eq!(amounts(&lines_of(&[office, archive, mail], "2026-11")), ["693.75", "69.42"]);
}

#[test]
fn a_seat_price_rounded_to_cents_would_make_another_line() {
    let rounded = started("2026-10-20", 7, ("9.92", None, "8.43"));
    assert_eq!(amounts(&rounded.lines_in("2026-10", &DIRECT)), ["69.44"]);
}

/// Four seats of Office Business and two of Archive, paid before they exist.
fn prepaid_lines() -> Vec<InvoiceLine> {
    let subject = started("2026-10-05", 4, OFFICE).history().subject;
    let prices = |seat: Seat<'_>| Prices {
        unit_price: price(seat.0),
        reseller_unit_price: None,
        unit_cost: eur(seat.2),
        discountable: true,
    };
    let charge = |id, cycle, quantity, seat| {
        Charge::prepaid(Uuid::from_u128(id), day("2026-10-05"), cycle, quantity, prices(seat)).unwrap()
    };
    let charges = [charge(1, BillingCycle::Month, 4, OFFICE), charge(2, BillingCycle::Year, 2, ARCHIVE)];
    (1..).zip(&charges).map(|(n, charge)| InvoiceLine::new(n, &subject, charge, &DIRECT).unwrap()).collect()
}

#[test]
fn a_prepaid_order_is_charged_whole_and_what_was_rejected_is_credited() {
    let lines = prepaid_lines();
    assert_eq!(sums(&lines, &german()), ["370.00", "70.30", "440.30"]);
    assert_eq!((lines[0].to, lines[1].to), (day("2026-11-05"), day("2027-10-05")));
    let left: Vec<CreditableLine> =
        lines.iter().map(|line| CreditableLine { line: line.line, left: line.amount }).collect();
    let invoice = Creditable { lines: &left, tax_left: eur("70.30"), treatment: &german() };
    let credit = invoice.credit(&Wanted::Lines(vec![(2, eur("300.00"))])).unwrap();
    assert_eq!((credit.net, credit.taxes[0].amount, credit.total), (eur("300.00"), eur("57.00"), eur("357.00")));
}

#[test]
fn the_period_run_does_not_bill_a_prepaid_cycle_again() {
    let office = started("2026-10-05", 4, OFFICE).renewed("2026-11-05", 4, ("18.75", None, "15.00"));
    let october = office.charges_in("2026-10");
    let paid = |charge: &Charge| charge.key.kind == ChargeKind::New;
    let expected = october.iter().map(|charge| Expected {
        provider_subscription_id: "sub-1".to_owned(),
        charge: *charge,
        invoiced: paid(charge),
    });
    let groups = paired(expected.collect(), october.iter().map(billed).collect());
    assert_eq!((groups.len(), groups[0].discrepancy()), (1, Ok(None)));
    assert_eq!(groups[0].to_invoice().count(), 0);
    assert_eq!(groups[0].expected_cost(), Ok(None::<Money>));
    assert_eq!(amounts(&office.lines_in("2026-11", &DIRECT)), ["75.00"]);
}
