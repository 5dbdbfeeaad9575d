//! What the gateway has on its ledger, held against what we show.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use rust_decimal::Decimal;
use serde_json::Value;
use tests::gateways::{self, Ledger, Operation};
use tests::invariants::{self, System};
use tests::story::{self, all_pages};
use tests::world::World;

use crate::debtors::{Debtor, counted};

/// The one claim that invoices written straight into the log cannot meet: no subscription stands behind their lines.
const OF_SUBSCRIPTIONS: &str = "each charge is on one document";

/// Everything there is to see at one position.
struct Seen {
    invoices: BTreeMap<String, Value>,
    payments: Vec<Value>,
    ledger: Ledger,
}

/// Nothing was captured twice, everything captured is shown, and nothing else is; nothing is unknown any more.
pub async fn judge(world: &World, debtors: &[Debtor]) -> anyhow::Result<()> {
    let seen = look(world).await?;
    let mut wrong = Vec::new();
    for id in debtors.iter().flat_map(|debtor| &debtor.invoices) {
        wrong.extend(of_invoice(&seen, id)?);
    }
    wrong.extend(of_payments(&seen));
    println!("payments: {:?}", counted(seen.payments.iter().filter_map(|payment| payment["status"].as_str())));
    println!(
        "invoices: {:?}",
        counted(seen.invoices.values().filter_map(|invoice| invoice["payment_status"].as_str()))
    );
    ensure!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let mut report = invariants::check(&System::of(world, None)).await?;
    report.0.retain(|finding| !finding.claim.starts_with(OF_SUBSCRIPTIONS));
    ensure!(report.violations() == 0, "{}", report.complaints());
    Ok(())
}

async fn look(world: &World) -> anyhow::Result<Seen> {
    let (operator, head) = (world.operator()?, story::head(world).await?);
    let invoices = all_pages(&operator, &format!("/v1/invoices?min_position={head}"), 100).await?;
    let payments = all_pages(&operator, &format!("/v1/payments?min_position={head}"), 100).await?;
    let by_id = |invoice: Value| Some((invoice["id"].as_str()?.to_owned(), invoice));
    Ok(Seen {
        invoices: invoices.into_iter().filter_map(by_id).collect(),
        payments,
        ledger: gateways::ledger(world).await?,
    })
}

fn of_invoice(seen: &Seen, id: &str) -> anyhow::Result<Vec<String>> {
    let invoice = seen.invoices.get(id).with_context(|| format!("the invoice {id} is not shown"))?;
    let (charges, refunds) = (seen.ledger.charges(id).len(), seen.ledger.refunds(id).len());
    let (standing, total) = (seen.ledger.standing(id), amount(&invoice["total"])?);
    let (status, state) = (text(&invoice["status"]), text(&invoice["payment_status"]));
    let what =
        format!("the invoice {id} is {status}, {state}; {charges} charges and {refunds} refunds leave {standing}");
    let mut wrong = Vec::new();
    if charges > refunds + 1 {
        wrong.push(format!("captured more than once: {what}"));
    }
    let expected = if status == "paid" { total } else { Decimal::ZERO };
    if standing != expected {
        wrong.push(format!("not {expected}: {what}"));
    }
    if !["paid", "failed", "unpaid"].contains(&state) || (state == "paid") != (status == "paid") {
        wrong.push(format!("not settled: {what}"));
    }
    Ok(wrong)
}

/// Every payment that is shown as made has exactly one charge, and no other has one.
fn of_payments(seen: &Seen) -> Vec<String> {
    let mut wrong = Vec::new();
    for payment in &seen.payments {
        let (id, status) = (text(&payment["id"]), text(&payment["status"]));
        let charges = seen.ledger.under(id).len();
        if charges != usize::from(status == "succeeded") {
            wrong.push(format!("the payment {id} is {status}, with {charges} charges"));
        }
        if ["started", "unknown"].contains(&status) {
            wrong.push(format!("the payment {id} is still {status}: {:?}", payment["reason"]));
        }
    }
    let known = |key: &str| seen.payments.iter().any(|payment| payment["id"] == key);
    let charges = seen.ledger.movements.iter().filter(|movement| movement.operation == Operation::Charge);
    wrong.extend(charges.filter(|charge| !known(&charge.key)).map(|charge| format!("nobody shows {charge:?}")));
    wrong
}

fn amount(money: &Value) -> anyhow::Result<Decimal> {
    Ok(text(&money["amount"]).parse()?)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
