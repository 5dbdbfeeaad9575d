//! Exchange rates: where in the log an answer stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, cast, header, new_key};
use tests::world::World;

async fn sets(client: &Client, key: &str, rate: &Value) -> anyhow::Result<Answer> {
    let answer = story::ask(client, Method::PUT, "/v1/exchange-rates", Some(key), Some(rate)).await?;
    story::expect(answer, 200)
}

#[tokio::test]
async fn a_rate_that_is_so_already_stands_where_it_was_made_so() -> anyhow::Result<()> {
    let world = World::start().await?;
    let operator = cast(&world)?.operator;
    let (dollar, pound) = (
        json!({ "base": "USD", "quote": "EUR", "rate": "0.92" }),
        json!({ "base": "GBP", "quote": "EUR", "rate": "1.15" }),
    );
    let key = new_key();
    let made = sets(&operator, &key, &dollar).await?;
    let other = sets(&operator, &new_key(), &pound).await?;
    assert!(other.position()? > made.position()?, "{} and {}", made.position()?, other.position()?);

    // The log has gone on; the pair has not, whoever asks again and however often.
    let again = new_key();
    for key in [&again, &again, &key] {
        let same = sets(&operator, key, &dollar).await?;
        assert_eq!((&same.text, same.position()?), (&made.text, made.position()?));
        assert_eq!(header(&same, "etag"), header(&made, "etag"));
    }
    let changed = sets(&operator, &new_key(), &json!({ "base": "USD", "quote": "EUR", "rate": "0.93" })).await?;
    assert!(changed.position()? > other.position()?);
    // A key answers as it did, although another rate holds by now.
    for (key, told) in [(&key, &made), (&again, &made)] {
        let replayed = sets(&operator, key, &dollar).await?;
        assert_eq!((&replayed.text, replayed.position()?), (&told.text, told.position()?));
        assert_eq!(header(&replayed, "idempotency-replayed"), Some("true"));
    }
    Ok(())
}
