//! Changes that reach the provider and come back, whatever gets lost on the way: the provider's own ledger says what
//! it has really done, and how often.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap};

use anyhow::Context;
use chrono::{Months, NaiveDate};
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::Client;
use tests::invariants::{self, System};
use tests::story::{self, all_pages, cast, texts};
use tests::world::World;

use crate::subscription_changes::{asks, does, has, licences};

/// What a subscription goes through, and the provider's word for each.
const LIFE: [(&str, &str); 7] = [
    ("quantity", "change_quantity"),
    ("quantity", "change_quantity"),
    ("suspend", "suspend"),
    ("resume", "resume"),
    ("extend", "extend"),
    ("renewal", "set_renewal"),
    ("cancel", "cancel_subscription"),
];

fn writes(fault: &str, times: u32) -> Value {
    json!({ "match": { "path": "/v1/subscriptions/*" }, "fault": fault, "times": times })
}

/// Goes through all of it; answers its path.
async fn lives(world: &World, customer: &Client) -> anyhow::Result<String> {
    let path = has(world, customer, "team-storage", 3).await?;
    let end: NaiveDate = customer.get(&path).await?.body["ends_on"].as_str().unwrap().parse()?;
    let later = end + Months::new(2);
    let bodies = [
        (json!({ "quantity": 5 }), 202, ("quantity", json!(5))),
        (json!({ "quantity": 4 }), 202, ("quantity", json!(4))),
        (json!({}), 202, ("status", json!("suspended"))),
        (json!({}), 202, ("status", json!("active"))),
        (json!({ "ends_on": later }), 202, ("ends_on", json!(later))),
        (json!({ "action": "expire" }), 200, ("status", json!("active"))),
        (json!({ "effective": "now" }), 202, ("status", json!("cancelled"))),
    ];
    for ((what, _), (body, status, (member, expected))) in LIFE.iter().zip(bodies) {
        let settled = does(customer, &path, what, Some(body), status).await?;
        assert_eq!(settled[member], expected, "{what}: {settled}");
    }
    Ok(path)
}

/// Our id of it, and the provider's.
async fn ids(client: &Client, path: &str) -> anyhow::Result<(String, String)> {
    let body = client.get(path).await?.body;
    let theirs = body["provider"]["subscription_id"].as_str().context("no provider's id")?;
    Ok((body["id"].as_str().context("no id")?.to_owned(), theirs.to_owned()))
}

async fn ledger(world: &World) -> anyhow::Result<Vec<Value>> {
    let provider = Client::new(&world.settings.provider.url(), "")?;
    Ok(provider.get("/sim/ledger").await?.body["effects"].as_array().context("no effects")?.clone())
}

/// The provider has done each thing once, under the operation id of an effect of ours, and nothing else.
async fn did_each_once(world: &World, path: &str, customer: &Client) -> anyhow::Result<()> {
    let (ours, theirs) = ids(customer, path).await?;
    let ledger = ledger(world).await?;
    let of_it: Vec<&Value> = ledger.iter().filter(|effect| effect["resource_id"] == theirs.as_str()).collect();
    let mut done: BTreeMap<&str, usize> = BTreeMap::new();
    of_it.iter().for_each(|effect| *done.entry(effect["operation"].as_str().unwrap()).or_default() += 1);
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    LIFE.iter().for_each(|(_, operation)| *asked.entry(operation).or_default() += 1);
    assert_eq!(done, asked, "{of_it:?}");
    let sql = format!(
        "select op_id::text from effects where subject = '{ours}' and state = 'done' \
         and kind in ('change_subscription', 'send_renewal')"
    );
    let mut op_ids = texts(world, &sql).await?;
    let mut keys: Vec<&str> = of_it.iter().map(|effect| effect["key"].as_str().unwrap()).collect();
    op_ids.sort();
    keys.sort_unstable();
    assert_eq!(keys, op_ids);
    Ok(())
}

/// Nothing waits for an operator, and whatever must always hold does.
async fn ends_well(world: &World) -> anyhow::Result<()> {
    let dead = texts(world, "select kind || ': ' || outcome from effects where state = 'dead'").await?;
    assert!(dead.is_empty(), "{dead:?}");
    let report = invariants::check(&System::of(world, None)).await?;
    assert_eq!(report.violations(), 0, "{}", report.complaints());
    Ok(())
}

