//! Whatever the numbers: parts add up, nothing is lost, and what does not fit is refused instead of breaking.

use domain::billing::allocate::split;
use domain::billing::commission::Earned;
use domain::billing::credit::{Creditable, CreditableLine, Wanted};
use domain::billing::{
    Charge, Document, EndCustomer, History, InvoiceLine, LineTerms, Period, Prices, Route, Totals, minor_units, minus,
    sum,
};
use domain::customer::CommissionScheme;
use domain::money::decimals;
use domain::service::{BillingCycle, Term};
use domain::{Currency, Money, Refusal, UnitPrice};
use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::numbers::*;
use crate::subscribed::*;

/// Seats after each change, and the day of the term it happens on.
fn any_changes() -> impl Strategy<Value = Vec<(u32, u64)>> {
    vec((prop_oneof![1u32..200, 1u32..=100_000], 0u64..365), 0..6).prop_map(|mut changes| {
        changes.sort_by_key(|(_, day)| *day);
        changes
    })
}

/// A year billed by the month, with changes; maybe cancelled on a later day.
fn told(start: u64, seats: u32, changes: &[(u32, u64)], cancelled: Option<u64>) -> Told {
    let first = day("2026-01-01") + chrono::Days::new(start);
    let on = |offset: u64| (first + chrono::Days::new(offset)).to_string();
    let start = started_for(&first.to_string(), seats, OFFICE, (Term::Year, BillingCycle::Month));
    let mut now = seats;
    let told = changes.iter().fold(start, |told, (to, offset)| {
        let from = std::mem::replace(&mut now, *to);
        told.seats(&on(*offset), from, *to)
    });
    match cancelled {
        Some(offset) => told.cancelled(&on(offset)),
        None => told,
    }
}

fn all_charges(told: &Told) -> Vec<Charge> {
    History::of(&told.events).unwrap().charges_through(period("2029-12"))
}

/// Seats on each day of the term's first year, told without any arithmetic of bills.
fn seats_by_day(seats: u32, changes: &[(u32, u64)], cancelled: Option<u64>, days: u64) -> Vec<i64> {
    let on = |offset: u64| changes.iter().rfind(|(_, day)| *day <= offset).map_or(seats, |(to, _)| *to);
    let lives = |offset: u64| cancelled.is_none_or(|day| offset < day);
    (0..days).map(|offset| if lives(offset) { i64::from(on(offset)) } else { 0 }).collect()
}

/// The exact value less the rounded one, times `scale`: at most half a minor unit.
fn is_nearest(rounded: Money, numerator: i128, divisor: i128) -> bool {
    let twice = minor_units(rounded).unwrap() * divisor * 2 - numerator * 2;
    twice.abs() <= divisor
}

/// `10^(digits of the currency)`.
fn power(currency: Currency) -> i128 {
    10i128.pow(decimals(currency))
}

