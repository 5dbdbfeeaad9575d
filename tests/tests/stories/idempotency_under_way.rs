//! A key whose first request is still under way: who comes second waits for its outcome, but not for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use event_log::append;
use futures::future::{self, Either};
use reqwest::Method;
use serde_json::json;
use sqlx::Connection;
use tests::story::{self, cast, header, new_key};
use tests::world::World;

/// How long the product lets somebody wait for another request with the same key.
const WAIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn who_comes_second_is_told_to_come_back_and_finds_the_outcome() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let (key, wish) = (new_key(), json!({ "customer_id": world.sample.customer_id, "name": "Held up" }));
    let ask = || Box::pin(story::ask(&cast.customer, Method::POST, "/v1/accounts", Some(&key), Some(&wish)));

    let head = story::head(&world).await?;
    let mut database = story::database(&world).await?;
    let mut log = database.begin().await?;
    append::hold_log_in_tx(&mut log).await?;
    // Whichever arrives first is under way until it is written; so the first answer is the other one's.
    let asked_at = Instant::now();
    let (Either::Left((second, first)) | Either::Right((second, first))) = future::select(ask(), ask()).await;
    let waited = asked_at.elapsed();
    let second = second?;
    story::refused(&cast.customer, &second, 409, "idempotency-in-progress").await?;
    assert_eq!(header(&second, "retry-after"), Some("1"));
    assert!(waited >= WAIT, "it was told after {waited:?}");

    log.rollback().await?;
    let first = story::expect(first.await?, 201)?;
    assert_eq!(header(&first, "idempotency-replayed"), None);
    let third = story::expect(ask().await?, 201)?;
    assert_eq!((&third.text, third.position()?), (&first.text, first.position()?));
    assert_eq!(header(&third, "idempotency-replayed"), Some("true"));
    let opened = format!("select aggregate_id from events where position > {head} and event_type = 'AccountOpened'");
    assert_eq!(story::texts(&world, &opened).await?, [first.id()?]);
    Ok(())
}
