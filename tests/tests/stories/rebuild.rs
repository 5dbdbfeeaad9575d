//! Rebuilding the read models while customers order and read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::ensure;
use serde_json::json;
use tests::client::Client;
use tests::story::{self, Cast, all_pages, cast, data, new_key};
use tests::world::product::Settings;
use tests::world::{World, ports};

use crate::subscription_changes::does;

const MODELS: [(&str, &[&str]); 3] = [
    ("directory", &["read_customers", "read_accounts", "read_services", "read_price_rules"]),
    ("orders", &["read_orders"]),
    ("subscriptions", &["read_subscriptions", "read_licences", "read_changes"]),
];
const SEATS: usize = 120;

async fn generation(world: &World, model: &str) -> anyhow::Result<i32> {
    let found = story::texts(world, &format!("select generation::text from readers where name = '{model}'")).await?;
    Ok(found[0].parse()?)
}

/// A reader that never accepts less than it has seen.
struct Watcher<'a> {
    client: &'a Client,
    licences: String,
    seen: [usize; 5],
    looked: usize,
}

impl Watcher<'_> {
    async fn look(&mut self) -> anyhow::Result<()> {
        let lists = ["/v1/orders", "/v1/subscriptions", "/v1/customers", "/v1/accounts", "/v1/services"];
        for (list, before) in lists.into_iter().zip(&mut self.seen) {
            let count = all_pages(self.client, list, 100).await?.len();
            ensure!(count >= *before, "{list} shows {count} after {before}");
            *before = count;
        }
        for path in [self.licences.clone(), format!("{}?limit=100", self.licences)] {
            let shown = self.client.get(&path).await?;
            let expected = if path.contains('?') { 100 } else { 25 };
            ensure!(data(&shown).len() == expected && shown.body["next_cursor"].is_string(), "{path}: {}", shown.text);
        }
        self.looked += 1;
        Ok(())
    }
}

/// Starts a rebuild and reads until its rows are shown.
async fn rebuilds(world: &World, cast: &Cast, model: &str, watcher: &mut Watcher<'_>) -> anyhow::Result<()> {
    let before = generation(world, model).await?;
    let path = format!("/v1/admin/projections/{model}/rebuild");
    let started = cast.operator.post(&path, &new_key(), &json!({}), 202).await?;
    ensure!(started.body["name"] == model, "{}", started.text);
    let deadline = tokio::time::Instant::now() + tests::client::PATIENCE;
    while generation(world, model).await? == before {
        ensure!(tokio::time::Instant::now() < deadline, "{model} is never rebuilt");
        watcher.look().await?;
    }
    watcher.look().await
}

/// Orders one after the other until told to stop; each is visible at its position.
async fn keeps_ordering(world: &World, cast: &Cast, going: &AtomicBool) -> anyhow::Result<Vec<String>> {
    let service = world.service("office-business")?;
    let mut placed = Vec::new();
    while going.load(Ordering::Relaxed) && placed.len() < 400 {
        let order = story::orders(&cast.customer, &world.sample.account_id, &[(service, 3)]).await?;
        let path = format!("/v1/orders/{}", order.id()?);
        let seen = cast.customer.get_at(&path, order.position()?).await?;
        ensure!(seen.body["lines"] == order.body["lines"] || seen.body["status"] != "placed", "{}", seen.text);
        placed.push(order.id()?);
    }
    Ok(placed)
}

#[tokio::test]
async fn nobody_notices_a_rebuild() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let service = world.service("mail-guard")?;
    let bought = story::buys(&cast.customer, &world.sample.account_id, service, u32::try_from(SEATS)?).await?;
    let path = format!("/v1/subscriptions/{}", bought["id"].as_str().unwrap());
    changes(&cast.customer, &path).await?;
    let licences = format!("{path}/licences");
    let mut watcher = Watcher { client: &cast.customer, licences, seen: [0; 5], looked: 0 };
    let going = AtomicBool::new(true);
    let rebuilding = async {
        let outcome = async {
            for _ in 0..3 {
                for (model, _) in MODELS {
                    rebuilds(&world, &cast, model, &mut watcher).await?;
                }
            }
            anyhow::Ok(())
        };
        let outcome = outcome.await;
        going.store(false, Ordering::Relaxed);
        outcome
    };
    let ((), placed) = tokio::try_join!(rebuilding, keeps_ordering(&world, &cast, &going))?;
    assert!(placed.len() > 10 && watcher.looked >= 9, "{} orders, {} looks", placed.len(), watcher.looked);
    for order in &placed {
        story::sees_order_end(&cast.customer, order, "fulfilled").await?;
    }
    rows_are_the_fold(&world, &cast).await?;
    let strangers = cast.operator.request(reqwest::Method::POST, "/v1/admin/projections/nothing/rebuild");
    let answer = cast.operator.send(strangers.header("Idempotency-Key", new_key())).await?;
    story::refused(&cast.operator, &answer, 404, "not-found").await
}