fn millionths(price: UnitPrice) -> i128 {
    let amount = price.amount();
    amount.mantissa() * 10i128.pow(6 - amount.scale())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn a_line_is_the_exact_product_rounded_once(charge in any_charge(), discount in any_percent()) {
        let terms = LineTerms { route: Route::Own, discount_percent: discount, commission: None, end_customer: None };
        let line = line(&charge, &terms).unwrap();
        let currency = line.currency();
        let off = if charge.prices.discountable { discount } else { Decimal::ZERO };
        let left = ((Decimal::ONE_HUNDRED - off) * Decimal::from(10_000)).trunc().mantissa();
        let seat_days = i128::from(charge.quantity) * i128::from(charge.factor.days());
        let per_cycle = millionths(charge.prices.unit_price) * seat_days;
        let divisor = 1_000_000 * i128::from(charge.factor.of());
        prop_assert!(is_nearest(line.amount.plus(line.discount).unwrap(), per_cycle * power(currency), divisor));
        prop_assert!(is_nearest(line.amount, per_cycle * left * power(currency), divisor * 1_000_000));
        let sign = minor_units(line.amount).unwrap().signum();
        prop_assert!(sign == 0 || sign == i128::from(charge.quantity.signum()));
    }

    #[test]
    fn sellers_part_and_commission_are_the_net(
        charge in any_charge(),
        discount in any_percent(),
        commission in any_commission(),
    ) {
        let terms = LineTerms { route: AGENCY, discount_percent: discount, commission: Some(&commission), end_customer: None };
        let agency = line(&charge, &terms).unwrap();
        let earned = agency.commission.unwrap_or(Money::zero(agency.currency()));
        let kept = minus(agency.amount, earned).unwrap();
        prop_assert_eq!(kept.plus(earned).unwrap(), agency.amount);
        if let (CommissionScheme::Difference, Some(at_reseller_price)) = (commission.scheme, agency.reseller_amount) {
            prop_assert_eq!(kept, at_reseller_price);
            let resale = line(&charge, &LineTerms { route: RESALE, ..terms });
            prop_assert_eq!(resale.unwrap().amount, at_reseller_price, "resale bills what agency keeps");
        }
    }

    #[test]
    fn parts_add_up_and_each_is_within_one_unit(
        total in -1_000_000_000_000i64..1_000_000_000_000,
        weights in vec(0i64..1_000_000_000, 1..12),
        currency in any_currency(),
    ) {
        let weights: Vec<Money> = weights.into_iter().map(|weight| units(weight.into(), currency)).collect();
        let parts = split(units(total.into(), currency), &weights).unwrap();
        prop_assert_eq!(minor_units(sum(currency, parts.iter().copied()).unwrap()).unwrap(), i128::from(total));
        let whole: i128 = weights.iter().map(|weight| minor_units(*weight).unwrap()).sum();
        for (part, weight) in parts.iter().zip(&weights) {
            let exact = i128::from(total) * minor_units(*weight).unwrap();
            let off = minor_units(*part).unwrap() * whole - exact;
            prop_assert!(whole == 0 || off.abs() < whole);
        }
    }

    #[test]
    fn commission_of_a_line_goes_back_whole_in_any_steps(
        commission in -1_000_000i64..1_000_000,
        steps in vec(1i64..1_000_000, 1..8),
        currency in any_currency(),
    ) {
        let net = units(steps.iter().map(|step| i128::from(*step)).sum(), currency);
        let (commission, credited) = (units(commission.into(), currency), Money::zero(currency));
        let mut earned = Earned { commission, net, credited };
        let mut back = Money::zero(currency);
        for step in steps {
            let step = units(step.into(), currency);
            let left = earned.reversed_fully().unwrap();
            prop_assert_eq!(back.plus(left).unwrap(), earned.commission);
            back = back.plus(earned.reversed_by(step).unwrap()).unwrap();
            earned.credited = earned.credited.plus(step).unwrap();
        }
        prop_assert_eq!(back, earned.commission);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn lines_sum_to_net_and_net_and_tax_to_the_total(
        charges in vec(any_charge(), 1..6),
        discount in any_percent(),
        treatment in any_treatment(),
    ) {
        let currency = charges[0].prices.unit_price.currency();
        let terms = LineTerms { route: Route::Own, discount_percent: discount, commission: None, end_customer: None };
        let of_currency = charges.iter().filter(|charge| charge.prices.unit_price.currency() == currency);
        let lines: Vec<InvoiceLine> = of_currency.map(|charge| line(charge, &terms).unwrap()).collect();
        let totals = Totals::of(currency, &lines, &treatment).unwrap();
        let net = sum(currency, lines.iter().map(|line| line.amount)).unwrap();
        prop_assert_eq!(totals.net, net);
        prop_assert_eq!(minus(totals.charges, totals.discounts).unwrap(), net);
        let taxes = sum(currency, totals.taxes.iter().map(|tax| tax.amount)).unwrap();
        prop_assert_eq!(net.plus(taxes).unwrap(), totals.total);
        prop_assert_eq!(totals.taxes[0].base, net);
        let (negative, total) = (totals.total.amount().is_sign_negative(), totals.total);
        match totals.document().unwrap() {
            Document::Invoice(invoice) => prop_assert!(!negative && invoice.total == total),
            Document::CreditNote(note) => {
                prop_assert!(negative && note.total == domain::billing::negated(total).unwrap());
                prop_assert_eq!(minus(note.total, note.net).unwrap(), note.taxes[0].amount);
            }
        }
    }
}

/// The cycles of a year that starts on `first`.
fn cycles(first: chrono::NaiveDate) -> Vec<std::ops::Range<chrono::NaiveDate>> {
    domain::dates::cycles(first, domain::dates::add_months(first, 12), 1).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn a_cycle_split_by_changes_is_what_its_days_had(
        start in 0u64..800,
        seats in 1u32..=100_000,
        changes in any_changes(),
        cancelled in prop::option::of(0u64..365),
        price in any_currency().prop_flat_map(any_unit_price),
    ) {
        let in_time = |(_, on): &(u32, u64)| cancelled.is_none_or(|day| *on <= day);
        let changes: Vec<(u32, u64)> = changes.into_iter().filter(in_time).collect();
        let mut told = told(start, seats, &changes, cancelled);
        told.start().unit_price = price;
        let first = day("2026-01-01") + chrono::Days::new(start);
        let by_day = seats_by_day(seats, &changes, cancelled, 366);
        let charges = all_charges(&told);
        for cycle in cycles(first) {
            let of_cycle: Vec<&Charge> = charges.iter().filter(|charge| cycle.contains(&charge.key.from)).collect();
            let offset = |on: chrono::NaiveDate| usize::try_from(domain::dates::days(first, on)).unwrap();
            let expected: i64 = by_day[offset(cycle.start)..offset(cycle.end)].iter().sum();
            let charged: i64 = of_cycle.iter().map(|charge| charge.quantity * i64::from(charge.factor.days())).sum();
            prop_assert_eq!(charged, expected);
            let days = domain::dates::days(cycle.start, cycle.end);
            prop_assert!(of_cycle.iter().all(|charge| i64::from(charge.factor.of()) == days && charge.to == cycle.end));
            let of_line = |charge: &&Charge| minor_units(line(charge, &plain(Route::Own)).unwrap().amount).unwrap();
            let billed = of_cycle.iter().map(of_line).sum::<i128>() * i128::from(days) * 1_000_000;
            let off = billed - millionths(price) * i128::from(expected) * power(price.currency());
            let lines = i128::try_from(of_cycle.len()).unwrap();
            prop_assert!(off.abs() <= i128::from(days) * 1_000_000 * lines, "a minor unit per line");
        }
    }

    #[test]
    fn credits_by_gross_amounts_add_up_and_use_up_the_invoice(
        nets in vec(1i64..10_000_000, 1..6),
        shares in vec(1i64..1_000, 0..4),
        treatment in any_treatment(),
        currency in any_currency(),
    ) {
        let nets: Vec<Money> = nets.into_iter().map(|net| units(net.into(), currency)).collect();
        let (_, tax, net) = domain::tax::taxes(&treatment, &nets).unwrap();
        let line = |(line, net): (u32, &Money)| CreditableLine { line, left: *net };
        let mut lines: Vec<CreditableLine> = (1..).zip(&nets).map(line).collect();
        let (mut tax_left, mut credited) = (tax, Money::zero(currency));
        let steps = shares.into_iter().map(Some).chain([None]);
        for share in steps {
            let left = Creditable { lines: &lines, tax_left, treatment: &treatment }.left().unwrap();
            let gross = match share {
                Some(share) => units((minor_units(left).unwrap() * i128::from(share) / 1_000).max(1), currency),
                None => left,
            };
            if minor_units(gross).unwrap() == 0 || gross.amount() > left.amount() {
                continue;
            }
            let invoice = Creditable { lines: &lines, tax_left, treatment: &treatment };
            let credit = invoice.credit(&Wanted::Gross(gross)).unwrap();
            prop_assert_eq!(credit.total, gross);
            prop_assert_eq!(credit.net.plus(credit.taxes[0].amount).unwrap(), gross);
            prop_assert_eq!(sum(currency, credit.lines.iter().map(|(_, net)| *net)).unwrap(), credit.net);
            for (line, net) in &credit.lines {
                let known = lines.iter_mut().find(|known| known.line == *line).unwrap();
                known.left = minus(known.left, *net).unwrap();
                prop_assert!(!known.left.amount().is_sign_negative());
            }
            tax_left = minus(tax_left, credit.taxes[0].amount).unwrap();
            prop_assert!(!tax_left.amount().is_sign_negative());
            credited = credited.plus(credit.total).unwrap();
        }
        prop_assert_eq!(credited, net.plus(tax).unwrap());
    }

    #[test]
    fn nothing_breaks_whatever_the_numbers(
        parts in (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>(), 0u32..=28), quantity in any::<i64>(),
        days in 1u32..=u32::MAX, of in 1u32..=u32::MAX, discount in any_percent(), currency in any_currency(),
    ) {
        let amount = Decimal::from_parts(parts.0, parts.1, parts.2, parts.3, parts.4);
        let price = UnitPrice::rounded(amount, currency);
        let unit_cost = Money::rounded(amount, currency);
        let prices = Prices { unit_price: price, reseller_unit_price: Some(price), unit_cost, discountable: true };
        let whole = Charge::prepaid(Uuid::nil(), day("2026-10-03"), BillingCycle::Year, 1, prices).unwrap();
        let charge = Charge { quantity, factor: domain::billing::DayFactor::new(days, of).unwrap(), ..whole };
        let commission = percent("12");
        let end_customer = Some(EndCustomer { name: "Acker", discount_percent: discount });
        for route in [Route::Own, AGENCY, RESALE] {
            let terms = LineTerms { route, discount_percent: discount, commission: Some(&commission), end_customer };
            match line(&charge, &terms) {
                Ok(line) => {
                    let totals = Totals::of(currency, std::slice::from_ref(&line), &german());
                    prop_assert!(totals.is_ok() || totals == Err(Refusal::AmountOverflow));
                    let parts = split(line.amount, &[line.cost, line.amount]);
                    prop_assert!(matches!(parts, Ok(_) | Err(Refusal::AmountOverflow)));
                }
                Err(refusal) => prop_assert_eq!(refusal, Refusal::AmountOverflow),
            }
        }
    }
}

proptest! {
    // Each case bills four years, month by month.
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn every_charge_is_in_one_period_and_has_a_name_of_its_own(
        start in 0u64..800,
        seats in 1u32..=1_000,
        changes in any_changes(),
    ) {
        let told = told(start, seats, &changes, None);
        let all = all_charges(&told);
        let history = told.history();
        let periods = std::iter::successors(Some(period("2026-01")), |period| Some(period.next()));
        let one_by_one: Vec<Charge> = periods.take(48).flat_map(|period: Period| history.charges_in(period)).collect();
        prop_assert_eq!(&one_by_one, &all);
        let names: std::collections::BTreeSet<_> = all.iter().map(|charge| charge.key).collect();
        prop_assert_eq!(names.len(), all.len());
    }
}
