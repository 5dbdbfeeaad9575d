//! The checks are worth something only if they find what is wrong: every kind of damage is done by hand once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};
use tests::driver::{Journal, Line, Load, Received, Request};
use tests::invariants::{self, Report, Sampler, System};
use tests::story;
use tests::world::{World, nats};

const PATIENCE: Duration = Duration::from_secs(30);

/// Damage to a database whose product is gone, as somebody would do it who may do anything.
const DAMAGE: [&str; 14] = [
    "set session_replication_role = replica",
    "delete from events where position = (select max(position) from events where event_type = 'OrderSubmitted')",
    "update command_results set version = version + 100 where first_position = 1",
    "update events set customer_id = gen_random_uuid() where event_type = 'AccountLinked'",
    "grant update on events to cloudsales_app",
    "update read_orders set doc = doc || '{\"version\": 99}'",
    "delete from effects where kind in ('submit_order', 'watch_order')",
    "update inbox set body = 'another'",
    "update readers set position = -1000 where name = 'indexes'",
    "insert into dead_letters (reader, generation, aggregate_type, aggregate_id, position, reason) \
     select name, generation, 'order', 'x', 1, 'by hand' from readers where name = 'orders'",
    "insert into read_moves (noun, generation, customer_id) values ('read_orders', 99, gen_random_uuid())",
    "update read_accounts set customer_id = gen_random_uuid()",
    "grant update (payload) on events to cloudsales_auditor",
    "alter table command_results disable trigger results_append_only",
];

/// What is said of damage that others of its kind would hide.
const TOLD: [&str; 5] = [
    "to another customer or reseller",
    "cloudsales_auditor has UPDATE of a column on events",
    "the trigger results_append_only does not watch",
    "cloudsales_app has UPDATE on events",
    "which is no effect's",
];

/// What makes a subscription another than the provider's, with what is said of it.
const DIFFERENT: [(&str, &str); 5] = [
    (
        "update events set payload = regexp_replace(payload::text, '\"starts_on\":\"\\d+-', '\"starts_on\":\"1999-')::json \
         where event_type = 'SubscriptionStarted' and aggregate_id = $1",
        "starts_on is 1999-",
    ),
    (
        "update events set payload = regexp_replace(payload::text, '\"ends_on\":\"\\d+-', '\"ends_on\":\"2999-')::json \
         where event_type = 'SubscriptionStarted' and aggregate_id = $1",
        "ends_on is 2999-",
    ),
    (
        "update events set payload = regexp_replace(payload::text, '\"quantity\":\\d+', '\"quantity\":77')::json \
         where event_type = 'SubscriptionStarted' and aggregate_id = $1",
        "quantity is 77 here",
    ),
    (
        "update events set payload = regexp_replace(payload::text, '\"provider_subscription_id\":\"', \
         '\"provider_subscription_id\":\"not-')::json where event_type = 'SubscriptionStarted' and aggregate_id = $1",
        "and the provider has no not-",
    ),
    ("delete from events where aggregate_type = 'subscription' and aggregate_id = $1", "which is unknown here"),
];

fn request(key: &str) -> Request {
    let (tenant, method, path) = ("seller".to_owned(), "POST".to_owned(), "/v1/customers".to_owned());
    Request { tenant, key: key.to_owned(), method, path, body: json!({}) }
}

fn answered(key: &str, status: u16) -> Line {
    let answer = Received { status, position: Some(1), body: Value::Null };
    Line::Answered { tenant: "seller".to_owned(), key: key.to_owned(), answer }
}

/// What a lying product would have left in a client's journal.
fn damage_journal(journal: &Journal) -> anyhow::Result<()> {
    let written = "sample/customer/baltic";
    for line in [
        Line::Sent(request("never-written")),
        answered("never-written", 201),
        Line::Sent(request(written)),
        answered(written, 422),
        Line::Sent(request("two-answers")),
        answered("two-answers", 200),
        answered("two-answers", 201),
    ] {
        journal.write(&line)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_done_by_hand_are_found() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let journal = world.folder.join("journal.jsonl");
    let driver = Load::on(&world, 2)?.start(&journal)?;
    driver.progress(30, PATIENCE).await?;
    let journal = driver.finish().await?;
    let system = System::of(&world, Some(journal.path().to_path_buf()));
    let before = invariants::check(&system).await?;
    assert_eq!(before.violations(), 0, "{}", before.complaints());

    world.product.kill9().await?;
    let mut connection = PgConnection::connect(&world.admin_url).await?;
    for damage in DAMAGE {
        connection.execute(damage).await?;
    }
    damage_journal(&journal)?;
    tell_secrets(&world, &mut connection).await?;
    let report = invariants::check(&system).await?;
    let found: BTreeSet<u8> = report.0.iter().filter(|f| !f.violations.is_empty()).map(|f| f.number).collect();
    let wanted = BTreeSet::from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 20, 21, 24]);
    assert!(found.is_superset(&wanted), "not found: {:?}\n{}", wanted.difference(&found), report.complaints());
    for told in TOLD {
        let mut violations = report.0.iter().flat_map(|finding| &finding.violations);
        assert!(violations.any(|violation| violation.contains(told)), "{told}: {}", report.complaints());
    }
    let told: Vec<&String> =
        report.0.iter().filter(|finding| finding.number == 24).flat_map(|finding| &finding.violations).collect();
    for secret in ["has the provider's client secret", "has the operator's token", "has the wallet's key"] {
        assert!(told.iter().any(|told| told.ends_with(secret)), "{secret}: {told:?}");
    }
    Ok(())
}