/// Seats that come, are used and go leave rows of every kind behind.
async fn changes(customer: &Client, path: &str) -> anyhow::Result<()> {
    let first = data(&customer.get(&format!("{path}/licences?limit=1")).await?).remove(0);
    let assignment = format!("licences/{}/assignment", first["id"].as_str().unwrap());
    does(customer, path, "quantity", Some(json!({ "quantity": SEATS + 3 })), 202).await?;
    does(customer, path, &assignment, Some(json!({ "user": "Ada" })), 200).await?;
    does(customer, path, "quantity", Some(json!({ "quantity": SEATS })), 202).await?;
    Ok(())
}

/// The rows of the live generation, sorted, without the generation.
async fn rows(world: &World, table: &str, generation: i32) -> anyhow::Result<Vec<String>> {
    let sql =
        format!("select (to_jsonb(t) - 'generation')::text from {table} t where generation = {generation} order by 1");
    story::texts(world, &sql).await
}

async fn rows_are_the_fold(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let head = story::head(world).await?;
    for (model, tables) in MODELS {
        let list = if model == "directory" { "/v1/customers".to_owned() } else { format!("/v1/{model}") };
        cast.operator.get_at(&list, head).await?;
        let live = generation(world, model).await?;
        let mut before = Vec::new();
        for table in tables {
            before.push(rows(world, table, live).await?);
        }
        let path = format!("/v1/admin/projections/{model}/rebuild");
        cast.operator.post(&path, &new_key(), &json!({}), 202).await?;
        let behind = |body: &serde_json::Value| data_of(body, model) == Some("running");
        let deadline = tokio::time::Instant::now() + tests::client::PATIENCE;
        while generation(world, model).await? == live {
            ensure!(tokio::time::Instant::now() < deadline, "{model} is never rebuilt");
            cast.operator.get("/v1/admin/projections").await?;
        }
        for (table, before) in tables.iter().zip(&before) {
            let after = rows(world, table, live + 1).await?;
            assert!(after.len() == before.len() && after == *before, "{table} is not what the events come to");
            assert!(*table == "read_price_rules" || !after.is_empty(), "{table} is empty");
        }
        cast.operator.wait_until("/v1/admin/projections", behind).await?;
    }
    assert_eq!(story::head(world).await?, head, "something happened meanwhile");
    Ok(())
}

fn data_of<'a>(body: &'a serde_json::Value, model: &str) -> Option<&'a str> {
    body["data"].as_array()?.iter().find(|reader| reader["name"] == model)?["state"].as_str()
}

const PATH: &str = "/v1/admin/projections/orders/rebuild";

/// An API alone beside the world's product, which dies at a crash point when one is named.
fn api_alone(world: &World, name: &str, dies_at: Option<&str>) -> anyhow::Result<Settings> {
    let logs = world.folder.join(name);
    std::fs::create_dir_all(&logs)?;
    let mut settings =
        Settings { api_port: ports::reserve()?, internal_port: ports::reserve()?, logs, ..world.settings.clone() };
    settings.further.extend(dies_at.map(|point| ("CLOUDSALES_CRASH_AT".to_owned(), point.to_owned())));
    Ok(settings)
}

/// Whether the model waits for somebody to rebuild it.
async fn waits(world: &World) -> anyhow::Result<bool> {
    let sql = "select (asked_generation > generation)::text from readers where name = 'orders'";
    Ok(story::texts(world, sql).await? == ["true"])
}

async fn shows(world: &World, wanted: i32) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + tests::client::PATIENCE;
    while generation(world, "orders").await? != wanted {
        ensure!(tokio::time::Instant::now() < deadline, "generation {wanted} is never shown");
        tests::log_world::look_again().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_rebuild_that_was_answered_is_done_whoever_dies() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let (before, key) = (generation(&world, "orders").await?, new_key());
    // Nobody keeps the read models.
    world.product.kill9().await?;

    let dying = api_alone(&world, "dying", Some("append.after"))?;
    let mut process = dying.serve_roles("http").await?;
    let operator = Client::new(&dying.api_url(), &world.tokens.operator)?;
    let lost = story::ask(&operator, reqwest::Method::POST, PATH, Some(&key), None).await;
    assert!(lost.is_err(), "it died before it could answer: {lost:?}");
    process.process.wait(tests::client::PATIENCE).await?;
    assert!(!waits(&world).await?, "only the answer was kept");

    let api = api_alone(&world, "api", None)?;
    let mut process = api.serve_roles("http").await?;
    let operator = Client::new(&api.api_url(), &world.tokens.operator)?;
    let again = story::expect(story::ask(&operator, reqwest::Method::POST, PATH, Some(&key), None).await?, 202)?;
    assert_eq!(story::header(&again, "idempotency-replayed"), Some("true"));
    assert_eq!(again.body, json!({ "name": "orders", "generation": before + 1 }));
    assert!(waits(&world).await?, "what was asked for is written down");
    let other = operator.post(PATH, &new_key(), &json!({}), 202).await?;
    assert_eq!(other.body, again.body, "one rebuild does for all who wait");
    process.kill9().await?;

    world.product.start_again().await?;
    shows(&world, before + 1).await?;
    let late = story::ask(&world.operator()?, reqwest::Method::POST, PATH, Some(&key), None).await?;
    assert_eq!((late.status, &late.text), (202, &again.text));
    assert!(!waits(&world).await?, "it is done already");
    Ok(())
}
