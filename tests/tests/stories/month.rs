//! The worked month, told over HTTP: every number of it, for everybody who may see it and for nobody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod documents;
mod november;
mod october;
mod prepaid;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::client::Client;
use tests::demo::month::{Customer, Month, Pair, Rules, Variant};
use tests::invariants::{self, System};
use tests::story;
use tests::world::World;

const BEGINS: &str = "2026-10-01T09:00:00Z";
const VARIANTS: [Variant; 4] = [Variant::Difference, Variant::Percent, Variant::Resale, Variant::Dutch];
/// What nobody outside the seller's house may see.
const COSTS: [&str; 3] = ["unit_cost", "cost", "margin"];
/// What only a reseller, and the seller, may see.
const COMMISSION: [&str; 2] = ["reseller_amount", "commission"];

#[tokio::test]
async fn the_worked_month_to_the_cent() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let mut month = Month::begin(&world.site(), Rules::OfSeller, &VARIANTS).await?;
    month.lives().await?;
    month.is_billed().await?;
    october::run(&month).await?;
    october::monat(&month).await?;
    for pair in &month.pairs {
        october::pair(&month, pair).await?;
    }
    month.credits_a_line().await?;
    november::credit(&month, &month.pairs[0]).await?;
    month.is_over().await?;
    november::monat(&month).await?;
    november::statements(&month).await?;
    documents::all(&world, &month).await?;
    let report = invariants::check(&System::of(&world, None)).await?;
    assert_eq!(report.violations(), 0, "{}", report.complaints());
    Ok(())
}

/// What a line says, with the columns for the seller alone at its end.
fn line(line: &Value) -> Vec<String> {
    let plain = ["charge", "from", "to", "quantity", "factor"].map(|name| &line[name]);
    let money = ["unit_price", "amount", "cost"].map(|name| &line[name]["amount"]);
    plain.into_iter().chain(money).map(told).collect()
}

fn lines(invoice: &Value) -> Vec<Vec<String>> {
    invoice["lines"].as_array().unwrap().iter().map(line).collect()
}

fn told(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The rows of a table as it is written down: cells divided by blanks.
fn table(rows: &[&str]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.split_whitespace().map(str::to_owned).collect()).collect()
}

fn amount(body: &Value, member: &str) -> String {
    told(&body[member]["amount"])
}

/// Net, tax, total.
fn sums(body: &Value) -> [String; 3] {
    [amount(body, "net"), told(&body["taxes"][0]["amount"]["amount"]), amount(body, "total")]
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The sum of a member of all lines.
fn total_of(invoice: &Value, member: &str) -> Decimal {
    invoice["lines"].as_array().unwrap().iter().map(|line| decimal(&amount(line, member))).sum()
}

/// Makes sure that nothing of those names is anywhere in what a caller is shown.
async fn never_sees(client: &Client, path: &str, names: &[&str]) -> anyhow::Result<()> {
    let seen = client.get(path).await?;
    for name in names {
        assert!(!story::mentions(&seen.body, name), "{name} in {}", seen.text);
    }
    Ok(())
}

/// What somebody is shown of a document of its own is what the seller is shown, less what it may not see.
async fn is_shown(client: &Client, path: &str, whole: &Value, without: &[&str]) -> anyhow::Result<()> {
    never_sees(client, path, without).await?;
    let seen = client.get(path).await?.body;
    for member in ["number", "net", "total", "taxes", "balance", "issued_on", "due_on"] {
        assert_eq!(seen[member], whole[member], "{member}");
    }
    for (line, of) in seen["lines"].as_array().unwrap().iter().zip(whole["lines"].as_array().unwrap()) {
        assert_eq!((&line["amount"], &line["quantity"]), (&of["amount"], &of["quantity"]));
    }
    Ok(())
}

fn path_of(invoice: &Value) -> String {
    format!("/v1/invoices/{}", told(&invoice["id"]))
}

/// A reseller's statement of a period, as it is shown it.
async fn statement_of(reseller: &Customer, period: &str) -> anyhow::Result<Option<Value>> {
    let listed = reseller.client.get(&format!("/v1/commission-statements?customer_id={}", reseller.id)).await?;
    let found = story::data(&listed).into_iter().find(|statement| statement["period"] == period);
    let Some(found) = found else { return Ok(None) };
    let whole = reseller.client.get(&format!("/v1/commission-statements/{}", told(&found["id"]))).await?;
    assert_eq!(whole.body["status"], json!("issued"));
    Ok(Some(whole.body))
}

fn pair(month: &Month, variant: Variant) -> &Pair {
    month.pairs.iter().find(|pair| pair.variant == variant).unwrap()
}
