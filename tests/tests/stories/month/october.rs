//! The month's own invoices, as they lie there on the first of the next.

use serde_json::{Value, json};
use tests::demo::month::{Customer, Month, Pair, Variant};
use tests::story;

use super::{
    COMMISSION, COSTS, amount, decimal, is_shown, lines, never_sees, path_of, statement_of, sums, table, told, total_of,
};

const MONAT: [&str; 6] = [
    "new      2026-10-03 2026-11-03  25 31/31   17.50     437.50    350.00",
    "increase 2026-10-19 2026-11-03  15 15/31   17.50     127.02    101.61",
    "decrease 2026-10-22 2026-11-03  -3 12/31   17.50     -20.32    -16.26",
    "new      2026-10-15 2027-10-15  10 365/365 150.00   1500.00   1200.00",
    "cancel   2026-10-18 2027-10-15 -10 362/365 150.00  -1487.67  -1190.14",
    "new      2026-10-20 2026-11-20   7 31/31    9.917647   69.42     59.01",
];
const ACKER: [&str; 2] = [
    "new      2026-10-12 2026-11-12   8 31/31   19.00     152.00    112.00",
    "increase 2026-10-28 2026-11-12   2 15/31   19.00      18.39     13.55",
];
const NORDWIND: [&str; 2] = [
    "new      2026-10-12 2026-11-12   8 31/31   16.10     128.80    112.00",
    "increase 2026-10-28 2026-11-12   2 15/31   16.10      15.58     13.55",
];

/// One invoice for everybody who is billed, numbered from one on, and nothing to ask about.
pub(super) async fn run(month: &Month) -> anyhow::Result<()> {
    let run = month.run_of(month.first).await?;
    assert_eq!(run["counts"]["issued"], 5, "{run}");
    assert_eq!((&run["counts"]["drafts"], &run["counts"]["skipped"]), (&json!(0), &json!(0)), "{run}");
    assert_eq!((&run["discrepancies"], &run["parked"]), (&json!(0), &json!([])), "{run}");
    let invoices = story::data(&month.seller.operator.get("/v1/invoices?period=2026-10").await?);
    let mut numbers = story::each(&invoices, "number");
    numbers.sort();
    let expected: Vec<String> = (1..=5).map(|n| format!("INV-2026-{n:06}")).collect();
    assert_eq!(numbers, expected);
    Ok(())
}

fn is_of_november(invoice: &Value) {
    let dates = ["period", "issued_on", "due_on", "status"].map(|name| told(&invoice[name]));
    assert_eq!(dates, ["2026-10", "2026-11-01", "2026-12-01", "issued"]);
    assert_eq!(amount(invoice, "balance"), amount(invoice, "total"));
    assert_eq!((amount(invoice, "discounts"), amount(invoice, "applied_credit")), ("0.00".into(), "0.00".into()));
}

fn is_taxed(invoice: &Value, category: &str, rate: &str) {
    let taxes = invoice["taxes"].as_array().unwrap();
    let tax = [&taxes[0]["category"], &taxes[0]["rate"]].map(told);
    assert_eq!((taxes.len(), tax), (1, [category.to_owned(), rate.to_owned()]));
    assert_eq!(taxes[0]["base"], invoice["net"]);
}

pub(super) async fn monat(month: &Month) -> anyhow::Result<()> {
    let invoice = month.invoice_of(&month.monat, month.first).await?;
    assert_eq!(lines(&invoice), table(&MONAT), "{invoice}");
    assert_eq!(sums(&invoice), ["625.95", "118.93", "744.88"]);
    is_of_november(&invoice);
    is_taxed(&invoice, "S", "19");
    let cost = total_of(&invoice, "cost");
    assert_eq!(cost, decimal("504.22"));
    assert_eq!(decimal(&amount(&invoice, "net")) - cost, decimal("121.73"));
    let hidden = [&COSTS[..], &COMMISSION[..]].concat();
    is_shown(&month.monat.client, &path_of(&invoice), &invoice, &hidden).await?;
    never_sees(&month.monat.client, "/v1/invoices", &hidden).await
}

pub(super) async fn pair(month: &Month, pair: &Pair) -> anyhow::Result<()> {
    match pair.variant {
        Variant::Difference => agency(month, pair, ["S", "19", "32.37", "202.76"], ["23.20", "2.81"]).await?,
        Variant::Percent => agency(month, pair, ["S", "19", "32.37", "202.76"], ["18.24", "2.21"]).await?,
        Variant::Dutch => agency(month, pair, ["AE", "0", "0.00", "170.39"], ["23.20", "2.81"]).await?,
        Variant::Resale => return resale(month, pair).await,
    }
    let statement = match pair.variant {
        Variant::Percent => ["20.45", "3.89", "24.34"],
        Variant::Difference | Variant::Dutch | Variant::Resale => ["26.01", "4.94", "30.95"],
    };
    let stated = statement_of(&pair.reseller, "2026-10").await?.unwrap();
    assert_eq!(sums(&stated), statement, "{stated}");
    assert_eq!(stated["lines"].as_array().unwrap().len(), 2);
    Ok(())
}