/// In an effect, a dead letter and a log.
async fn tell_secrets(world: &World, connection: &mut PgConnection) -> anyhow::Result<()> {
    let settings = &world.settings;
    let outcome = format!("asked as {}", settings.provider.client_secret);
    sqlx::query("update effects set outcome = $1 where op_id = (select min(op_id::text)::uuid from effects)")
        .bind(outcome)
        .execute(&mut *connection)
        .await?;
    let reason = format!("refused {}", world.tokens.operator);
    sqlx::query("update dead_letters set reason = $1").bind(reason).execute(connection).await?;
    let mut log = OpenOptions::new().append(true).open(settings.logs.join("cloudsales.log"))?;
    writeln!(log, "paying with {}", settings.gateways.as_ref().unwrap().wallet_key)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_between_us_and_the_provider_are_found() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let (customer, service) = (world.customer()?, world.service("office-business")?);
    let mut bought = Vec::new();
    for _ in DIFFERENT {
        bought.push(story::buys(&customer, &world.sample.account_id, service, 2).await?);
    }
    let system = System::of(&world, None);
    let before = invariants::check(&system).await?;
    assert_eq!(before.violations(), 0, "{}", before.complaints());

    world.product.kill9().await?;
    let mut connection = PgConnection::connect(&world.admin_url).await?;
    connection.execute("set session_replication_role = replica").await?;
    for ((damage, _), subscription) in DIFFERENT.iter().zip(&bought) {
        let id = subscription["id"].as_str().unwrap();
        let done = sqlx::query(damage).bind(id).execute(&mut connection).await?.rows_affected();
        assert!(done > 0, "there is nothing to damage: {damage}");
    }
    // Nobody is about to settle it.
    connection.execute("update effects set state = 'done' where state = 'due'").await?;
    let report = invariants::check(&system).await?;
    let differing: Vec<&String> =
        report.0.iter().filter(|finding| finding.number == 13).flat_map(|finding| &finding.violations).collect();
    for (damage, told) in DIFFERENT {
        assert!(differing.iter().any(|found| found.contains(told)), "{damage}: {differing:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_generations_are_found() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let system = System::of(&world, None);
    world.product.kill9().await?;
    let generations = |report: &Report| {
        let finding = report.0.iter().find(|finding| finding.number == 10).unwrap();
        (finding.looked_at, finding.violations.join("\n"))
    };
    let (looked_at, found) = generations(&invariants::check(&system).await?);
    assert!(looked_at > Some(0) && found.is_empty(), "{found}");

    // What a rebuild that died leaves is emptied by the next one.
    let mut connection = PgConnection::connect(&world.admin_url).await?;
    connection.execute("insert into read_catalogue_changes (generation, position) values (2, 0)").await?;
    assert_eq!(generations(&invariants::check(&system).await?).1, "");

    // Shown although nothing was built.
    connection.execute("update readers set generation = 2 where name = 'directory'").await?;
    let (_, found) = generations(&invariants::check(&system).await?);
    assert!(found.contains("directory was rebuilt, and read_customers lacks"), "{found}");
    assert!(found.contains("read_customers has rows of generation 1"), "{found}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_behind_the_end_of_the_mirror_are_found() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    world.product.kill9().await?;
    let mirror = &world.settings.mirror;
    let stream = async_nats::jetstream::new(nats::connect(&mirror.nats_url).await?);
    stream.publish(format!("{}.3.price_rule.PriceRuleSet", mirror.subject_prefix), "junk".into()).await?.await?;
    let report = invariants::check(&System::of(&world, None)).await?;
    let foreign = report.0.iter().find(|finding| finding.number == 6).unwrap();
    assert_eq!(foreign.violations.len(), 1, "{}", report.complaints());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_forgotten_orders_are_found() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    world.provider.kill9().await?;
    let lines = json!([{ "service_id": world.service("office-business")?, "quantity": 3 }]);
    let order = json!({ "account_id": world.sample.account_id, "lines": lines });
    let placed = world.reseller()?.post("/v1/orders", "forgotten", &order, 201).await?;
    world.operator()?.get_at(&format!("/v1/orders/{}", placed.id()?), placed.position()?).await?;
    world.product.kill9().await?;
    let system = System { ccp_sim: None, ..System::of(&world, None) };
    let before = invariants::check(&system).await?;
    assert_eq!(before.violations(), 0, "{}", before.complaints());

    let mut connection = PgConnection::connect(&world.admin_url).await?;
    connection.execute("update readers set position = (select position from log_head)").await?;
    connection.execute("delete from effects where state = 'due'").await?;
    let report = invariants::check(&system).await?;
    let forgotten = report.0.iter().find(|finding| finding.number == 12).unwrap();
    assert_eq!(forgotten.violations.len(), 1, "{}", report.complaints());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_waiting_transactions_are_found() -> anyhow::Result<()> {
    let world = World::start().await?;
    let sampler = Sampler::start(&world.admin_url, Duration::from_millis(100));
    let app = &world.settings.databases.app;
    let (mut waiting, mut busy, mut busier) =
        (PgConnection::connect(app).await?, PgConnection::connect(app).await?, PgConnection::connect(app).await?);
    waiting.execute("begin").await?;
    waiting.execute("select 'as if the network were asked now'").await?;
    let begun = Instant::now();
    while !sampler.idle.finding().violations.iter().any(|found| found.contains("as if the network")) {
        assert!(begun.elapsed() < PATIENCE, "a waiting transaction is not seen");
        busy.execute("select pg_sleep(0.01)").await?;
        busier.execute("select 1").await?;
    }
    Ok(())
}