#[tokio::test]
async fn changes_converge_with_every_webhook_and_with_none() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let path = lives(&world, &cast.customer).await?;
    did_each_once(&world, &path, &cast.customer).await?;
    for kind in ["operation.", "subscription."] {
        let lost = json!({ "match": { "path": kind }, "fault": "webhook_lost", "times": 1_000 });
        story::troubles(&world, &lost).await?;
    }
    let path = lives(&world, &cast.customer).await?;
    did_each_once(&world, &path, &cast.customer).await?;
    ends_well(&world).await
}

#[tokio::test]
async fn changes_converge_although_answers_get_lost() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    for fault in ["500_after", "500_before", "reset", "429", "stale"] {
        // Also reads of the subscription, the order's own among them.
        let matching = json!({ "path": "/v1/subscriptions/*" });
        let script = json!({ "match": matching, "fault": fault, "times": 4, "share": 0.5, "seed": 7, "ms": 100 });
        story::troubles(&world, &script).await?;
        let path = lives(&world, &cast.customer).await.with_context(|| format!("with {fault}"))?;
        story::calms(&world).await?;
        did_each_once(&world, &path, &cast.customer).await.with_context(|| format!("with {fault}"))?;
    }
    ends_well(&world).await
}

#[tokio::test]
async fn an_answer_that_never_comes_is_asked_for_again() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let path = has(&world, customer, "team-storage", 3).await?;
    story::troubles(&world, &writes("timeout_after", 1)).await?;
    let more = does(customer, &path, "quantity", Some(json!({ "quantity": 8 })), 202).await?;
    assert_eq!((&more["quantity"], &more["licence_count"]), (&json!(8), &json!(8)));
    let (_, theirs) = ids(customer, &path).await?;
    let ledger = ledger(&world).await?;
    let done = ledger.iter().filter(|effect| effect["resource_id"] == theirs.as_str()).count();
    assert_eq!(done, 1, "{ledger:?}");
    ends_well(&world).await
}

#[tokio::test]
async fn what_the_provider_will_not_do_is_rejected_with_a_reason() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let path = has(&world, customer, "team-storage", 3).await?;
    // Accepted, and then not done.
    story::troubles(&world, &writes("reject_line", 1)).await?;
    let kept = does(customer, &path, "quantity", Some(json!({ "quantity": 8 })), 202).await?;
    assert_eq!(kept["quantity"], 3);
    story::calms(&world).await?;
    // Somebody in the provider's console was faster: it is so already, which is what was asked for.
    let (_, theirs) = ids(customer, &path).await?;
    for kind in ["operation.", "subscription."] {
        let lost = json!({ "match": { "path": kind }, "fault": "webhook_lost", "times": 1_000 });
        story::troubles(&world, &lost).await?;
    }
    console(&world, &theirs, &json!({ "status": "suspended" })).await?;
    let suspended = does(customer, &path, "suspend", None, 202).await?;
    assert_eq!((&suspended["status"], &suspended["suspended_by"]), (&json!("suspended"), &json!("customer")));
    // What it has ended cannot be resumed; that it has ended is learnt from the refusal.
    console(&world, &theirs, &json!({ "status": "cancelled" })).await?;
    story::expect(asks(customer, &path, "resume", None).await?, 202)?;
    let ended = customer.wait_until(&path, |body| body["status"] == "cancelled" && body["change"].is_null()).await?;
    assert_eq!(ended.body["suspended_by"], Value::Null);
    let changes = all_pages(customer, &format!("{path}/changes"), 100).await?;
    let by_kind: HashMap<&str, &Value> =
        changes.iter().map(|change| (change["kind"].as_str().unwrap(), change)).collect();
    let told = |kind: &str| (by_kind[kind]["state"].clone(), by_kind[kind]["reason"].clone());
    assert_eq!(told("quantity"), (json!("rejected"), json!("rejected-by-provider")));
    assert_eq!(told("suspension"), (json!("confirmed"), Value::Null));
    assert_eq!(told("resumption"), (json!("rejected"), json!("invalid-state")));
    ends_well(&world).await
}

