//! Lines of the provider's bill.

use std::str::FromStr;

use domain::Money;
use domain::billing::{ProviderCharge, ProviderLine};
use domain::money::parse_currency;
use rust_decimal::Decimal;

use super::check::{agreed, id};
use crate::outcome::Failure;
use crate::wire;

/// In any currency, either way: far above any bill, far below what sums of many lines could overflow.
const HIGHEST_AMOUNT: u64 = 1_000_000_000_000;
/// Seats, either way.
const MOST_SEATS: i64 = 1_000_000_000;

/// A line that cannot be read spoils the bill: what is left out of it would seem not to be charged.
pub fn bill_line(wire: wire::BillLine) -> Result<ProviderLine, Failure> {
    let line_id = id(wire.line_id, "bill line id")?;
    agreed(wire.from < wire.to, || format!("{line_id}: days that end before they begin"))?;
    agreed((-MOST_SEATS..=MOST_SEATS).contains(&wire.quantity), || format!("{line_id}: seats beyond number"))?;
    let amount = amount(&line_id, &wire.amount, &wire.currency)?;
    Ok(ProviderLine {
        provider_subscription_id: id(wire.subscription_id, "subscription id")?,
        charge: charge(wire.charge),
        quantity: wire.quantity,
        from: wire.from,
        to: wire.to,
        amount,
        line_id,
    })
}

fn amount(line_id: &str, amount: &str, currency: &str) -> Result<Money, Failure> {
    let unknown = |what: &str| Failure::undecodable(format!("{line_id}: {what} that nobody knows"));
    let currency = parse_currency(currency).ok_or_else(|| unknown("a currency"))?;
    let amount = Decimal::from_str(amount).map_err(|_| unknown("an amount"))?;
    let sane = amount.abs() <= Decimal::from(HIGHEST_AMOUNT);
    agreed(sane, || format!("{line_id}: an amount that nobody can pay"))?;
    let money = Money::rounded(amount, currency);
    agreed(money.amount() == amount, || format!("{line_id}: an amount with more digits than its currency has"))?;
    Ok(money)
}

const fn charge(wire: wire::BillCharge) -> ProviderCharge {
    match wire {
        wire::BillCharge::New => ProviderCharge::New,
        wire::BillCharge::Cycle => ProviderCharge::Cycle,
        wire::BillCharge::Renew => ProviderCharge::Renew,
        wire::BillCharge::Add => ProviderCharge::Add,
        wire::BillCharge::Remove => ProviderCharge::Remove,
        wire::BillCharge::Cancel => ProviderCharge::Cancel,
        wire::BillCharge::Credit => ProviderCharge::Credit,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;

    fn sent() -> Value {
        json!({
            "line_id": "bill-1", "subscription_id": "s-1", "sku": "office-1", "charge": "add", "quantity": 15,
            "unit_cost": "14.00", "from": "2026-10-19", "to": "2026-11-03", "amount": "101.61", "currency": "EUR"
        })
    }

    fn read(sent: &Value) -> Result<ProviderLine, Failure> {
        super::super::decode(sent.to_string().as_bytes()).and_then(bill_line)
    }

    #[test]
    fn a_line_is_read_in_our_words() {
        let line = read(&sent()).unwrap();
        assert_eq!((line.line_id.as_str(), line.provider_subscription_id.as_str()), ("bill-1", "s-1"));
        assert_eq!(
            (line.charge, line.quantity, line.amount.to_string()),
            (ProviderCharge::Add, 15, "101.61 EUR".into())
        );
        assert_eq!([line.from, line.to].map(|day| day.to_string()), ["2026-10-19", "2026-11-03"]);
    }

    #[test]
    fn every_charge_has_a_word_of_ours() {
        let cases = [
            ("new", ProviderCharge::New),
            ("cycle", ProviderCharge::Cycle),
            ("renew", ProviderCharge::Renew),
            ("add", ProviderCharge::Add),
            ("remove", ProviderCharge::Remove),
            ("cancel", ProviderCharge::Cancel),
            ("credit", ProviderCharge::Credit),
        ];
        for (word, charge) in cases {
            let mut sent = sent();
            sent["charge"] = json!(word);
            assert_eq!(read(&sent).unwrap().charge, charge);
        }
    }

    #[test]
    fn credits_count_down() {
        let mut sent = sent();
        sent["quantity"] = json!(-3);
        sent["amount"] = json!("-16.26");
        let line = read(&sent).unwrap();
        assert_eq!((line.quantity, line.amount.to_string()), (-3, "-16.26 EUR".to_owned()));
    }

    #[test]
    fn odd_lines_are_undecodable() {
        let cases = [
            ("line_id", json!("")),
            ("subscription_id", json!("a b")),
            ("charge", json!("gift")),
            ("quantity", json!(1.5)),
            ("quantity", json!("15")),
            ("quantity", json!(1_000_000_001)),
            ("to", json!("2026-10-19")),
            ("from", json!("2026-02-30")),
            ("amount", json!(101.61)),
            ("amount", json!("101.615")),
            ("amount", json!("101,61")),
            ("amount", json!("1000000000001")),
            ("currency", json!("EURO")),
            ("currency", json!("eur")),
            ("currency", json!("XAU")),
            ("currency", Value::Null),
        ];
        for (field, value) in cases {
            let mut sent = sent();
            sent[field] = value.clone();
            assert!(read(&sent).is_err(), "{field}: {value}");
        }
    }
}
