//! Figure 8: the relay from Postgres to JetStream, beside publishing the same messages from memory.

use std::collections::VecDeque;
use std::future::IntoFuture;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use async_nats::HeaderMap;
use async_nats::header::NATS_EXPECTED_LAST_SEQUENCE;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use async_nats::jetstream::{self, stream};
use bytes::Bytes;
use commands::relay::Relay;
use event_log::mirror::MirrorConfig;
use futures::StreamExt;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::cpu::Usage;
use super::generated;
use super::ground::Ground;
use super::load::median;
use super::plan::Plan;
use super::report::{Limit, Report, Row};

/// Unacknowledged messages, as the relay allows itself.
const WINDOW: usize = 1_000;
const STREAM_BYTES: i64 = 1024 * 1024 * 1024;
const LIMIT: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(5);

/// A message as the relay published it.
struct Message {
    subject: String,
    headers: HeaderMap,
    body: Bytes,
}

/// Messages per second of one repetition.
struct Rates {
    ours: f64,
    memory: f64,
    usage: Usage,
}

/// # Errors
/// When a stream does not hold exactly the log's events.
pub async fn measure(plan: &Plan, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    let urls = ground.migrated("bench_relay").await?;
    let events = generated::subscriptions(&urls.owner, plan.relayed).await?;
    let pool = PgPoolOptions::new().max_connections(5).test_before_acquire(false).connect(&urls.app).await?;
    let nats = ground.nats_client().await?;
    let mut messages = Vec::new();
    let mut rates = Vec::new();
    for number in 1..=plan.repetitions {
        ground.checkpoint().await?;
        let rate = repetition(ground, &pool, &nats, (events, &mut messages)).await?;
        let of = plan.repetitions;
        println!("relay, repetition {number} of {of}: {:.0}/s; from memory {:.0}/s", rate.ours, rate.memory);
        rates.push(rate);
    }
    let bytes = messages.iter().map(|message| message.body.len()).sum::<usize>() / messages.len().max(1);
    add_row(events, bytes, &rates, report);
    pool.close().await;
    Ok(())
}

async fn repetition(
    ground: &Ground,
    pool: &PgPool,
    nats: &async_nats::Client,
    (events, messages): (i64, &mut Vec<Message>),
) -> anyhow::Result<Rates> {
    let jetstream = jetstream::new(nats.clone());
    let (relayed, memory) = (config("relayed"), config("memory"));
    let meter = ground.meter()?;
    let (sample, begin) = (meter.sample(), Instant::now());
    relay(pool, nats, &relayed, events).await?;
    let (ours, usage) = (begin.elapsed().as_secs_f64(), meter.since(&sample));
    if messages.is_empty() {
        *messages = read_back(&jetstream, &relayed, events).await?;
    }
    jetstream.delete_stream(&relayed.stream).await?;
    jetstream.create_stream(memory.stream_config(super::random::new_id(), 1)).await?;
    let begin = Instant::now();
    publish(&jetstream, &memory, messages).await?;
    let seconds = begin.elapsed().as_secs_f64();
    ensure_whole(&jetstream, &memory, events).await?;
    jetstream.delete_stream(&memory.stream).await?;
    Ok(Rates { ours: events as f64 / ours, memory: events as f64 / seconds, usage })
}

fn config(name: &str) -> MirrorConfig {
    MirrorConfig {
        stream: format!("BENCH_{}", name.to_uppercase()),
        subject_prefix: format!("bench_{name}"),
        max_bytes: STREAM_BYTES,
    }
}

/// From nothing to a stream with every event.
async fn relay(pool: &PgPool, nats: &async_nats::Client, config: &MirrorConfig, events: i64) -> anyhow::Result<()> {
    let jetstream = jetstream::new(nats.clone());
    let (_committed, watch) = watch::channel(0);
    let shutdown = CancellationToken::new();
    let relay = Relay::new(pool.clone(), nats.clone(), config.clone(), watch);
    let task = tokio::spawn(relay.run(shutdown.clone()));
    let deadline = Instant::now() + LIMIT;
    while last_sequence(&jetstream, &config.stream).await < u64::try_from(events)? {
        ensure!(Instant::now() < deadline, "the relay has not published everything in {LIMIT:?}");
        tokio::time::sleep(LOOK).await;
    }
    shutdown.cancel();
    task.await?;
    ensure_whole(&jetstream, config, events).await
}