/// Somebody in the provider's own console.
async fn console(world: &World, id: &str, edit: &Value) -> anyhow::Result<()> {
    let provider = Client::new(&world.settings.provider.url(), "")?;
    let path = format!("/sim/subscriptions/{id}");
    story::expect(story::ask(&provider, reqwest::Method::PATCH, &path, None, Some(edit)).await?, 200)?;
    Ok(())
}

#[tokio::test]
async fn what_others_change_at_the_provider_is_taken_over_as_its_doing() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let path = has(&world, customer, "team-storage", 3).await?;
    let (ours, theirs) = ids(customer, &path).await?;
    console(&world, &theirs, &json!({ "quantity": 6 })).await?;
    customer.wait_until(&path, |body| body["quantity"] == 6 && body["licence_count"] == 6).await?;
    assert_eq!(licences(customer, &path).await?.len(), 6);
    console(&world, &theirs, &json!({ "status": "suspended" })).await?;
    let suspended = customer.wait_until(&path, |body| body["status"] == "suspended").await?;
    assert_eq!(suspended.body["suspended_by"], "provider");
    console(&world, &theirs, &json!({ "quantity": 2 })).await?;
    customer.wait_until(&path, |body| body["quantity"] == 2 && body["licence_count"] == 2).await?;
    console(&world, &theirs, &json!({ "status": "cancelled" })).await?;
    customer.wait_until(&path, |body| body["status"] == "cancelled").await?;
    let events = cast.auditor.get(&format!("/v1/audit/streams/subscription/{ours}?limit=100")).await?;
    let by_provider = |event: &&Value| event["metadata"]["role"] == "provider";
    let adopted: Vec<String> =
        story::each(&story::data(&events).iter().filter(by_provider).cloned().collect::<Vec<_>>(), "type");
    for expected in ["QuantityChangeConfirmed", "SuspensionConfirmed", "CancellationConfirmed"] {
        assert!(adopted.contains(&expected.to_owned()), "{adopted:?}");
    }
    ends_well(&world).await
}

#[tokio::test]
async fn terms_are_renewed_as_instructed_although_no_webhook_comes() -> anyhow::Result<()> {
    let world = World::start_at("2027-03-10T09:00:00Z").await?;
    let cast = cast(&world)?;
    let (customer, clock) = (&cast.customer, DevClock::new(&world.settings.api_url())?);
    let renewing = has(&world, customer, "team-storage", 3).await?;
    let following = has(&world, customer, "team-storage", 2).await?;
    let expiring = has(&world, customer, "team-storage", 1).await?;
    for kind in ["operation.", "subscription."] {
        let lost = json!({ "match": { "path": kind }, "fault": "webhook_lost", "times": 1_000 });
        story::troubles(&world, &lost).await?;
    }
    let before = customer.get(&renewing).await?.body;
    does(customer, &renewing, "renewal", Some(json!({ "action": "renew", "quantity": 5 })), 200).await?;
    does(customer, &expiring, "renewal", Some(json!({ "action": "expire" })), 200).await?;
    let term_months = if before["term"] == "P1M" { 1 } else { 12 };
    let end: NaiveDate = before["ends_on"].as_str().unwrap().parse()?;
    clock.advance_to(end).await?;
    let renewed = customer.wait_until(&renewing, |body| body["starts_on"] == json!(end)).await?.body;
    assert_eq!((&renewed["quantity"], &renewed["licence_count"]), (&json!(5), &json!(5)));
    assert_eq!(renewed["ends_on"], json!(end + Months::new(term_months)));
    assert_eq!(renewed["renewal"], json!({ "action": "renew", "quantity": null, "confirmed": true }));
    let followed = customer.wait_until(&following, |body| body["starts_on"] == json!(end)).await?.body;
    assert_eq!(followed["quantity"], 2);
    let expired = customer.wait_until(&expiring, |body| body["status"] == "expired").await?.body;
    assert_eq!(expired["ends_on"], json!(end));
    ends_well(&world).await
}
