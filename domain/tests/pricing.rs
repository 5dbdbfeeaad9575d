//! The prices that price rules make.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::NaiveDate;
use domain::price_rule::{Author, Formula, PriceRule, Scope};
use domain::pricing::{AppliedRate, Buyer, Quote, Rates, RuleBook, price, scopes};
use domain::service::{BillingCycle, Offer, Service, ServiceStatus, Term};
use domain::{Currency, Money, Refusal};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

const CUSTOMER: Uuid = Uuid::from_u128(1);
const RESELLER: Uuid = Uuid::from_u128(2);
const SERVICE: Uuid = Uuid::from_u128(3);
const DIRECT: Buyer = Buyer { customer_id: CUSTOMER, reseller_id: None, currency: Currency::EUR };
const END_CUSTOMER: Buyer = Buyer { reseller_id: Some(RESELLER), ..DIRECT };
const ITSELF: Buyer = Buyer { customer_id: RESELLER, ..DIRECT };
const SELLER: Scope = Scope { author: Author::Seller, customer_id: None, reseller_id: None, service_id: None };
const RESELLERS: Scope = Scope { author: Author::Reseller(RESELLER), ..SELLER };

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn euro(amount: &str) -> Money {
    Money::rounded(decimal(amount), Currency::EUR)
}

fn service(unit_cost: Money, list_price: Money) -> Service {
    let offer = Offer {
        name: "Office Basic".to_owned(),
        description: "Documents".to_owned(),
        publisher: "Example".to_owned(),
        term: Term::Month,
        billing_cycle: BillingCycle::Month,
        min_quantity: 1,
        max_quantity: 300,
        cancellation_window_hours: Some(168),
        features: vec![],
    };
    Service {
        id: SERVICE,
        provider: "ccp".to_owned(),
        sku: "OB".to_owned(),
        offer,
        list_price,
        unit_cost,
        status: ServiceStatus::Active,
    }
}

fn office() -> Service {
    service(euro("14.00"), euro("20.00"))
}

fn markup(percent: &str) -> Formula {
    Formula::MarkupOnCost { percent: decimal(percent) }
}

fn margin(percent: &str) -> Formula {
    Formula::Margin { percent: decimal(percent) }
}

fn discount(percent: &str) -> Formula {
    Formula::DiscountOnList { percent: decimal(percent) }
}

fn fixed(amount: &str) -> Formula {
    Formula::Fixed { price: euro(amount) }
}

fn rule(scope: Scope, formula: Formula) -> PriceRule {
    PriceRule { rule_id: Uuid::from_u128(9), scope, formula, effective_from: day("2026-10-01") }
}

fn for_customer(scope: Scope, customer: Uuid) -> Scope {
    Scope { customer_id: Some(customer), ..scope }
}

fn for_service(scope: Scope) -> Scope {
    Scope { service_id: Some(SERVICE), ..scope }
}

fn quote(rules: &[PriceRule], service: &Service, buyer: &Buyer) -> Option<Quote> {
    price(&rules.iter().cloned().collect(), service, buyer, day("2026-10-12")).unwrap()
}

/// The price, and the reseller's, as shown.
fn shown(rules: &[PriceRule], service: &Service, buyer: &Buyer) -> (String, Option<String>) {
    let quote = quote(rules, service, buyer).expect("a price");
    (quote.unit_price.amount().to_string(), quote.reseller_unit_price.map(|price| price.amount().to_string()))
}

fn alone(price: &str) -> (String, Option<String>) {
    (price.to_owned(), None)
}

fn both(price: &str, reseller: &str) -> (String, Option<String>) {
    (price.to_owned(), Some(reseller.to_owned()))
}

#[test]
fn the_prices_of_the_worked_example() {
    let rules = [
        rule(SELLER, markup("25")),
        rule(for_customer(SELLER, RESELLER), markup("15")),
        rule(for_customer(RESELLERS, CUSTOMER), discount("5")),
    ];
    assert_eq!(shown(&rules, &office(), &DIRECT), alone("17.50"));
    assert_eq!(shown(&rules, &service(euro("120.00"), euro("160.00")), &DIRECT), alone("150.00"));
    let with_margin = [rule(SELLER, markup("25")), rule(for_service(SELLER), margin("15"))];
    assert_eq!(shown(&with_margin, &service(euro("8.43"), euro("11.00")), &DIRECT), alone("9.917647"));
    assert_eq!(shown(&rules, &office(), &END_CUSTOMER), both("19.00", "16.10"));
    assert_eq!(shown(&rules, &office(), &ITSELF), alone("16.10"));
}

