//! The checks of books and payments find what is wrong there: every kind of damage is done by hand, and undone again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::Months;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};
use tests::demo::collection::{IN_FUNDS, Till, euro};
use tests::invariants::{self, System};
use tests::story::new_key;
use tests::world::World;

/// By the number of what must never happen.
const DAMAGE: [(u8, &str); 14] = [
    (
        16,
        "update events set payload = replace(payload::text, '\"119.00\"', '\"120.00\"')::json \
         where event_type = 'InvoiceIssued'",
    ),
    (
        16,
        "update events set payload = replace(payload::text, '\"10.00\"', '\"11.00\"')::json \
         where event_type = 'BalanceCredited'",
    ),
    (
        16,
        "update events set payload = replace(payload::text, '\"19.00\"', '\"18.00\"')::json \
         where event_type = 'RefundStarted'",
    ),
    (16, "delete from events where event_type = 'BalanceCredited'"),
    (19, "delete from events where event_type = 'NumberAllotted'"),
    (19, "delete from events where event_type = 'ChargesBilled'"),
    (
        19,
        "insert into events select (select max(position) from events) + 1, aggregate_type, gen_random_uuid()::text, 1, \
         event_type, event_version, payload, metadata, event_id, command_id, customer_id, recorded_at \
         from events where event_type = 'InvoiceIssued'",
    ),
    (
        17,
        "insert into events select (select max(position) from events) + 1, aggregate_type, aggregate_id, sequence + 1000, \
         event_type, event_version, payload, metadata, event_id, command_id, customer_id, recorded_at \
         from events where event_type = 'PaymentBooked' order by position limit 1",
    ),
    (
        17,
        "update events set event_type = 'PaymentUnreachable', \
         payload = '{\"PaymentUnreachable\":{\"at\":\"2026-11-15T00:00:00Z\"}}' where event_type = 'PaymentSucceeded' \
         and position = (select min(position) from events where event_type = 'PaymentSucceeded')",
    ),
    (
        17,
        "update events set event_type = 'RefundFailed', \
         payload = replace(payload::text, 'RefundSucceeded', 'RefundFailed')::json where event_type = 'RefundSucceeded'",
    ),
    (17, "delete from events where event_type = 'PaymentBooked'"),
    (
        18,
        "insert into events select (select max(position) from events) + 1, aggregate_type, gen_random_uuid()::text, 1, \
         event_type, event_version, payload, metadata, event_id, command_id, customer_id, recorded_at \
         from events where event_type = 'PaymentStarted' order by position limit 1",
    ),
    (18, "delete from events where event_type = 'PaymentAttempted'"),
    (
        23,
        "update events set payload = regexp_replace(payload::text, '\"unit_cost\":\\{\"amount\":\"', \
         '\"unit_cost\":{\"amount\":\"7')::json where event_type = 'SubscriptionStarted'",
    ),
];

/// A month that was billed and paid by itself, of which some went back, and some came in twice.
async fn paid_month() -> anyhow::Result<World> {
    let world = World::start_at("2026-10-01T09:00:00Z").await?;
    let till = Till::open(&world.site()).await?;
    let buyer = till.sells("Paid", IN_FUNDS, json!({})).await?;
    till.begins(till.clock.today().await? + Months::new(1)).await?;
    let due_on = till.invoice_of(&buyer.id).await?["due_on"].as_str().unwrap().parse()?;
    till.begins(due_on).await?;
    let invoice = till.invoice_of(&buyer.id).await?;
    assert_eq!(invoice["status"], "paid", "{invoice}");
    let payment = invoice["payments"][0]["id"].as_str().unwrap();
    let path = format!("/v1/payments/{payment}/refunds");
    till.operator.post(&path, &new_key(), &json!({ "amount": euro("19.00") }), 202).await?;
    let twice = json!({ "amount": euro("10.00"), "received_on": due_on, "reference": "Once more" });
    let path = format!("/v1/invoices/{}/payments", invoice["id"].as_str().unwrap());
    till.operator.post(&path, &new_key(), &twice, 201).await?;
    till.passes("P0D").await?;
    Ok(world)
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_books_and_payments_are_found() -> anyhow::Result<()> {
    let mut world = paid_month().await?;
    let system = System::of(&world, None);
    world.product.kill9().await?;
    let before = invariants::check(&system).await?;
    assert_eq!(before.violations(), 0, "{}", before.complaints());

    let mut connection = PgConnection::connect(&world.admin_url).await?;
    connection.execute("set session_replication_role = replica").await?;
    connection.execute("create table kept as select * from events").await?;
    for (number, damage) in DAMAGE {
        let done = connection.execute(damage).await?.rows_affected();
        assert!(done > 0, "there is nothing to damage: {damage}");
        let report = invariants::check(&system).await?;
        let found = report.0.iter().any(|finding| finding.number == number && !finding.violations.is_empty());
        assert!(found, "{number} does not find: {damage}\n{}", report.complaints());
        connection.execute("delete from events; insert into events select * from kept").await?;
    }
    let after = invariants::check(&system).await?;
    assert_eq!(after.violations(), 0, "{}", after.complaints());
    Ok(())
}