/// The end customer is billed, and its reseller earns; `tax` is category, rate, amount and the total with it.
async fn agency(month: &Month, pair: &Pair, tax: [&str; 4], commission: [&str; 2]) -> anyhow::Result<()> {
    let invoice = month.invoice_of(&pair.customer, month.first).await?;
    assert_eq!(lines(&invoice), table(&ACKER), "{invoice}");
    assert_eq!(sums(&invoice), ["170.39", tax[2], tax[3]]);
    is_of_november(&invoice);
    is_taxed(&invoice, tax[0], tax[1]);
    assert_eq!(told(&invoice["taxes"][0]["note"]) == "null", tax[0] == "S", "{invoice}");
    let column = |member: &str| -> Vec<String> {
        invoice["lines"].as_array().unwrap().iter().map(|line| amount(line, member)).collect()
    };
    assert_eq!((column("reseller_amount"), column("commission")), (own(["128.80", "15.58"]), own(commission)));
    if commission == ["23.20", "2.81"] {
        let share = decimal("170.39") - total_of(&invoice, "commission") - total_of(&invoice, "cost");
        assert_eq!(share, decimal("18.83"));
        assert_eq!(share, total_of(&invoice, "reseller_amount") - total_of(&invoice, "cost"));
    }
    let path = path_of(&invoice);
    is_shown(&pair.customer.client, &path, &invoice, &[&COSTS[..], &COMMISSION[..]].concat()).await?;
    is_shown(&pair.reseller.client, &path, &invoice, &COSTS).await?;
    assert!(story::mentions(&pair.reseller.client.get(&path).await?.body, "commission"));
    is_nobody_elses(month, &path).await?;
    entries(pair, commission).await
}

fn own(texts: [&str; 2]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

async fn is_nobody_elses(month: &Month, path: &str) -> anyhow::Result<()> {
    let answer = story::look(&month.monat.client, path).await?;
    story::refused(&month.monat.client, &answer, 404, "not-found").await
}

/// What the reseller earned, line by line, and where it is stated.
async fn entries(pair: &Pair, commission: [&str; 2]) -> anyhow::Result<()> {
    let path = format!("/v1/commissions?reseller_id={}&period=2026-10", pair.reseller.id);
    let mut entries = story::data(&pair.reseller.client.get(&path).await?);
    entries.sort_by_key(|entry| entry["line"].as_u64());
    let told: Vec<[String; 4]> = entries
        .iter()
        .map(|entry| [told(&entry["line"]), told(&entry["kind"]), amount(entry, "base"), amount(entry, "amount")])
        .collect();
    let expected = [["1", "accrued", "152.00", commission[0]], ["2", "accrued", "18.39", commission[1]]];
    assert_eq!(told, expected.map(|entry| entry.map(str::to_owned)));
    let statement = statement_of(&pair.reseller, "2026-10").await?.unwrap();
    for entry in &entries {
        assert_eq!(entry["statement_id"], statement["id"]);
        assert_eq!(entry["end_customer_id"], json!(pair.customer.id));
    }
    Ok(())
}

/// The reseller is billed at its own price, and told what to bill on.
async fn resale(month: &Month, pair: &Pair) -> anyhow::Result<()> {
    let Customer { id, name, client, .. } = &pair.customer;
    assert_eq!(month.invoices_of(&pair.customer, month.first).await?, Vec::<Value>::new());
    let invoice = month.invoice_of(&pair.reseller, month.first).await?;
    assert_eq!(lines(&invoice), table(&NORDWIND), "{invoice}");
    assert_eq!(sums(&invoice), ["144.38", "27.43", "171.81"]);
    is_of_november(&invoice);
    is_taxed(&invoice, "S", "19");
    for line in invoice["lines"].as_array().unwrap() {
        assert_eq!((&line["end_customer_id"], &line["end_customer_name"]), (&json!(id), &json!(name)));
        assert!(line["commission"].is_null(), "{line}");
    }
    is_shown(&pair.reseller.client, &path_of(&invoice), &invoice, &COSTS).await?;
    let hidden = story::look(client, &path_of(&invoice)).await?;
    story::refused(client, &hidden, 404, "not-found").await?;
    assert_eq!(statement_of(&pair.reseller, "2026-10").await?, None);
    let charges = format!("/v1/customers/{id}/charges?period=2026-10");
    let to_bill_on = pair.reseller.client.get(&charges).await?;
    assert_eq!(amount(&to_bill_on.body, "net"), "170.39", "{}", to_bill_on.text);
    let billed = to_bill_on.body["lines"].as_array().unwrap();
    let amounts: Vec<String> = billed.iter().map(|line| amount(line, "amount")).collect();
    assert_eq!(amounts, ["152.00", "18.39"]);
    never_sees(&pair.reseller.client, &charges, &COSTS).await
}