#[test]
fn without_rules_the_list_price_holds() {
    assert_eq!(shown(&[], &office(), &DIRECT), alone("20.00"));
    assert_eq!(shown(&[], &office(), &END_CUSTOMER), both("20.00", "20.00"));
    let quote = quote(&[], &office(), &DIRECT).unwrap();
    assert!(quote.discountable);
    assert_eq!(quote.unit_cost, euro("14.00"));
}

/// For whom each level speaks, the strongest first; each is tried with all weaker ones present.
#[test]
fn the_most_particular_level_wins() {
    let reseller = Scope { reseller_id: Some(RESELLER), ..SELLER };
    let levels = [
        for_service(for_customer(RESELLERS, CUSTOMER)),
        for_customer(RESELLERS, CUSTOMER),
        for_service(RESELLERS),
        RESELLERS,
        for_service(for_customer(SELLER, CUSTOMER)),
        for_customer(SELLER, CUSTOMER),
        for_service(reseller),
        reseller,
        for_service(SELLER),
        SELLER,
    ];
    // The reseller price is fixed low, so that no result is raised to it.
    let low = rule(for_service(for_customer(SELLER, RESELLER)), fixed("1.00"));
    let rules: Vec<_> = (1i64..).zip(levels).map(|(n, scope)| rule(scope, fixed(&format!("{}", 10 + n)))).collect();
    for strongest in 0..levels.len() {
        let weaker = [&rules[strongest..], std::slice::from_ref(&low)].concat();
        let expected = format!("{}.00", 11 + strongest);
        assert_eq!(shown(&weaker, &office(), &END_CUSTOMER), both(&expected, "1.00"), "level {strongest}");
    }
    assert_eq!(shown(&rules[..4], &office(), &DIRECT), alone("20.00"), "a reseller's rules are for its customers");
    assert_eq!(shown(&rules[6..8], &office(), &ITSELF), alone("20.00"), "nor is a reseller its own customer");
}

#[test]
fn the_latest_rule_in_force_wins_within_a_level() {
    let from =
        |id, formula, on| PriceRule { rule_id: Uuid::from_u128(id), effective_from: day(on), ..rule(SELLER, formula) };
    let rules =
        [from(1, fixed("11"), "2026-10-12"), from(2, fixed("12"), "2026-10-13"), from(3, fixed("10"), "2026-10-11")];
    assert_eq!(shown(&rules, &office(), &DIRECT), alone("11.00"));
    assert_eq!(shown(&rules[1..2], &office(), &DIRECT), alone("20.00"));
}

#[test]
fn a_reseller_marks_up_its_own_price_and_never_sells_below_it() {
    let base = rule(for_customer(SELLER, RESELLER), markup("15"));
    let price = |formula| shown(&[base.clone(), rule(RESELLERS, formula)], &office(), &END_CUSTOMER);
    assert_eq!(price(markup("10")), both("17.71", "16.10"));
    assert_eq!(price(discount("90")), both("16.10", "16.10"));
    assert_eq!(price(fixed("5")), both("16.10", "16.10"));
    let sellers = [base.clone(), rule(for_customer(SELLER, CUSTOMER), fixed("15"))];
    assert_eq!(shown(&sellers, &office(), &END_CUSTOMER), both("15.00", "16.10"), "the seller may");
    assert!(!quote(&sellers, &office(), &END_CUSTOMER).unwrap().discountable);
}

