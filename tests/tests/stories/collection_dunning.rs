//! Who does not pay is reminded and suspended; who pays goes on, also when that crosses the suspension.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::demo::collection::{Buyer, IN_FUNDS, SHORT_OF_MONEY, Till};
use tests::invariants::{self, System};
use tests::story::{self, new_key, troubles};
use tests::world::World;

const BEGINS: &str = "2026-10-01T09:00:00Z";
/// The first day on which what is due on 15 November suspends.
const SUSPENDS: &str = "2026-12-15";

async fn put(client: &Client, path: &str) -> anyhow::Result<Answer> {
    story::ask(client, Method::PUT, path, Some(&new_key()), None).await
}

async fn shown(till: &Till, buyer: &Buyer) -> anyhow::Result<(Value, Value)> {
    let seen = till.operator.get(&buyer.subscription).await?.body;
    Ok((seen["status"].clone(), seen["suspended_by"].clone()))
}

async fn holds(world: &World) -> anyhow::Result<()> {
    let report = invariants::check(&System::of(world, None)).await?;
    assert_eq!(report.violations(), 0, "{}", report.complaints());
    Ok(())
}

#[tokio::test]
async fn only_what_dunning_suspended_is_lifted_and_only_by_paying_or_an_operator() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let till = Till::open(&world.site()).await?;
    let debtor = till.sells("Tardy", SHORT_OF_MONEY, json!({})).await?;
    let stopped = till.sells("Stopped", SHORT_OF_MONEY, json!({})).await?;
    let spared = till.sells("Spared", SHORT_OF_MONEY, json!({})).await?;
    story::expect(put(&till.operator, &format!("{}/suspend", stopped.subscription)).await?, 202)?;
    till.begins(SUSPENDS.parse()?).await?;
    for buyer in [&debtor, &stopped, &spared] {
        assert_eq!(shown(&till, buyer).await?, (json!("suspended"), json!("dunning")), "{}", buyer.name);
        assert_eq!(till.provider_shows(buyer).await?, "suspended", "{}", buyer.name);
        let refused = put(&buyer.client, &format!("{}/resume", buyer.subscription)).await?;
        story::refused(&buyer.client, &refused, 409, "suspended-for-nonpayment").await?;
        let customer = till.operator.get(&format!("/v1/customers/{}", buyer.id)).await?.body;
        assert_eq!(customer["status"], "active", "its services are suspended, not the customer: {customer}");
    }
    story::expect(put(&till.operator, &format!("{}/resume", spared.subscription)).await?, 202)?;
    till.passes("P1D").await?;
    assert_eq!(shown(&till, &spared).await?.0, "active", "an operator may, and it stays so");

    for buyer in [&debtor, &stopped, &spared] {
        till.receives(&buyer.id).await?;
    }
    till.passes("P0D").await?;
    assert_eq!(shown(&till, &debtor).await?, (json!("active"), json!(null)));
    assert_eq!(shown(&till, &stopped).await?, (json!("suspended"), json!("operator")));
    assert_eq!(shown(&till, &spared).await?, (json!("active"), json!(null)));
    assert_eq!(till.provider_shows(&stopped).await?, "suspended");
    for (buyer, suspended, resumed) in [(&debtor, 1, 1), (&stopped, 1, 0), (&spared, 1, 1)] {
        let did = (till.provider_did("suspend", buyer).await?, till.provider_did("resume", buyer).await?);
        assert_eq!(did, (suspended, resumed), "{}", buyer.name);
    }
    let states = "select kind from effects where state <> 'done'";
    assert_eq!(story::texts(&world, states).await?, Vec::<String>::new());
    holds(&world).await
}

