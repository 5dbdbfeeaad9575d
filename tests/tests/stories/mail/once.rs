//! One message each, whatever dies, is away, or works beside another.

use std::time::Duration;

use serde_json::Value;
use tests::world::process::Process;

use super::{Post, subjects};

const PATIENCE: Duration = Duration::from_secs(45);

#[tokio::test]
async fn a_mail_server_that_is_away_is_waited_for() -> anyhow::Result<()> {
    let mut post = Post::opens().await?;
    let service = post.world.service("office-business")?.to_owned();
    let reader = post.knows("Patient", "patient@story.example").await?;
    post.sink.kill9().await?;
    let orders = [reader.orders(&[(&service, 1)]).await?, reader.orders(&[(&service, 2)]).await?];
    for order in &orders {
        let path = format!("/v1/orders/{order}");
        let pending = |body: &Value| body["processes"]["notification"]["state"] == "pending";
        reader.client.wait_until(&path, pending).await?;
    }
    let away = "due: the mail server cannot be reached";
    let path = "/v1/admin/effects?state=due";
    let waits = |body: &Value| {
        let effects = body["data"].as_array().unwrap();
        effects.iter().filter(|effect| effect["outcome"] == away.trim_start_matches("due: ")).count() == 2
    };
    post.operator.wait_until(path, waits).await?;
    assert_eq!(post.outcomes().await?, [away, away]);
    post.sink.start_again().await?;
    for order in &orders {
        assert_eq!(reader.is_told(order).await?["processes"]["notification"]["state"], "completed");
    }
    let letters = post.waits_for(&reader.address, 2).await?;
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().all(|letter| letter["copies"] == 1), "{letters:?}");
    Ok(())
}

#[tokio::test]
async fn two_processes_send_each_letter_once() -> anyhow::Result<()> {
    let post = Post::opens().await?;
    let (_, _twin) = post.world.twin().await?;
    let service = post.world.service("office-business")?.to_owned();
    let reader = post.knows("Twins", "twins@story.example").await?;
    let mut orders = Vec::new();
    for seats in 1..=8 {
        orders.push(reader.orders(&[(&service, seats)]).await?);
    }
    for order in &orders {
        assert_eq!(reader.is_told(order).await?["processes"]["notification"]["state"], "completed");
    }
    let letters = post.letters(&reader.address).await?;
    let (mut told, mut expected): (Vec<String>, Vec<String>) = (
        subjects(&letters).into_iter().map(str::to_owned).collect(),
        orders.iter().map(|order| format!("Your order {order} is provided")).collect(),
    );
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    assert!(letters.iter().all(|letter| letter["copies"] == 1), "{letters:?}");
    Ok(())
}

#[tokio::test]
async fn a_letter_sent_just_before_a_crash_stays_one() -> anyhow::Result<()> {
    let mut post = Post::opens().await?;
    let service = post.world.service("office-business")?.to_owned();
    let reader = post.knows("Lucky", "lucky@story.example").await?;
    post.world.product.kill9().await?;
    let mut settings = post.world.settings.clone();
    settings.further.push(("CLOUDSALES_CRASH_AT".to_owned(), "mail.sent_not_noted:1".to_owned()));
    let mut doomed: Process = settings.cloudsales("doomed.log")?.argument("serve").spawn()?;
    doomed.wait_until_healthy(&format!("{}/readyz", settings.internal_url()), PATIENCE).await?;
    let order = reader.orders(&[(&service, 1)]).await?;
    let status = doomed.wait(PATIENCE).await?;
    assert!(!status.success(), "it ended by itself: {status}");
    assert_eq!(post.letters(&reader.address).await?[0]["copies"], 1, "sent, and nobody knows");
    post.world.product.start_again().await?;
    assert_eq!(reader.is_told(&order).await?["processes"]["notification"]["state"], "completed");
    let letters = post.letters(&reader.address).await?;
    assert_eq!(letters.len(), 1, "{:?}", subjects(&letters));
    assert_eq!(letters[0]["copies"], 2, "the same letter came twice");
    assert_eq!(post.outcomes().await?, ["done: sent"]);
    Ok(())
}
