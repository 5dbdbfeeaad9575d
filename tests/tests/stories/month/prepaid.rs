//! The month's paragraph about paying in advance, to the cent.

use serde_json::{Value, json};
use tests::client::Client;
use tests::demo::month::{Month, Rules};
use tests::invariants::{self, System};
use tests::story;
use tests::world::World;

use super::{BEGINS, COMMISSION, COSTS, amount, lines, never_sees, sums, table, told};

const CHARGED: [&str; 2] = [
    "new 2026-10-05 2026-11-05 4 31/31   17.50   70.00  56.00",
    "new 2026-10-05 2027-10-05 2 365/365 150.00 300.00 240.00",
];
const NOVEMBER: [&str; 3] = [
    "renew 2026-11-03 2026-12-03 37 30/30 18.75    693.75 555.00",
    "renew 2026-11-05 2026-12-05  4 30/30 18.75     75.00  60.00",
    "renew 2026-11-20 2026-12-20  7 30/30  9.917647 69.42  59.01",
];

#[tokio::test]
async fn paid_in_advance_to_the_cent() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let mut month = Month::begin(&world.site(), Rules::OfSeller, &[]).await?;
    let order = month.lives_and_pays_in_advance().await?;
    is_ordered(&month, &order).await?;
    is_charged(&month, &order).await?;
    is_given_back(&month, &order).await?;
    money_moved(&world, &order).await?;
    month.is_billed().await?;
    // What was paid in advance is on no period's invoice.
    super::october::monat(&month).await?;
    month.is_over().await?;
    let november = month.invoice_of(&month.monat, month.first + chrono::Months::new(1)).await?;
    assert_eq!(lines(&november), table(&NOVEMBER), "{november}");
    assert_eq!(sums(&november), ["838.17", "159.25", "997.42"]);
    for first in [month.first, month.first + chrono::Months::new(1)] {
        let run = month.run_of(first).await?;
        assert_eq!((&run["discrepancies"], &run["counts"]["drafts"]), (&json!(0), &json!(0)), "{run}");
    }
    let report = invariants::check(&System::of(&world, None)).await?;
    assert_eq!(report.violations(), 0, "{}", report.complaints());
    Ok(())
}

async fn is_ordered(month: &Month, order: &str) -> anyhow::Result<()> {
    let body = month.monat.client.get(&format!("/v1/orders/{order}")).await?.body;
    assert_eq!(sums(&body), ["370.00", "70.30", "440.30"]);
    assert_eq!((told(&body["status"]), told(&body["payment"])), ("partially_fulfilled".into(), "prepaid".into()));
    assert_eq!(story::each(body["lines"].as_array().unwrap(), "status"), ["provisioned", "rejected"]);
    let states = ["payment", "provisioning", "invoice"].map(|process| told(&body["processes"][process]["state"]));
    assert_eq!(states, ["completed"; 3]);
    Ok(())
}

async fn is_charged(month: &Month, order: &str) -> anyhow::Result<()> {
    let invoice = month.order_invoice(order).await?;
    assert_eq!(lines(&invoice), table(&CHARGED), "{invoice}");
    assert_eq!(sums(&invoice), ["370.00", "70.30", "440.30"]);
    let facts = ["number", "kind", "period", "issued_on", "status", "payment_status"].map(|name| told(&invoice[name]));
    assert_eq!(facts, ["INV-2026-000001", "order", "2026-10", "2026-10-05", "paid", "paid"]);
    assert_eq!((amount(&invoice, "balance"), amount(&invoice, "applied_credit")), ("0.00".into(), "0.00".into()));
    let tax = &invoice["taxes"][0];
    assert_eq!([&tax["category"], &tax["rate"]].map(told), ["S", "19"]);
    let path = format!("/v1/invoices/{}", told(&invoice["id"]));
    never_sees(&month.monat.client, &path, &[&COSTS[..], &COMMISSION[..]].concat()).await?;
    documents(&month.monat.client, &path).await
}

/// Every format there is; those with sums say that nothing is left to pay.
async fn documents(client: &Client, path: &str) -> anyhow::Result<()> {
    let said: [(&str, &[&str]); 4] = [
        ("pdf", &[]),
        ("csv", &["INV-2026-000001,2,", ",300.00,"]),
        ("json", &["\"kind\": \"order\""]),
        ("ubl", &["PrepaidAmount currencyID=\"EUR\">440.30<", "PayableAmount currencyID=\"EUR\">0.00<"]),
    ];
    for (format, words) in said {
        let document = client.get(&format!("{path}/document?format={format}")).await?;
        assert!(document.text.len() > 100, "{format}");
        assert!(words.iter().all(|word| document.text.contains(word)), "{}", document.text);
        if format == "json" {
            let sums = ["total", "paid", "balance"].map(|member| amount(&document.body, member));
            assert_eq!(sums, ["440.30", "440.30", "0.00"], "{}", document.text);
        }
    }
    Ok(())
}

async fn is_given_back(month: &Month, order: &str) -> anyhow::Result<()> {
    let (client, invoice) = (&month.monat.client, month.order_invoice(order).await?);
    let credit = told(&invoice["credit_notes"][0]["id"]);
    let note = client.get(&format!("/v1/credit-notes/{credit}")).await?.body;
    assert_eq!(sums(&note), ["300.00", "57.00", "357.00"], "{note}");
    let facts = ["number", "issued_on", "settle"].map(|name| told(&note[name]));
    assert_eq!(facts, ["CN-2026-000001", "2026-10-05", "refund"]);
    assert_eq!(amount(&note["settlement"], "refund"), "357.00");
    let payments = story::data(&client.get(&format!("/v1/payments?order_id={order}")).await?);
    assert_eq!(payments.len(), 1, "{payments:?}");
    let payment = &payments[0];
    assert_eq!((amount(payment, "amount"), amount(payment, "refunded")), ("440.30".into(), "357.00".into()));
    assert_eq!((&payment["status"], &payment["refunds"][0]["status"]), (&json!("succeeded"), &json!("succeeded")));
    let balance = client.get(&format!("/v1/customers/{}/balance", month.monat.id)).await?.body;
    assert!(!balance.to_string().contains("357.00"), "{balance}");
    Ok(())
}

/// What really happened at the wallet.
async fn money_moved(world: &World, order: &str) -> anyhow::Result<()> {
    let gateways = world.settings.gateways.as_ref().unwrap();
    let ledger = Client::new(&gateways.url(), "")?.get("/sim/ledger").await?.body;
    let effects = ledger["effects"].as_array().unwrap().iter().filter(|effect| effect["reference"] == order);
    let moved: Vec<Value> = effects.map(|effect| json!([effect["operation"], effect["amount"]])).collect();
    assert_eq!(moved, [json!(["charge", "440.30"]), json!(["refund", "357.00"])]);
    Ok(())
}