#[test]
fn another_currency_needs_a_fixed_price_or_a_rate() {
    let dollars = Buyer { currency: Currency::USD, ..DIRECT };
    let rules = [rule(SELLER, markup("25"))];
    assert_eq!(quote(&rules, &office(), &dollars), None);
    assert_eq!(quote(&rules, &office(), &Buyer { currency: Currency::USD, ..END_CUSTOMER }), None);

    let usd = Money::rounded(decimal("18"), Currency::USD);
    let with_fixed = [rule(SELLER, markup("25")), rule(for_service(SELLER), Formula::Fixed { price: usd })];
    assert_eq!(shown(&with_fixed, &office(), &dollars), alone("18.00"));
    assert_eq!(shown(&with_fixed, &office(), &DIRECT), alone("17.50"), "a price in dollars says nothing in euros");

    let pair = (Currency::EUR, Currency::USD);
    let rates: Rates = [
        (pair, day("2026-10-01"), decimal("1.0842")),
        (pair, day("2026-10-12"), decimal("1.1")),
        (pair, day("2026-10-13"), decimal("9")),
    ]
    .into_iter()
    .collect();
    let book = RuleBook::new(rules).with_rates(rates);
    let on =
        |on| price(&book, &office(), &dollars, day(on)).unwrap().map(|quote| quote.unit_price.amount().to_string());
    assert_eq!(on("2026-10-11").as_deref(), Some("18.9735"));
    assert_eq!(on("2026-10-12").as_deref(), Some("19.25"));
    assert_eq!(on("2026-09-30"), None);
}

/// Rules that say nothing in the buyer's currency are as if they were not there.
#[test]
fn a_fixed_price_in_the_currency_is_found_behind_what_needs_a_rate() {
    let dollars = |buyer: Buyer| Buyer { currency: Currency::USD, ..buyer };
    let fixed_dollars = Formula::Fixed { price: Money::rounded(decimal("18"), Currency::USD) };
    let rules = [rule(for_customer(SELLER, CUSTOMER), markup("25")), rule(SELLER, fixed_dollars)];
    assert_eq!(shown(&rules, &office(), &dollars(DIRECT)), alone("18.00"));
    assert!(!quote(&rules, &office(), &dollars(DIRECT)).unwrap().discountable);
    assert_eq!(shown(&rules, &office(), &DIRECT), alone("17.50"));

    let resellers = [rules[1].clone(), rule(RESELLERS, discount("5")), rule(for_service(RESELLERS), markup("10"))];
    assert_eq!(shown(&resellers, &office(), &dollars(END_CUSTOMER)), both("19.80", "18.00"));
    assert_eq!(shown(&resellers[..2], &office(), &dollars(END_CUSTOMER)), both("18.00", "18.00"));
}

#[test]
fn a_quote_names_the_rate_it_was_made_with() {
    let dollars = Buyer { currency: Currency::USD, ..DIRECT };
    let day = |rate: &str| [((Currency::EUR, Currency::USD), day("2026-10-01"), decimal(rate))].into_iter().collect();
    let quoted = |rules: &[PriceRule], buyer: &Buyer| {
        let book = RuleBook::new(rules.iter().cloned()).with_rates(day("1.0842"));
        price(&book, &office(), buyer, "2026-10-12".parse().unwrap()).unwrap().unwrap()
    };
    let applied = Some(AppliedRate { base: Currency::EUR, rate: decimal("1.0842") });
    assert_eq!(quoted(&[rule(SELLER, markup("25"))], &dollars).exchange_rate, applied);
    assert_eq!(quoted(&[], &dollars).exchange_rate, applied, "also for the list price");
    assert_eq!(quoted(&[], &DIRECT).exchange_rate, None);
    let fixed = rule(SELLER, Formula::Fixed { price: Money::rounded(decimal("18"), Currency::USD) });
    assert_eq!(quoted(std::slice::from_ref(&fixed), &dollars).exchange_rate, None);
    // The price is fixed, but the reseller's needed the rate.
    let fixed = PriceRule { scope: for_customer(SELLER, CUSTOMER), ..fixed };
    let quote = quoted(&[fixed], &Buyer { currency: Currency::USD, ..END_CUSTOMER });
    assert_eq!(quote.exchange_rate, applied);
    assert_eq!(quote.reseller_unit_price.unwrap().amount().to_string(), "21.684");
}

#[test]
fn what_cannot_be_represented_is_refused() {
    let huge = |money| {
        price(&[rule(SELLER, markup("25"))].into_iter().collect(), &service(money, money), &DIRECT, day("2026-10-12"))
    };
    assert_eq!(huge(Money::rounded(Decimal::MAX, Currency::EUR)), Err(Refusal::AmountOverflow));
    assert_eq!(huge(euro("1000000000000000")), Err(Refusal::AmountOverflow));
    assert!(huge(euro("799999999999999.99")).unwrap().is_some());
}

