//! Invoices that are collected by themselves on the due day, and tried again when that fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Months, NaiveDate, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use tests::demo::collection::{self, Buyer, IN_FUNDS, SHORT_OF_MONEY, Till, euro};
use tests::invariants::{self, System};
use tests::story::{self, all_pages, each, new_key};
use tests::world::World;

const BEGINS: &str = "2026-10-01T09:00:00Z";
/// With tax 120.12: the gateway does not know the customer.
const UNKNOWN_THERE: &str = "100.94";
/// With tax 120.14: the gateway is not reached.
const UNREACHABLE: &str = "100.96";
/// With tax 100.16: nobody confirms it in time.
const EXPIRES: &str = "84.17";

async fn payments_of(till: &Till, customer_id: &str) -> anyhow::Result<Vec<Value>> {
    let invoice = till.invoice_of(customer_id).await?;
    let path = format!("/v1/payments?invoice_id={}", invoice["id"].as_str().unwrap());
    let mut payments = all_pages(&till.operator, &path, 100).await?;
    payments.reverse();
    Ok(payments)
}

/// The days the payments of an invoice were started on.
fn days(payments: &[Value]) -> Vec<NaiveDate> {
    let day = |payment: &Value| payment["created_at"].as_str().unwrap()[..10].parse().unwrap();
    payments.iter().map(day).collect()
}

async fn holds(world: &World) -> anyhow::Result<()> {
    let report = invariants::check(&System::of(world, None)).await?;
    assert_eq!(report.violations(), 0, "{}", report.complaints());
    Ok(())
}

#[tokio::test]
async fn what_is_due_is_collected_and_tried_again_by_the_rules() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let till = Till::open(&world.site()).await?;
    let usual = || json!({});
    let pays = till.sells("Pays", IN_FUNDS, usual()).await?;
    let by_token = till.sells("Token", IN_FUNDS, json!({ "gateway": "token" })).await?;
    let declined = till.sells("Declined", SHORT_OF_MONEY, json!({ "dunning": false })).await?;
    let expires = till.sells("Expires", EXPIRES, json!({ "dunning": false })).await?;
    let unknown = till.sells("Unknown", UNKNOWN_THERE, json!({ "dunning": false })).await?;
    let by_hand = till.sells("By hand", IN_FUNDS, json!({ "collection": "manual", "dunning": false })).await?;
    till.begins("2026-11-15".parse()?).await?;

    for buyer in [&pays, &by_token] {
        let invoice = till.invoice_of(&buyer.id).await?;
        assert_eq!((&invoice["status"], &invoice["payment_status"]), (&json!("paid"), &json!("paid")), "{invoice}");
        assert_eq!((&invoice["balance"], &invoice["next_attempt_on"]), (&euro("0.00"), &json!(null)));
        let payments = payments_of(&till, &buyer.id).await?;
        assert_eq!(
            (each(&payments, "status"), days(&payments)),
            (vec!["succeeded".into()], vec!["2026-11-15".parse()?])
        );
    }
    let failed = [(&declined, "insufficient_balance"), (&expires, "expired"), (&unknown, "customer_not_found")];
    for (buyer, reason) in failed {
        let invoice = till.invoice_of(&buyer.id).await?;
        assert_eq!((&invoice["status"], &invoice["payment_status"]), (&json!("issued"), &json!("failed")));
        assert_eq!(invoice["payment_reason"], reason, "{invoice}");
        let seen = buyer.client.get(&format!("/v1/invoices/{}", invoice["id"].as_str().unwrap())).await?.body;
        assert_eq!((&seen["payment_reason"], &seen["balance"]), (&invoice["payment_reason"], &invoice["balance"]));
    }
    let left = till.invoice_of(&by_hand.id).await?;
    assert_eq!((&left["payment_status"], &left["next_attempt_on"]), (&json!("unpaid"), &json!(null)));

    till.begins("2026-12-20".parse()?).await?;
    let again: Vec<NaiveDate> = [0, 8, 16, 24].map(|n| due() + Days::new(n)).to_vec();
    for (buyer, expected) in [(&declined, &again), (&expires, &again), (&unknown, &vec![due()])] {
        assert_eq!(days(&payments_of(&till, &buyer.id).await?), *expected, "{}", buyer.name);
        let invoice = till.invoice_of(&buyer.id).await?;
        assert_eq!((&invoice["overdue"], &invoice["next_attempt_on"]), (&json!(true), &json!(null)));
        let live = till.operator.get(&buyer.subscription).await?.body;
        assert_eq!(live["status"], "active", "its terms know no dunning: {live}");
    }
    assert_eq!(payments_of(&till, &by_hand.id).await?.len(), 0);
    let path = format!("/v1/invoices/{}/pay", left["id"].as_str().unwrap());
    story::expect(story::ask(&by_hand.client, Method::POST, &path, Some(&new_key()), None).await?, 202)?;
    till.passes("P0D").await?;
    assert_eq!(till.invoice_of(&by_hand.id).await?["status"], "paid");
    holds(&world).await
}

