//! What others put on the stream, and two relays that put everything on it.

use async_nats::HeaderMap;
use async_nats::jetstream::stream::Info;
use commands::Context;
use event_log::mirror::LOG_ID_HEADER;
use event_log::page;
use tests::log_world::{Ledger, MirroredLog, PATIENCE, SetRule, eventually, persist, system};
use uuid::Uuid;

/// Stores a message as anybody could who may publish at all.
async fn publish(world: &MirroredLog, headers: HeaderMap, body: impl Into<bytes::Bytes>) -> u64 {
    let subject = format!("{}.3.price_rule.PriceRuleSet", world.config.subject_prefix);
    let acknowledgement = world.mirror.jetstream().publish_with_headers(subject, headers, body.into()).await.unwrap();
    acknowledgement.await.unwrap().sequence
}

/// A message that looks like ours but for its event: it was made up after the model of the last one.
async fn publish_altered(world: &MirroredLog) -> u64 {
    let events = world.events(0).await.unwrap();
    let last = events.last().unwrap();
    let body = String::from_utf8(last.to_body()).unwrap();
    let altered = body
        .replace(&format!("\"position\":{}", last.position), &format!("\"position\":{}", last.position + 1))
        .replace("\"percent\":\"", "\"percent\":\"9");
    assert_ne!(altered, body);
    let mut headers = HeaderMap::new();
    headers.insert(LOG_ID_HEADER, page::log_id(&world.log.app).await.unwrap().to_string());
    headers.insert("Nats-Msg-Id", Uuid::from_u128(1).to_string());
    publish(world, headers, altered).await
}

async fn append(world: &MirroredLog, key: &str, percent: u32) {
    let context: Context = system(key);
    persist(&world.process.bus, &context, &SetRule::nth(100, percent)).await.unwrap();
}

async fn remade(world: &MirroredLog, before: &Info) {
    let made_anew = async || {
        let now = world.mirror.info().await.ok().flatten();
        Ok(now.is_some_and(|now| now.created != before.created))
    };
    eventually("the stream to be made anew", PATIENCE, made_anew).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_messages_reach_no_reader_and_the_stream_is_made_anew() {
    let world = MirroredLog::new().await.unwrap();
    let _relay = world.relay();
    let (tail, _following) = world.tail();
    let _reader = world.reader(&tail, "test-a", Ledger::open());
    world.fill(100).await.unwrap();
    world.read_to_the_end().await.unwrap();
    eventually("the tail to be live", PATIENCE, async || Ok(tail.is_live())).await.unwrap();

    let before = world.check_mirror().await.unwrap();
    assert_eq!(publish(&world, HeaderMap::new(), "junk").await, 101);
    append(&world, "after junk", 1).await;
    remade(&world, &before).await;
    world.read_to_the_end().await.unwrap();
    let before = world.check_mirror().await.unwrap();

    assert_eq!(publish_altered(&world).await, 102);
    append(&world, "after what was altered", 2).await;
    remade(&world, &before).await;
    world.read_to_the_end().await.unwrap();
    world.check_mirror().await.unwrap();

    eventually("the tail to be live", PATIENCE, async || Ok(tail.is_live())).await.unwrap();
    append(&world, "live again", 3).await;
    eventually("an event to come by the tail", PATIENCE, async || Ok(tail.newest() == 103)).await.unwrap();
    world.read_to_the_end().await.unwrap();
}

#[tokio::test]
async fn a_foreign_message_is_found_by_a_relay_that_starts_later() {
    let world = MirroredLog::new().await.unwrap();
    let relay = world.relay();
    world.fill(20).await.unwrap();
    let before = world.check_mirror().await.unwrap();
    relay.stop().await;
    assert_eq!(publish_altered(&world).await, 21);
    // The log's own event of that position comes later.
    append(&world, "event 21", 1).await;
    let _relay = world.relay();
    remade(&world, &before).await;
    world.check_mirror().await.unwrap();
}

#[tokio::test]
async fn a_forged_message_in_the_middle_is_found_by_the_audit() {
    let world = MirroredLog::new().await.unwrap();
    let relay = world.relay();
    world.fill(9).await.unwrap();
    world.check_mirror().await.unwrap();
    relay.stop().await;
    // Everything about it is right but the percentage.
    append(&world, "event 10", 5).await;
    let event = world.events(9).await.unwrap().remove(0);
    let mut headers = HeaderMap::new();
    headers.insert(LOG_ID_HEADER, page::log_id(&world.log.app).await.unwrap().to_string());
    headers.insert("Nats-Msg-Id", event.event_id.to_string());
    let forged = String::from_utf8(event.to_body()).unwrap().replace("\"percent\":\"5\"", "\"percent\":\"6\"");
    let jetstream = world.mirror.jetstream();
    let stored = jetstream.publish_with_headers(world.config.subject(&event), headers, forged.into()).await.unwrap();
    assert_eq!(stored.await.unwrap().sequence, 10);

    let mut report = world.new_relay().audit().await.unwrap();
    for _ in 0..20 {
        if !report.is_clean() {
            break;
        }
        report = world.new_relay().audit().await.unwrap();
    }
    assert_eq!(report.differing.first(), Some(&10), "{report:?}");
    let _relay = world.relay();
    world.check_mirror().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_relays_make_one_mirror() {
    let world = MirroredLog::new().await.unwrap();
    let _relays = [world.relay(), world.relay()];
    let (tail, _following) = world.tail();
    let _reader = world.reader(&tail, "test-a", Ledger::open());
    for _ in 0..8 {
        world.fill(250).await.unwrap();
    }
    let info = world.check_mirror().await.unwrap();
    assert_eq!((info.state.first_sequence, info.state.messages), (1, 2_000));
    world.read_to_the_end().await.unwrap();
    assert!(world.new_relay().audit().await.unwrap().is_clean());
}
