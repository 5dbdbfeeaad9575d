//! What each amount comes to at each gateway, and what that means for the invoice.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::gateways;

use super::{Owed, Till, stand};

/// Fractions of the amount, what the payment comes to, and why.
type Row = (i64, &'static str, Option<&'static str>);

const WALLET: [Row; 7] = [
    (1_011, "declined", Some("insufficient_balance")),
    (1_012, "declined", Some("customer_not_found")),
    (1_013, "declined", Some("currency_mismatch")),
    (1_014, "unreachable", Some("unreachable")),
    (1_016, "expired", Some("expired")),
    (1_099, "succeeded", None),
    (1_000, "succeeded", None),
];

const TOKEN: [Row; 7] = [
    (1_011, "declined", Some("insufficient_balance")),
    (1_012, "declined", Some("customer_not_found")),
    (1_013, "declined", Some("currency_mismatch")),
    (1_014, "unreachable", Some("unreachable")),
    (1_016, "declined", Some("other")),
    (1_099, "succeeded", None),
    (1_000, "succeeded", None),
];

/// Pays an invoice of each amount, all at once.
async fn pays_each(till: &Till, rows: &[Row], gateway: &str) -> anyhow::Result<Vec<Owed>> {
    let mut started = Vec::new();
    for (n, (cents, ..)) in (0..).zip(rows) {
        let owed = till.owes(n, *cents).await?;
        started.push((till.pays(&owed).await?, owed));
    }
    for ((payment, owed), (cents, status, reason)) in started.iter().zip(rows) {
        let ended = till.ends(payment).await?;
        assert_eq!(
            (&ended["status"], &ended["reason"], &ended["gateway"]),
            (&json!(status), &json!(reason), &json!(gateway)),
            "{cents}: {ended}"
        );
        assert!(ended["settled_at"].is_string(), "{ended}");
        let paid = *status == "succeeded";
        let expected = if paid { stand("paid", "paid", None) } else { stand("issued", "failed", *reason) };
        assert_eq!(till.stands(owed).await?, expected, "{cents}");
        let seen = till.sees(&owed.path).await?;
        assert_eq!(seen["balance"]["amount"] == "0.00", paid, "{seen}");
        assert_eq!(seen["payments"].as_array().unwrap().len(), usize::from(paid), "{seen}");
    }
    Ok(started.into_iter().map(|(_, owed)| owed).collect())
}

#[tokio::test]
async fn the_wallet_takes_what_it_takes_once() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let owed = pays_each(&till, &WALLET, "wallet").await?;
    for (owed, (cents, status, _)) in owed.iter().zip(&WALLET) {
        let charged = till.charged(owed).await?.len();
        assert_eq!(charged, usize::from(*status == "succeeded"), "{cents}");
    }
    // What failed is paid in the end, by a payment of its own.
    let declined = &owed[0];
    till.goes_wrong(json!({ "fault": "outcome:succeeded", "match": { "path": "/v1/payment-requests" } })).await?;
    let payment = till.pays(declined).await?;
    till.comes_to(&payment, "succeeded").await?;
    assert_eq!(till.stands(declined).await?, stand("paid", "paid", None));
    let listed = till.payer.get(&format!("/v1/payments?invoice_id={}", declined.id)).await?.body;
    let statuses: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|payment| &payment["status"]).collect();
    assert_eq!(statuses, ["succeeded", "declined"]);
    till.closes().await
}

#[tokio::test]
async fn the_older_gateway_takes_what_it_takes_once() -> anyhow::Result<()> {
    let till = Till::on_terms(&json!({ "collection": "manual", "gateway": "token" })).await?;
    pays_each(&till, &TOKEN, "token").await?;
    let ledger = gateways::ledger(&till.books.world).await?;
    let mut amounts: Vec<Decimal> = ledger.movements.iter().map(|movement| movement.amount).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, ["10.00".parse()?, "10.99".parse()?]);
    assert!(ledger.movements.iter().all(|movement| movement.customer_id >= Some(1)), "{ledger:?}");
    till.closes().await
}
