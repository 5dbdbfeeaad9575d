//! The catalogue's services and the price rules: what may be written about them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use domain::decider::{OwnedAsked, fold};
use domain::price_rule::{Author, Formula, PriceRule, PriceRuleCommand, PriceRuleEvent, PriceRuleRules, Scope};
use domain::service::{BillingCycle, CatalogueItem, Offer, ServiceCommand, ServiceEvent, ServiceRules, Term};
use domain::{Actor, Currency, Decider, Folded, Money, Refusal};
use rust_decimal::Decimal;
use uuid::Uuid;

const CUSTOMER: Uuid = Uuid::from_u128(1);
const RESELLER: Uuid = Uuid::from_u128(2);
const SERVICE: Uuid = Uuid::from_u128(3);
const SELLER: Scope = Scope { author: Author::Seller, customer_id: None, reseller_id: None, service_id: None };
const RESELLERS: Scope = Scope { author: Author::Reseller(RESELLER), ..SELLER };

fn asked<C>(command: C) -> OwnedAsked<C> {
    OwnedAsked { at: DateTime::<Utc>::UNIX_EPOCH, by: Actor::system("test"), command }
}

fn given<D: Decider>(events: &[D::Event]) -> AggregateTestExecutor<Folded<D>> {
    TestFramework::<Folded<D>>::with(()).given(events.to_vec())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn euro(amount: &str) -> Money {
    Money::rounded(decimal(amount), Currency::EUR)
}

fn item(unit_cost: Money, list_price: Money) -> CatalogueItem {
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
    CatalogueItem {
        service_id: SERVICE,
        provider: "ccp".to_owned(),
        sku: "OB".to_owned(),
        offer,
        list_price,
        unit_cost,
    }
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

fn listed() -> ServiceEvent {
    let CatalogueItem { service_id, provider, sku, offer, list_price, unit_cost } = item(euro("14"), euro("20"));
    ServiceEvent::ServiceListed { service_id, provider, sku, offer, list_price, unit_cost }
}

#[test]
fn a_sync_writes_only_what_differs() {
    let sync = |history: &[ServiceEvent], item: CatalogueItem| {
        given::<ServiceRules>(history).when(asked(ServiceCommand::Sync(item))).inspect_result().unwrap()
    };
    let same = item(euro("14"), euro("20"));
    let withdrawn = ServiceEvent::ServiceWithdrawn {};
    assert_eq!(sync(&[], same.clone()), [listed()]);
    assert_eq!(sync(&[listed()], same.clone()), []);
    assert_eq!(sync(&[listed(), withdrawn.clone()], same.clone()), [listed()]);

    let offer = Offer { max_quantity: 500, ..same.offer.clone() };
    let changed = ServiceEvent::ServiceChanged { offer: offer.clone() };
    let repriced = ServiceEvent::ServicePriceChanged { list_price: euro("20"), unit_cost: euro("15") };
    assert_eq!(sync(&[listed()], CatalogueItem { offer: offer.clone(), ..same.clone() }), vec![changed.clone()]);
    assert_eq!(sync(&[listed()], item(euro("15"), euro("20"))), vec![repriced.clone()]);
    let both = CatalogueItem { offer, ..item(euro("15"), euro("20")) };
    assert_eq!(sync(&[listed()], both.clone()), [changed.clone(), repriced.clone()]);
    assert_eq!(sync(&[listed(), changed, repriced], both), []);
}

#[test]
fn a_withdrawn_service_stays_known() {
    let withdraw = |history: &[ServiceEvent]| given::<ServiceRules>(history).when(asked(ServiceCommand::Withdraw));
    withdraw(&[]).then_expect_error(Refusal::NotFound);
    withdraw(&[listed()]).then_expect_events(vec![ServiceEvent::ServiceWithdrawn {}]);
    let history = [listed(), ServiceEvent::ServiceWithdrawn {}];
    withdraw(&history).then_expect_events(vec![]);
    assert_eq!(fold::<ServiceRules>(&history).known().unwrap().status.name(), "withdrawn");
}

fn set(history: &[PriceRuleEvent], rule: PriceRule) -> Result<Vec<PriceRuleEvent>, Refusal> {
    let command = PriceRuleCommand::Set { rule, today: day("2026-10-01") };
    given::<PriceRuleRules>(history).when(asked(command)).inspect_result()
}

fn was_set(rule: PriceRule) -> PriceRuleEvent {
    PriceRuleEvent::PriceRuleSet { rule }
}

#[test]
fn a_scope_has_one_rule_per_day() {
    let first = rule(SELLER, markup("25"));
    let second = PriceRule { rule_id: Uuid::from_u128(10), ..first.clone() };
    let history = [was_set(first.clone())];
    assert_eq!(set(&[], first.clone()), Ok(vec![was_set(first.clone())]));
    assert_eq!(set(&history, first.clone()), Ok(vec![]));
    assert_eq!(set(&history, second.clone()), Err(Refusal::DuplicatePriceRule));
    let later = PriceRule { effective_from: day("2026-10-02"), ..second };
    assert_eq!(set(&history, later.clone()), Ok(vec![was_set(later)]));
    let replaced = PriceRule { formula: markup("30"), ..first };
    assert_eq!(set(&history, replaced.clone()), Ok(vec![was_set(replaced.clone())]));
    let state = fold::<PriceRuleRules>(&[history[0].clone(), was_set(replaced.clone())]);
    assert_eq!(state.rules().collect::<Vec<_>>(), [&replaced]);
    assert_eq!(set(&history, rule(for_service(SELLER), fixed("1"))), Err(Refusal::DuplicatePriceRule), "another scope");
}

#[test]
fn a_rule_does_not_reach_into_the_past() {
    let past = PriceRule { effective_from: day("2026-09-30"), ..rule(SELLER, markup("25")) };
    assert_eq!(set(&[], past.clone()), Err(Refusal::EffectiveInPast));
    assert_eq!(set(&[was_set(past.clone())], past), Ok(vec![]), "it already holds");
}

#[test]
fn formulas_and_scopes_have_bounds() {
    for formula in [
        markup("0"),
        markup("400"),
        margin("0"),
        margin("99.999999"),
        discount("0"),
        discount("100"),
        discount("12.500000000"),
        Formula::List,
        fixed("0.01"),
    ] {
        assert!(set(&[], rule(SELLER, formula)).is_ok(), "{formula:?}");
    }
    let invalid = |rule: PriceRule| {
        let refused = set(&[], rule.clone());
        assert!(matches!(refused, Err(Refusal::InvalidPriceRule { .. })), "{rule:?} gave {refused:?}");
    };
    for formula in [markup("-1"), markup("1000001"), margin("100"), margin("-0.1"), discount("100.1"), discount("-1")] {
        invalid(rule(SELLER, formula));
    }
    invalid(rule(SELLER, markup("0.0000001")));
    invalid(rule(SELLER, fixed("0")));
    invalid(rule(SELLER, fixed("-1")));
    invalid(rule(Scope { reseller_id: Some(RESELLER), ..RESELLERS }, fixed("1")));
    invalid(rule(Scope { reseller_id: Some(RESELLER), ..for_customer(SELLER, CUSTOMER) }, fixed("1")));
}

#[test]
fn percentages_are_kept_plain() {
    let events = set(&[], rule(SELLER, markup("25.00"))).unwrap();
    assert!(serde_json::to_string(&events[0]).unwrap().contains(r#""kind":"markup_on_cost","percent":"25"}"#));
}

#[test]
fn removing_what_is_not_there_is_nothing() {
    let rule_id = Uuid::from_u128(9);
    let remove =
        |history: &[PriceRuleEvent]| given::<PriceRuleRules>(history).when(asked(PriceRuleCommand::Remove { rule_id }));
    remove(&[]).then_expect_events(vec![]);
    let history = [was_set(rule(SELLER, Formula::List))];
    remove(&history).then_expect_events(vec![PriceRuleEvent::PriceRuleRemoved { rule_id }]);
}