/// 0 while there is no stream.
async fn last_sequence(jetstream: &jetstream::Context, stream: &str) -> u64 {
    let found = jetstream.get_stream(stream).await;
    found.map_or(0, |stream| stream.cached_info().state.last_sequence)
}

async fn ensure_whole(jetstream: &jetstream::Context, config: &MirrorConfig, events: i64) -> anyhow::Result<()> {
    let stream::State { messages, last_sequence, .. } =
        jetstream.get_stream(&config.stream).await?.cached_info().state.clone();
    let events = u64::try_from(events)?;
    ensure!((messages, last_sequence) == (events, events), "{messages} of {events} messages in {}", config.stream);
    Ok(())
}

/// The relay's messages, without what ties them to their stream.
async fn read_back(jetstream: &jetstream::Context, config: &MirrorConfig, events: i64) -> anyhow::Result<Vec<Message>> {
    let consumer = jetstream.get_stream(&config.stream).await?.create_consumer(OrderedConfig::default()).await?;
    let mut delivered = consumer.messages().await?.take(usize::try_from(events)?);
    let mut messages = Vec::new();
    while let Some(message) = delivered.next().await {
        let message = message?.message;
        let subject = message.subject.strip_prefix(config.subject_prefix.as_str()).context("a foreign subject")?;
        let headers = message.headers.iter().flat_map(HeaderMap::iter);
        let mut kept = HeaderMap::new();
        for (name, values) in headers.filter(|(name, _)| **name != NATS_EXPECTED_LAST_SEQUENCE) {
            values.iter().for_each(|value| kept.append(name.clone(), value.clone()));
        }
        messages.push(Message { subject: subject.to_owned(), headers: kept, body: message.payload.clone() });
    }
    Ok(messages)
}

/// Publishes with at most a window unacknowledged; every message must be stored as a new one.
async fn publish(jetstream: &jetstream::Context, config: &MirrorConfig, messages: &[Message]) -> anyhow::Result<()> {
    let mut window = VecDeque::with_capacity(WINDOW);
    for message in messages {
        if window.len() == WINDOW {
            settle(window.pop_front()).await?;
        }
        let subject = format!("{}{}", config.subject_prefix, message.subject);
        let sent = jetstream.publish_with_headers(subject, message.headers.clone(), message.body.clone()).await?;
        window.push_back(sent.into_future());
    }
    while !window.is_empty() {
        settle(window.pop_front()).await?;
    }
    Ok(())
}

async fn settle<F>(waiting: Option<F>) -> anyhow::Result<()>
where
    F: Future<Output = Result<jetstream::publish::PublishAck, jetstream::context::PublishError>>,
{
    let Some(waiting) = waiting else { return Ok(()) };
    ensure!(!waiting.await?.duplicate, "a message was taken for a repetition");
    Ok(())
}

fn add_row(events: i64, bytes: usize, rates: &[Rates], report: &mut Report) {
    let ours = median(rates.iter().map(|rate| rate.ours));
    let memory = median(rates.iter().map(|rate| rate.memory));
    let usual = rates.iter().min_by(|a, b| (a.ours - ours).abs().total_cmp(&(b.ours - ours).abs()));
    report.add(Row {
        number: "8".to_owned(),
        what: format!("relay to JetStream, {events} events of {bytes} bytes"),
        ours: format!("{ours:.0} events/s"),
        beside: format!("async publish of the same messages from memory, window {WINDOW}: {memory:.0}/s"),
        value: median(rates.iter().map(|rate| rate.ours / rate.memory)),
        limit: Limit::AtLeast { reach: 0.8, goal: 0.95 },
        bound: usual.map(|rate| rate.usage.bound()).unwrap_or_default(),
    });
}