#[test]
fn scopes_name_every_rule_that_may_matter_once() {
    let other = Uuid::from_u128(4);
    assert_eq!(scopes(&DIRECT, &[SERVICE]).len(), 4);
    assert_eq!(scopes(&DIRECT, &[SERVICE, SERVICE, other]).len(), 6);
    let all = scopes(&END_CUSTOMER, &[SERVICE]);
    assert_eq!(all.len(), 12, "{all:?}");
    assert!(all.contains(&for_service(for_customer(SELLER, RESELLER))));
    assert!(all.contains(&Scope { reseller_id: Some(RESELLER), ..SELLER }));
    assert!(scopes(&DIRECT, &[]).contains(&SELLER));
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>(), 0u32..=28)
        .prop_map(|(lo, mid, hi, negative, scale)| Decimal::from_parts(lo, mid, hi, negative, scale))
}

fn any_formula() -> impl Strategy<Value = Formula> {
    let euros = any_decimal().prop_map(|amount| Formula::Fixed { price: Money::rounded(amount, Currency::EUR) });
    prop_oneof![
        any_decimal().prop_map(|percent| Formula::MarkupOnCost { percent }),
        any_decimal().prop_map(|percent| Formula::Margin { percent }),
        Just(margin("100")),
        any_decimal().prop_map(|percent| Formula::DiscountOnList { percent }),
        Just(Formula::List),
        euros,
    ]
}

fn ordinary_formula() -> impl Strategy<Value = Formula> {
    let percent = |max: i64| (0..=max).prop_map(|basis_points| Decimal::new(basis_points, 2));
    prop_oneof![
        percent(100_000).prop_map(|percent| Formula::MarkupOnCost { percent }),
        percent(9_999).prop_map(|percent| Formula::Margin { percent }),
        percent(10_000).prop_map(|percent| Formula::DiscountOnList { percent }),
        Just(Formula::List),
    ]
}

proptest! {
    #[test]
    fn pricing_never_panics(
        formulas in prop::array::uniform3(any_formula()),
        amounts in prop::array::uniform2(any_decimal()),
        rate in any_decimal(),
        currency in prop::sample::select(vec![Currency::EUR, Currency::JPY, Currency::KWD]),
    ) {
        let scopes = [RESELLERS, for_customer(SELLER, RESELLER), SELLER];
        let rules = scopes.into_iter().zip(formulas).map(|(scope, formula)| rule(scope, formula));
        let rates = [((Currency::EUR, currency), day("2026-10-01"), rate)].into_iter().collect();
        let book = RuleBook::new(rules).with_rates(rates);
        let [cost, list] = amounts.map(|amount| Money::rounded(amount, Currency::EUR));
        for buyer in [DIRECT, END_CUSTOMER, ITSELF] {
            let buyer = Buyer { currency, ..buyer };
            if let Ok(Some(quote)) = price(&book, &service(cost, list), &buyer, day("2026-10-12")) {
                prop_assert!(quote.unit_price.amount().scale() <= 6);
                prop_assert!(quote.unit_price.times(100_000).is_ok());
            }
        }
    }

    #[test]
    fn a_resellers_rules_never_undercut_its_price(
        own in ordinary_formula(),
        sellers in ordinary_formula(),
        cents in prop::array::uniform2(1i64..=1_000_000),
    ) {
        let rules = [rule(RESELLERS, own), rule(SELLER, sellers)];
        let [cost, list] = cents.map(|cents| Money::rounded(Decimal::new(cents, 2), Currency::EUR));
        let quote = quote(&rules, &service(cost, list), &END_CUSTOMER).unwrap();
        let reseller_price = quote.reseller_unit_price.unwrap();
        prop_assert!(quote.unit_price.amount() >= reseller_price.amount());
        let itself = price_for_itself(&rules, &service(cost, list));
        prop_assert_eq!(reseller_price, itself.unit_price, "the reseller pays the same for itself");
    }
}

fn price_for_itself(rules: &[PriceRule], service: &Service) -> Quote {
    quote(rules, service, &ITSELF).unwrap()
}
