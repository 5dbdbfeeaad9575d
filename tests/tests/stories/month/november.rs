//! The month after: a credit note in it, what renewed, and what the credit took back.

use serde_json::{Value, json};
use tests::demo::month::{Month, Pair, Variant};
use tests::story;

use super::{COMMISSION, COSTS, amount, lines, never_sees, pair, path_of, statement_of, sums, table, told};

const MONAT: [&str; 2] = [
    "renew 2026-11-03 2026-12-03 37 30/30 18.75    693.75 555.00",
    "renew 2026-11-20 2026-12-20  7 30/30  9.917647 69.42  59.01",
];

/// 38.00 of Acker's first line are given back: at the invoice's rate, off what is left to pay.
pub(super) async fn credit(month: &Month, pair: &Pair) -> anyhow::Result<()> {
    let listed = pair.customer.client.get(&format!("/v1/credit-notes?customer_id={}", pair.customer.id)).await?;
    let notes = story::data(&listed);
    assert_eq!(notes.len(), 1, "{}", listed.text);
    let path = format!("/v1/credit-notes/{}", told(&notes[0]["id"]));
    let note = pair.customer.client.get(&path).await?.body;
    assert_eq!(sums(&note), ["38.00", "7.22", "45.22"], "{note}");
    let facts = ["number", "issued_on", "settle", "reason"].map(|name| told(&note[name]));
    assert_eq!(facts, ["CN-2026-000001", "2026-11-10", "balance", "Goodwill"]);
    never_sees(&pair.customer.client, &path, &[&COSTS[..], &COMMISSION[..]].concat()).await?;
    let invoice = month.invoice_of(&pair.customer, month.first).await?;
    assert_eq!(note["invoice_id"], invoice["id"]);
    assert_eq!((amount(&invoice, "total"), amount(&invoice, "balance")), ("202.76".into(), "157.54".into()));
    assert_eq!(invoice["credit_notes"].as_array().unwrap().len(), 1, "{invoice}");
    assert_eq!(told(&invoice["status"]), "issued");
    let balance = pair.customer.client.get(&format!("/v1/customers/{}/balance", pair.customer.id)).await?;
    assert!(!balance.text.contains("45.22"), "{}", balance.text);
    let entries = format!("/v1/commissions?reseller_id={}&period=2026-11", pair.reseller.id);
    let entries = story::data(&pair.reseller.client.get(&entries).await?);
    assert_eq!(entries.len(), 1, "{entries:?}");
    let entry = &entries[0];
    assert_eq!((told(&entry["kind"]), &entry["credit_note_id"]), ("reversed".into(), &note["id"]));
    assert_eq!(amount(entry, "amount").trim_start_matches('-'), "5.80");
    too_much(month, &invoice).await
}

/// More than is left of a line, or of the invoice, is refused and changes nothing.
async fn too_much(month: &Month, invoice: &Value) -> anyhow::Result<()> {
    let operator = &month.seller.operator;
    let path = format!("{}/credit-notes", path_of(invoice));
    let money = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    for body in [
        json!({ "lines": [{ "line": 1, "net": money("114.01") }], "reason": "Too much" }),
        json!({ "amount": money("157.55"), "reason": "Too much" }),
    ] {
        let answer = story::ask(operator, reqwest::Method::POST, &path, Some(&story::new_key()), Some(&body)).await?;
        story::refused(operator, &answer, 422, "credit-limit").await?;
    }
    assert_eq!(operator.get(&path_of(invoice)).await?.body, *invoice);
    Ok(())
}

pub(super) async fn monat(month: &Month) -> anyhow::Result<()> {
    let november = month.first + chrono::Months::new(1);
    let invoice = month.invoice_of(&month.monat, november).await?;
    assert_eq!(lines(&invoice), table(&MONAT), "{invoice}");
    assert_eq!(sums(&invoice), ["763.17", "145.00", "908.17"]);
    let dates = ["period", "issued_on", "due_on"].map(|name| told(&invoice[name]));
    assert_eq!(dates, ["2026-11", "2026-12-01", "2026-12-31"]);
    // October's stands as it was; its day of payment has come and is not over.
    let october = month.invoice_of(&month.monat, month.first).await?;
    assert_eq!((sums(&october)[2].as_str(), &october["overdue"]), ("744.88", &json!(false)));
    Ok(())
}

/// Nordwind's statement of November has what the renewal earned less what the credit note took back.
pub(super) async fn statements(month: &Month) -> anyhow::Result<()> {
    for (variant, expected) in [
        (Variant::Difference, ["11.70", "2.22", "13.92"]),
        (Variant::Percent, ["22.80", "4.33", "27.13"]),
        (Variant::Dutch, ["17.50", "3.33", "20.83"]),
    ] {
        let statement = statement_of(&pair(month, variant).reseller, "2026-11").await?.unwrap();
        assert_eq!(sums(&statement), expected, "{variant:?}: {statement}");
    }
    let back = statement_of(&pair(month, Variant::Difference).reseller, "2026-11").await?.unwrap();
    let mut amounts: Vec<String> =
        back["lines"].as_array().unwrap().iter().map(|line| amount(line, "amount")).collect();
    amounts.sort();
    assert_eq!(amounts, ["-5.80", "17.50"], "{back}");
    assert_eq!(statement_of(&pair(month, Variant::Resale).reseller, "2026-11").await?, None);
    Ok(())
}