#[tokio::test]
async fn a_reseller_that_owes_for_its_customers_is_suspended_itself() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let till = Till::open(&world.site()).await?;
    let (reseller, customer) = till.sells_through("Resale", SHORT_OF_MONEY).await?;
    let reseller_id = reseller.id()?;
    let path = format!("/v1/customers/{reseller_id}");
    till.begins("2026-12-14".parse()?).await?;
    assert_eq!(till.operator.get(&path).await?.body["status"], "active");
    till.begins(SUSPENDS.parse()?).await?;
    let seen = till.operator.get(&path).await?.body;
    assert_eq!((&seen["status"], &seen["suspended_by"]), (&json!("suspended"), &json!("dunning")));
    assert_eq!(shown(&till, &customer).await?, (json!("active"), json!(null)), "its customers' services stay");
    assert_eq!(till.provider_did("suspend", &customer).await?, 0);
    let own = till.client_of("reseller", &reseller_id).await?;
    for client in [&own, &customer.client] {
        story::refused(client, &till.orders(client, &customer).await?, 409, "customer-suspended").await?;
    }
    // It reads, and it pays: its wallet says no, the bank does not.
    let invoice = till.invoice_of(&reseller_id).await?;
    let pay = format!("/v1/invoices/{}/pay", invoice["id"].as_str().unwrap());
    story::expect(story::ask(&own, Method::POST, &pay, Some(&new_key()), None).await?, 202)?;
    till.passes("P0D").await?;
    assert_eq!(till.operator.get(&path).await?.body["status"], "suspended");
    till.receives(&reseller_id).await?;
    till.passes("P0D").await?;
    let seen = till.operator.get(&path).await?.body;
    assert_eq!((&seen["status"], &seen["suspended_by"]), (&json!("active"), &json!(null)));
    story::expect(till.orders(&own, &customer).await?, 201)?;
    till.passes("P0D").await?;
    holds(&world).await
}

#[tokio::test]
async fn an_operators_suspension_of_a_reseller_outlasts_the_payment() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let till = Till::open(&world.site()).await?;
    let (reseller, _) = till.sells_through("Resale", SHORT_OF_MONEY).await?;
    let path = format!("/v1/customers/{}", reseller.id()?);
    till.begins(SUSPENDS.parse()?).await?;
    let suspend = story::ask(&till.operator, Method::POST, &format!("{path}/suspend"), Some(&new_key()), None).await?;
    assert_eq!(story::expect(suspend, 200)?.body["suspended_by"], "operator");
    till.receives(&reseller.id()?).await?;
    till.passes("P0D").await?;
    assert_eq!(till.operator.get(&path).await?.body["suspended_by"], "operator");
    holds(&world).await
}

#[tokio::test]
async fn whoever_pays_while_the_provider_suspends_goes_on() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let till = Till::open(&world.site()).await?;
    let debtor = till.sells("Tardy", SHORT_OF_MONEY, json!({})).await?;
    let prompt = till.sells("Prompt", IN_FUNDS, json!({})).await?;
    till.begins("2026-12-14".parse()?).await?;
    let path = format!("/v1/subscriptions/{}/suspend", debtor.at_provider);
    troubles(&world, &json!({ "match": { "path": path }, "fault": "delay", "ms": 3000 })).await?;
    let (passed, paid) = tokio::join!(till.passes("P1D"), async {
        let asked = |body: &Value| body["change"]["kind"] == "suspension";
        till.operator.wait_until(&debtor.subscription, asked).await?;
        till.receives(&debtor.id).await
    });
    passed?;
    paid?;
    till.passes("P0D").await?;
    assert_eq!(shown(&till, &debtor).await?, (json!("active"), json!(null)));
    assert_eq!(till.provider_shows(&debtor).await?, "active");
    let did = (till.provider_did("suspend", &debtor).await?, till.provider_did("resume", &debtor).await?);
    assert_eq!(did, (1, 1));
    assert_eq!(shown(&till, &prompt).await?, (json!("active"), json!(null)));
    holds(&world).await
}

#[tokio::test]
async fn a_change_in_flight_comes_before_the_suspension() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let till = Till::open(&world.site()).await?;
    let debtor = till.sells("Tardy", SHORT_OF_MONEY, json!({})).await?;
    till.begins("2026-12-14".parse()?).await?;
    let path = format!("/v1/subscriptions/{}", debtor.at_provider);
    let script = json!({ "match": { "method": "PATCH", "path": path }, "fault": "500_before", "times": 3 });
    troubles(&world, &script).await?;
    let grow = json!({ "quantity": 2 });
    let path = format!("{}/quantity", debtor.subscription);
    let asked = story::ask(&debtor.client, Method::PUT, &path, Some(&new_key()), Some(&grow)).await?;
    story::expect(asked, 202)?;
    till.passes("P1D").await?;
    let seen = till.operator.get(&debtor.subscription).await?.body;
    assert_eq!(
        (&seen["quantity"], &seen["suspended_by"], &seen["change"]),
        (&json!(2), &json!("dunning"), &json!(null))
    );
    assert_eq!(till.provider_shows(&debtor).await?, "suspended");
    holds(&world).await
}