fn due() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 15).unwrap()
}

/// Business time.
fn times(payments: &[Value]) -> Vec<DateTime<Utc>> {
    payments.iter().map(|payment| payment["created_at"].as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn a_gateway_that_is_away_is_tried_every_five_minutes_and_then_every_hour() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let till = Till::open(&world.site()).await?;
    let buyer = till.sells("Away", UNREACHABLE, json!({ "dunning": false })).await?;
    till.begins("2026-11-17".parse()?).await?;
    let invoice = till.invoice_of(&buyer.id).await?;
    assert_eq!((&invoice["payment_status"], &invoice["payment_reason"]), (&json!("failed"), &json!("unreachable")));
    let times = times(&payments_of(&till, &buyer.id).await?);
    let mut pauses: BTreeMap<i64, usize> = BTreeMap::new();
    for (one, next) in times.iter().zip(&times[1..]) {
        // What passed in real time meanwhile comes on top.
        *pauses.entry(next.signed_duration_since(one).num_minutes()).or_default() += 1;
    }
    assert_eq!(pauses, BTreeMap::from([(5, 12), (60, 24)]), "{times:?}");
    assert_eq!(times[0].date_naive(), due());
    assert!(times[12].signed_duration_since(times[0]) < TimeDelta::minutes(65), "{times:?}");

    // Nobody tries any more by itself; the customer may, and then it is over.
    till.passes("P2D").await?;
    assert_eq!(payments_of(&till, &buyer.id).await?.len(), times.len());
    till.receives(&buyer.id).await?;
    assert_eq!(till.invoice_of(&buyer.id).await?["status"], "paid");
    holds(&world).await
}

#[tokio::test]
async fn terms_plan_the_collection_of_what_is_open_and_end_it() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let till = Till::open(&world.site()).await?;
    let buyer = till.sells("Changes", IN_FUNDS, json!({})).await?;
    till.begins(till.clock.today().await? + Months::new(1)).await?;
    let next = async || anyhow::Ok(till.invoice_of(&buyer.id).await?["next_attempt_on"].clone());
    let planned = next().await?;
    assert!(planned.as_str().unwrap().starts_with("2026-11-15"), "{planned}");
    till.agrees(&buyer.id, json!({ "collection": "manual" })).await?;
    till.passes("P0D").await?;
    assert_eq!(next().await?, json!(null));
    till.begins("2026-11-16".parse()?).await?;
    assert_eq!(payments_of(&till, &buyer.id).await?.len(), 0);
    till.agrees(&buyer.id, json!({})).await?;
    till.passes("P0D").await?;
    assert_eq!(till.invoice_of(&buyer.id).await?["status"], "paid", "it was due already");
    let efforts = till.efforts(&buyer.id).await?;
    let expected = [
        "2026-11-01 planned no more",
        "2026-11-16 overdue",
        "2026-11-16 first reminder",
        "2026-11-16 planned for 2026-11-16",
        "2026-11-16 paid",
        "2026-11-16 succeeded",
    ];
    assert_eq!(efforts.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    holds(&world).await
}

/// What is told by `./dev demo collection`.
#[tokio::test]
async fn reminded_suspended_paid_and_resumed() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let told = collection::live(&world.site()).await?;
    let (till, debtor): (&Till, &Buyer) = (&told.till, &told.debtor);
    assert_eq!(told.due_on, due());
    let expected = [
        "2026-11-15 insufficient balance, again on 2026-11-23",
        "2026-11-16 overdue",
        "2026-11-16 first reminder",
        "2026-11-22 second reminder",
        "2026-11-23 insufficient balance, again on 2026-12-01",
        "2026-11-29 last reminder",
        "2026-12-01 insufficient balance, again on 2026-12-09",
        "2026-12-09 insufficient balance",
        "2026-12-15 suspension",
        "2026-12-16 paid",
    ];
    assert_eq!(till.efforts(&debtor.id).await?, expected);
    assert_eq!(till.efforts(&told.payer.id).await?, ["2026-11-15 paid", "2026-11-15 succeeded"]);
    let did = async |what: &str, whose: &Buyer| till.provider_did(what, whose).await;
    assert_eq!((did("suspend", debtor).await?, did("resume", debtor).await?), (1, 1));
    assert_eq!((did("suspend", &told.payer).await?, did("resume", &told.payer).await?), (0, 0));
    holds(&world).await
}
