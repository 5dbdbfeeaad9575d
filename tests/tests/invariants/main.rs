//! The checks of read models and indexes find what is wrong there: every kind of damage is done by hand once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commission;

use std::collections::BTreeSet;

use domain::billing::{Period, Route};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tests::client::Client;
use tests::invariants::{self, Report, System};
use tests::log_world::{Bill, LogProcess, PATIENCE, WriteInvoice, eventually, persist, system};
use tests::story::{self, cast, new_key};
use tests::world::World;
use tests::world::description::Sample;
use uuid::Uuid;

/// Business time: January has been billed, and nothing of it is due yet.
const BEGINS: &str = "2026-02-16T09:30:00Z";
/// Readers that keep what is damaged.
const BEHIND: &str = "select count(*) from readers \
    where name in ('indexes', 'directory', 'orders', 'subscriptions', 'billing') \
    and position < (select position from log_head)";

/// The number under which read models and indexes are.
const SHOWN: u8 = 8;

/// Each with what is said of it.
const DAMAGE: [(&str, &str); 15] = [
    (
        "update read_price_rule_items set rule = rule || '{\"effective_from\": \"1999-01-01\"}'",
        "read_price_rule_items shows",
    ),
    ("update read_exchange_rate_items set rate = rate + 1 where base = 'USD'", "read_exchange_rate_items shows"),
    ("delete from read_exchange_rate_items where base = 'GBP'", "read_exchange_rate_items lacks"),
    ("update read_catalogue_changes set position = position - 1", "read_catalogue_changes is at"),
    (
        "update read_moves set reseller_id = gen_random_uuid() where noun = 'read_orders'",
        "read_moves of read_orders shows",
    ),
    ("delete from read_moves where noun = 'read_invoices'", "read_moves of read_invoices lacks"),
    (
        "update read_moves set customer_id = gen_random_uuid() where noun = 'read_accounts'",
        "which the log does not know",
    ),
    ("update index_price_scopes set service_id = null where service_id is not null", "the index price_scopes"),
    ("update index_price_rules set author = 'somebody'", "the index price_rules"),
    ("update index_services set active = not active", "the index services"),
    ("update index_parties set bill_to = 'reseller' where bill_to = 'customer'", "the index parties"),
    ("update index_terms set dunning = not dunning", "the index terms"),
    ("delete from index_commission_accounts", "the index commission_accounts"),
    ("update index_collection set next_step_on = next_step_on + 1", "the index collection"),
    ("update index_open_invoices set customer_id = gen_random_uuid()", "the index open_invoices"),
];

fn rule_path(id: u32) -> String {
    format!("/v1/price-rules/0197f3a4-6f6e-7d31-9c55-0000{id:08x}")
}

async fn puts(client: &Client, path: &str, body: &Value, status: u16) -> anyhow::Result<()> {
    story::expect(story::ask(client, Method::PUT, path, None, Some(body)).await?, status).map(drop)
}

/// Prices are made and taken back, rates set and set again, an end customer's seats billed, its terms changed, and then
/// it leaves its reseller.
async fn town() -> anyhow::Result<World> {
    let world = World::start_at(BEGINS).await?;
    let operator = cast(&world)?.operator;
    let office = world.service("office-business")?;
    puts(&operator, &rule_path(1), &json!({ "kind": "markup_on_cost", "percent": "25" }), 201).await?;
    puts(&operator, &rule_path(1), &json!({ "kind": "markup_on_cost", "percent": "30" }), 200).await?;
    for id in [2, 3] {
        let day = format!("2026-02-{}", 16 + id);
        let rule = json!({ "service_id": office, "kind": "margin", "percent": "15", "effective_from": day });
        puts(&operator, &rule_path(id), &rule, 201).await?;
    }
    story::expect(story::ask(&operator, Method::DELETE, &rule_path(3), None, None).await?, 204)?;
    for (base, rate) in [("USD", "0.92"), ("GBP", "1.15"), ("USD", "0.9300")] {
        let rate = json!({ "base": base, "quote": "EUR", "rate": rate });
        puts(&operator, "/v1/exchange-rates", &rate, 200).await?;
    }
    let app = &world.settings.databases.app;
    is_billed(&LogProcess::start(app, app).await?, &world.sample).await?;
    let customer = format!("/v1/customers/{}", world.sample.customer_id);
    puts(&operator, &format!("{customer}/terms"), &json!({ "collection": "manual", "dunning": false }), 200).await?;
    let moved = story::ask(&operator, Method::PATCH, &customer, None, Some(&json!({ "reseller_id": null }))).await?;
    story::expect(moved, 200)?;
    Ok(world)
}

/// 119.00 for the end customer, of which the reseller earns 10.00. Answers the invoice.
async fn is_billed(log: &LogProcess, sample: &Sample) -> anyhow::Result<Uuid> {
    let period = Period::parse("2026-01").unwrap();
    let bill = Bill {
        customer_id: sample.customer_id.parse()?,
        account_id: sample.account_id.parse()?,
        route: Route::Agency { reseller_id: sample.reseller_id.parse()? },
        period,
        n: 0,
    };
    persist(&log.bus, &system(&new_key()), &WriteInvoice { bill, issued_on: Some(period.end()) }).await?;
    Ok(bill.invoice_id())
}

/// What is said of what must never happen under that number.
fn told(report: &Report, number: u8) -> Vec<String> {
    report.0.iter().filter(|finding| finding.number == number).flat_map(|finding| finding.violations.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_further_rows_and_indexes_are_found() -> anyhow::Result<()> {
    let said: BTreeSet<&str> = DAMAGE.iter().map(|(_, said)| *said).collect();
    assert_eq!(said.len(), DAMAGE.len(), "of two that are told of alike one may not be found");
    let mut world = town().await?;
    eventually("the readers", PATIENCE, async || {
        let mut connection = PgConnection::connect(&world.admin_url).await?;
        Ok(sqlx::query_scalar::<_, i64>(BEHIND).fetch_one(&mut connection).await? == 0)
    })
    .await?;
    world.product.kill9().await?;
    let system = System::of(&world, None);
    let before = told(&invariants::check(&system).await?, SHOWN);
    assert_eq!(before, Vec::<String>::new());

    let mut connection = PgConnection::connect(&world.admin_url).await?;
    for (damage, _) in DAMAGE {
        let done = sqlx::query(damage).execute(&mut connection).await?.rows_affected();
        assert!(done > 0, "there is nothing to damage: {damage}");
    }
    let found = told(&invariants::check(&system).await?, SHOWN);
    for (damage, said) in DAMAGE {
        assert!(found.iter().any(|found| found.contains(said)), "{damage} is not found: {found:?}");
    }
    Ok(())
}
