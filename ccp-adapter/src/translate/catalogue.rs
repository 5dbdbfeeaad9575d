//! Catalogue items.

use std::str::FromStr;

use domain::Money;
use domain::ids;
use domain::money::parse_currency;
use domain::service::{BillingCycle, CatalogueItem, Offer, Term};
use rust_decimal::Decimal;

use super::check::{agreed, id, text};
use crate::outcome::Failure;
use crate::wire;

/// Characters at most in a name or a feature.
const NAME_CHARS: usize = 200;
/// Characters at most in a description: with the features it has to fit into one event.
const DESCRIPTION_CHARS: usize = 10_000;
const FEATURES: usize = 100;
/// Per seat and cycle, in any currency: far above any price, far below what sums of many seats could overflow.
const HIGHEST_PRICE: u32 = 1_000_000_000;

/// `provider` is our name of the provider. One item that cannot be read spoils the whole reading: left out, it
/// would count as withdrawn.
pub fn catalogue_item(wire: wire::CatalogueItem, provider: &str) -> Result<CatalogueItem, Failure> {
    let sku = id(wire.sku.clone(), "sku")?;
    let unit_cost = money(&wire.unit_cost, &sku)?;
    let list_price = money(&wire.list_price, &sku)?;
    let offer = offer(wire, &sku)?;
    Ok(CatalogueItem {
        service_id: ids::service(provider, &sku),
        provider: provider.to_owned(),
        sku,
        offer,
        list_price,
        unit_cost,
    })
}

fn offer(wire: wire::CatalogueItem, sku: &str) -> Result<Offer, Failure> {
    let (min, max) = (wire.min_quantity, wire.max_quantity);
    agreed(min >= 1 && min <= max, || format!("{sku}: quantities from {min} to {max}"))?;
    agreed(wire.features.len() <= FEATURES, || format!("{sku}: more than {FEATURES} features"))?;
    let feature = |feature| text(feature, NAME_CHARS, "a feature");
    Ok(Offer {
        name: text(wire.name, NAME_CHARS, "a name")?,
        description: text(wire.description, DESCRIPTION_CHARS, "a description")?,
        publisher: text(wire.publisher, NAME_CHARS, "a publisher")?,
        term: known(Term::parse(&wire.term), sku, "term")?,
        billing_cycle: known(BillingCycle::parse(&wire.billing_cycle), sku, "billing cycle")?,
        min_quantity: min,
        max_quantity: max,
        cancellation_window_hours: wire.cancellation_window_hours,
        features: wire.features.into_iter().map(feature).collect::<Result<_, _>>()?,
    })
}

fn money(wire: &wire::Amount, sku: &str) -> Result<Money, Failure> {
    let currency = known(parse_currency(&wire.currency), sku, "currency")?;
    let amount = known(Decimal::from_str(&wire.amount).ok(), sku, "amount")?;
    let sane = amount >= Decimal::ZERO && amount <= Decimal::from(HIGHEST_PRICE);
    agreed(sane, || format!("{sku}: an amount that nobody can pay"))?;
    let money = Money::rounded(amount, currency);
    agreed(money.amount() == amount, || format!("{sku}: an amount with more digits than its currency has"))?;
    Ok(money)
}

fn known<T>(parsed: Option<T>, sku: &str, what: &str) -> Result<T, Failure> {
    parsed.ok_or_else(|| Failure::undecodable(format!("{sku}: a {what} that nobody knows")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;

    fn sent() -> Value {
        json!({
            "sku": "office-1", "name": "Office", "description": "Mail\nand documents", "publisher": "Contoso",
            "unit_cost": {"amount": "14.00", "currency": "EUR"}, "list_price": {"amount": "20", "currency": "EUR"},
            "term": "P1Y", "billing_cycle": "P1M", "min_quantity": 1, "max_quantity": 300,
            "cancellation_window_hours": 168, "features": ["Mail"], "revision": 3, "something": {"new": true}
        })
    }

    fn read(sent: Value) -> Result<CatalogueItem, Failure> {
        catalogue_item(serde_json::from_value(sent).map_err(|_| Failure::undecodable("shape"))?, "ccp")
    }

    #[test]
    fn an_item_becomes_a_service_of_ours() {
        let item = read(sent()).unwrap();
        assert_eq!(item.service_id, ids::service("ccp", "office-1"));
        assert_eq!(item.list_price.to_string(), "20.00 EUR");
        assert_eq!(item.unit_cost.to_string(), "14.00 EUR");
        assert_eq!((item.offer.term, item.offer.billing_cycle), (Term::Year, BillingCycle::Month));
        assert_eq!(item.offer.cancellation_window_hours, Some(168));
    }

    #[test]
    fn a_window_of_null_means_always_and_one_of_nought_means_never() {
        for (window, expected) in [(Value::Null, None), (json!(0), Some(0))] {
            let mut sent = sent();
            sent["cancellation_window_hours"] = window;
            assert_eq!(read(sent).unwrap().offer.cancellation_window_hours, expected);
        }
    }

    #[test]
    fn what_nobody_can_sell_is_undecodable() {
        let amount = |amount: &str, currency: &str| json!({"amount": amount, "currency": currency});
        let cases = [
            ("sku", json!("")),
            ("sku", json!("a\u{1f}b")),
            ("name", json!("x".repeat(201))),
            ("description", json!("x".repeat(10_001))),
            ("unit_cost", amount("-1.00", "EUR")),
            ("unit_cost", amount("1.005", "EUR")),
            ("unit_cost", amount("1.50", "JPY")),
            ("unit_cost", amount("14,00", "EUR")),
            ("unit_cost", amount("1000000001", "EUR")),
            ("unit_cost", amount("79228162514264337593543950335", "EUR")),
            ("unit_cost", json!({"amount": 14.0, "currency": "EUR"})),
            ("list_price", amount("1.00", "EURO")),
            ("list_price", amount("999999999999999999999999999999", "EUR")),
            ("term", json!("P2Y")),
            ("billing_cycle", json!("P3Y")),
            ("min_quantity", json!(0)),
            ("min_quantity", json!(301)),
            ("min_quantity", json!(-1)),
            ("max_quantity", json!(5_000_000_000_u64)),
            ("cancellation_window_hours", json!(-1)),
            ("features", json!(vec!["x"; 101])),
        ];
        for (field, value) in cases {
            let mut sent = sent();
            sent[field] = value.clone();
            assert!(read(sent).is_err(), "{field}: {value}");
        }
    }

    #[test]
    fn the_yen_has_no_digits_after_the_point() {
        let mut sent = sent();
        sent["unit_cost"] = json!({"amount": "1500", "currency": "JPY"});
        assert_eq!(read(sent).unwrap().unit_cost.to_string(), "1500 JPY");
    }
}
