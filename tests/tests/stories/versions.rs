//! Versions of resources, and positions of reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, cast, data, each, header};
use tests::world::World;

async fn renames(client: &Client, path: &str, name: &str, if_match: &[&str]) -> anyhow::Result<Answer> {
    let mut request = client.request(Method::PUT, path).json(&json!({ "name": name }));
    for tag in if_match {
        request = request.header("If-Match", *tag);
    }
    client.send(request).await
}

#[tokio::test]
async fn a_stale_writer_is_stopped() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let path = format!("/v1/accounts/{}", story::opens_active_account(customer, &world.sample.customer_id).await?);
    let seen = customer.get(&path).await?;
    let tag = header(&seen, "etag").unwrap().to_owned();
    assert_eq!((tag.as_str(), &seen.body["version"]), ("\"2\"", &json!(2)));
    let head = story::head(&world).await?;
    for stale in [&["\"1\""][..], &["\"3\""], &["\"0\""], &["2"], &["W/\"2\""], &["\"abc\""], &["\"1\", \"3\""]] {
        let answer = renames(customer, &path, "Never", stale).await?;
        story::refused(customer, &answer, 412, "precondition-failed").await?;
    }
    assert_eq!(story::head(&world).await?, head);
    let third = story::expect(renames(customer, &path, "Third", &[&tag]).await?, 200)?;
    assert_eq!((header(&third, "etag"), &third.body["name"]), (Some("\"3\""), &json!("Third")));
    story::refused(customer, &renames(customer, &path, "Never", &[&tag]).await?, 412, "precondition-failed").await?;
    let mut sixth = head;
    for (version, tags) in [(4, &["*"][..]), (5, &["\"4\", \"4\""]), (6, &[])] {
        let done = story::expect(renames(customer, &path, &format!("Name {version}"), tags).await?, 200)?;
        assert_eq!(done.body["version"], version);
        sixth = done.position()?;
    }
    // What is asked already holds: no event, the same version, and the position it has, though the log has gone on.
    assert!(story::opens_account(customer, &world.sample.customer_id).await?.position()? > sixth);
    let same = story::expect(renames(customer, &path, "Name 6", &["\"6\""]).await?, 200)?;
    assert_eq!((header(&same, "etag"), same.position()?), (Some("\"6\""), sixth));
    // Absent goes before stale, and stale before the rules.
    let absent = renames(customer, "/v1/accounts/00000000-0000-7000-8000-000000000000", "x", &["\"9\""]).await?;
    story::refused(customer, &absent, 404, "not-found").await?;
    let request = customer.request(Method::DELETE, &format!("/v1/accounts/{}", world.sample.account_id));
    let answer = customer.send(request.header("If-Match", "\"77\"")).await?;
    story::refused(customer, &answer, 412, "precondition-failed").await
}

#[tokio::test]
async fn a_reader_sees_its_own_writes_and_no_position_beyond_them() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let (customer, account) = (&cast.customer, &world.sample.account_id);
    let service = world.service("office-business")?;
    let placed = story::schedules(customer, account, service, "Own").await?;
    let position = placed.position()?;
    for path in ["/v1/orders", "/v1/subscriptions", "/v1/customers", "/v1/accounts", "/v1/services", "/v1/tax-rates"] {
        let read = customer.get_at(path, position).await?;
        let shown = story::read_position(&read)?;
        assert!(shown >= position && shown <= story::head(&world).await?, "{path}: {shown}");
        let ahead = story::look(customer, &format!("{path}?min_position={}", position + 1_000_000)).await?;
        story::refused(customer, &ahead, 400, "min-position-ahead").await?;
        for odd in ["-1", "abc", "1.5", "99999999999999999999"] {
            let answer = story::look(customer, &format!("{path}?min_position={odd}")).await?;
            story::refused(customer, &answer, 400, "invalid-query").await?;
        }
    }
    read_while_written(&world, customer).await
}

/// One writes, one reads: a list that says it shows a position shows everything up to it.
async fn read_while_written(world: &World, customer: &Client) -> anyhow::Result<()> {
    let writing = AtomicBool::new(true);
    let service = world.service("mail-guard")?;
    let writer = async {
        let mut written = Vec::new();
        for n in 0..60 {
            let order = story::schedules(customer, &world.sample.account_id, service, &format!("n{n}")).await?;
            written.push((order.position()?, order.id()?));
        }
        writing.store(false, Ordering::Relaxed);
        anyhow::Ok(written)
    };
    let reader = async {
        let mut reads: Vec<(i64, BTreeSet<String>)> = Vec::new();
        while writing.load(Ordering::Relaxed) {
            let read = customer.get("/v1/orders?limit=100").await?;
            let ids = each(&data(&read), "id").into_iter().collect();
            reads.push((story::read_position(&read)?, ids));
        }
        anyhow::Ok(reads)
    };
    let (written, reads) = tokio::try_join!(writer, reader)?;
    assert!(reads.len() > 10, "{} reads", reads.len());
    for (shown, ids) in &reads {
        let missing = written.iter().find(|(position, id)| position <= shown && !ids.contains(id));
        assert_eq!(missing, None, "a read at {shown} does not show it");
    }
    let positions: Vec<i64> = reads.iter().map(|(shown, _)| *shown).collect();
    assert!(positions.is_sorted(), "a later read shows less");
    assert!(written.is_sorted());
    let last: Value = customer.get_at("/v1/orders", written[59].0).await?.body;
    assert_eq!(last["data"][0]["id"], json!(written[59].1));
    Ok(())
}
