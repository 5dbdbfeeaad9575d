//! Following the stream: attach, read, notice when it is not what it was, attach anew.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull::{self, MessagesError};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::stream::Info;
use futures::StreamExt;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Tail;
use super::ring::CAPACITY;
use crate::mirror::{self, Foreign, Mirror, MirrorError, log_id_of};
use crate::{LogError, page, patience};

/// Messages asked for in one pull, and taken in at once when they are there.
const BATCH: usize = 512;
/// The server says this often that a quiet consumer lives; after two silent ones it is taken for dead.
const HEARTBEAT: Duration = Duration::from_millis(750);
/// How often the stream is compared with what was seen of it.
const CHECK: Duration = Duration::from_secs(1);
/// A pull request is renewed after this.
const PULL_EXPIRES: Duration = Duration::from_secs(30);
/// The server forgets an abandoned consumer after this.
const ABANDONED_AFTER: Duration = Duration::from_secs(10);
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(1);
/// Between two warnings about foreign messages.
const WARN_EVERY: Duration = Duration::from_secs(5);

/// Why the consumer was given up.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("there is no stream")]
    Missing,
    #[error("the stream belongs to another log")]
    OtherLog,
    #[error("the stream was made anew")]
    Recreated,
    #[error("the stream lost its end")]
    Rewound,
    #[error("messages were left out")]
    Gap,
    #[error("messages do not arrive")]
    Stalled,
    #[error("the consumer ended")]
    Ended,
    #[error("the log is not the one these events came from")]
    LogReplaced,
    #[error("the stream does not end as the log does")]
    Unfaithful,
    #[error(transparent)]
    Consumer(#[from] MessagesError),
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    #[error(transparent)]
    Log(#[from] LogError),
}

pub(super) async fn run(tail: Tail, mirror: Mirror, pool: PgPool, shutdown: CancellationToken) {
    let mut follower = Follower { tail, mirror, pool, log_id: None, rejections: Rejections::default() };
    let mut pause = RETRY_MIN;
    let mut told = false;
    loop {
        let lost = tokio::select! {
            () = shutdown.cancelled() => break,
            lost = follower.follow() => lost,
        };
        let was_live = follower.tail.is_live();
        follower.tail.set_live(false);
        // One warning per outage: the attempts that follow it say nothing new.
        if was_live || !told {
            tracing::warn!(reason = %lost, "the mirror's tail is lost; readers use Postgres meanwhile");
        }
        told = true;
        pause = if was_live { RETRY_MIN } else { (pause * 2).min(RETRY_MAX) };
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
    follower.tail.set_live(false);
}

struct Follower {
    tail: Tail,
    mirror: Mirror,
    pool: PgPool,
    /// The log whose events the tail holds.
    log_id: Option<Uuid>,
    rejections: Rejections,
}

/// What is known of the stream attached to, shared by reading and checking.
struct Attached {
    log_id: Uuid,
    info: Info,
    /// Sequence of the last message seen, or of the one before the first that will come.
    seen: AtomicI64,
    /// Head of the log a moment ago: when the tail has seen that, it is in step.
    target: AtomicI64,
}

impl Attached {
    fn in_step(&self) -> bool {
        self.seen.load(Ordering::Relaxed) >= self.target.load(Ordering::Relaxed)
    }
}

impl Follower {
    async fn follow(&mut self) -> Lost {
        match self.attach().await {
            Ok((attached, messages)) => {
                self.tail.set_live(attached.in_step());
                let check = check(&self.tail, &self.mirror, &self.pool, &attached);
                tokio::select! {
                    lost = check => lost,
                    lost = receive(&self.tail, &self.mirror, &mut self.rejections, (&attached, messages)) => lost,
                }
            }
            Err(lost) => lost,
        }
    }

    async fn attach(&mut self) -> Result<(Attached, pull::Stream), Lost> {
        let info = self.mirror.info().await?.ok_or(Lost::Missing)?;
        // Read after the stream, so that nothing of the log's on the stream is beyond it.
        let (log_id, head, current) = patience::answer(&self.pool, look(&self.tail, &self.pool)).await?;
        if self.log_id.replace(log_id).is_some_and(|before| before != log_id) || !current {
            self.tail.forget();
        }
        if log_id_of(&info) != Some(log_id) {
            return Err(Lost::OtherLog);
        }
        let last_sequence = signed(info.state.last_sequence);
        let differing = self.mirror.differing(&self.pool, (log_id, &info), &[last_sequence]).await?;
        if last_sequence > head || !differing.is_empty() {
            return Err(Lost::Unfaithful);
        }
        // What lies before the stream's first message will never come: waiting for it would be taken for a stall.
        let start = first_wanted(self.tail.newest(), head, last_sequence).max(signed(info.state.first_sequence));
        let messages = self.consume(start).await?;
        let attached = Attached { log_id, info, seen: AtomicI64::new(start - 1), target: AtomicI64::new(head) };
        Ok((attached, messages))
    }

    async fn consume(&self, start: i64) -> Result<pull::Stream, MirrorError> {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: u64::try_from(start).unwrap_or(1) },
            ack_policy: AckPolicy::None,
            max_deliver: 1,
            inactive_threshold: ABANDONED_AFTER,
            num_replicas: 1,
            memory_storage: true,
            ..pull::Config::default()
        };
        let stream = &self.mirror.config.stream;
        let consumer = self.mirror.jetstream().create_consumer_on_stream(config, stream).await;
        let consumer = consumer.map_err(|e| MirrorError::Client(e.into()))?;
        let messages = consumer.stream().max_messages_per_batch(BATCH).expires(PULL_EXPIRES).heartbeat(HEARTBEAT);
        messages.messages().await.map_err(|e| MirrorError::Client(e.into()))
    }
}

/// Where to begin: after what is held, or at the end of the log if that is too far back to be worth it, but never
/// beyond the end of the stream, which is being refilled then.
fn first_wanted(newest: i64, head: i64, last_sequence: i64) -> i64 {
    let capacity = i64::try_from(CAPACITY).unwrap_or(i64::MAX);
    let wanted = if newest == 0 { head + 1 } else { (newest + 1).max(head + 1 - capacity) };
    wanted.min(last_sequence + 1)
}

/// Takes messages in until one shows that some were left out.
async fn receive(
    tail: &Tail,
    mirror: &Mirror,
    rejections: &mut Rejections,
    (attached, messages): (&Attached, pull::Stream),
) -> Lost {
    let mut chunks = messages.ready_chunks(BATCH);
    let mut first = true;
    while let Some(chunk) = chunks.next().await {
        let mut events = Vec::with_capacity(chunk.len());
        let mut lost = None;
        for message in chunk {
            match accept(mirror, attached, first, message) {
                Ok(Ok(event)) => events.push(event),
                Ok(Err(reason)) => rejections.count(reason),
                Err(reason) => {
                    lost = Some(reason);
                    break;
                }
            }
            first = false;
        }
        tail.push(events);
        if let Some(lost) = lost {
            return lost;
        }
        if !tail.is_live() && attached.in_step() {
            tail.set_live(true);
        }
    }
    Lost::Ended
}

/// One message: an event, a foreign message, or the sign that the consumer is of no more use.
///
/// The first message may have any sequence, since the stream may begin later or hold less than was hoped for.
fn accept(
    mirror: &Mirror,
    attached: &Attached,
    first: bool,
    message: Result<jetstream::Message, MessagesError>,
) -> Result<Result<crate::Recorded, Foreign>, Lost> {
    let message = message?;
    let sequence = message.info().map_err(MirrorError::Client)?.stream_sequence;
    let before = attached.seen.swap(signed(sequence), Ordering::Relaxed);
    if !first && signed(sequence) != before + 1 {
        return Err(Lost::Gap);
    }
    Ok(mirror::read(&mirror.config, attached.log_id, (sequence, &message.message)))
}

/// Compares the stream with what was seen of it, once a second, until they differ.
async fn check(tail: &Tail, mirror: &Mirror, pool: &PgPool, attached: &Attached) -> Lost {
    let mut due = 0;
    let mut seen_before = 0;
    loop {
        tokio::time::sleep(CHECK).await;
        let seen = attached.seen.load(Ordering::Relaxed);
        let info = match mirror.info().await {
            Ok(Some(info)) => info,
            Ok(None) => return Lost::Missing,
            Err(error) => return error.into(),
        };
        if let Some(lost) = differs(attached, &info, seen) {
            return lost;
        }
        // What was stored a second ago has arrived by now, unless nothing arrives any more.
        if seen < due && seen == seen_before {
            return Lost::Stalled;
        }
        due = signed(info.state.last_sequence);
        seen_before = seen;
        if let Err(lost) = compare_with_log(tail, pool, attached).await {
            return lost;
        }
    }
}

fn differs(attached: &Attached, info: &Info, seen: i64) -> Option<Lost> {
    if info.created != attached.info.created {
        return Some(Lost::Recreated);
    }
    if log_id_of(info) != Some(attached.log_id) {
        return Some(Lost::OtherLog);
    }
    (signed(info.state.last_sequence) < seen).then_some(Lost::Rewound)
}

/// The broker may be well and the relay away: then nothing comes either, and readers must not wait for it.
async fn compare_with_log(tail: &Tail, pool: &PgPool, attached: &Attached) -> Result<(), Lost> {
    // Postgres away or slow is no reason to let go of the mirror.
    let looked = tokio::time::timeout(CHECK, look(tail, pool)).await;
    let Ok(Ok((log_id, head, current))) = looked else { return Ok(()) };
    if log_id != attached.log_id || !current {
        return Err(Lost::LogReplaced);
    }
    tail.set_live(attached.in_step());
    attached.target.store(head, Ordering::Relaxed);
    Ok(())
}

/// Which log it is, its head, and whether the tail is of it.
async fn look(tail: &Tail, pool: &PgPool) -> Result<(Uuid, i64, bool), LogError> {
    Ok((page::log_id(pool).await?, page::head(pool).await?, is_current(tail, pool).await?))
}

/// Whether the newest event held is the log's event at that position: not so once the log was put back to an earlier
/// state and has gone on differently from there.
async fn is_current(tail: &Tail, pool: &PgPool) -> Result<bool, LogError> {
    let Some(newest) = tail.last() else { return Ok(true) };
    let stored = page::after(pool, newest.position - 1, 1).await?;
    Ok(stored.first().is_some_and(|stored| stored.is(&newest)))
}

fn signed(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

/// Foreign messages, counted each and told of now and then.
#[derive(Default)]
struct Rejections {
    untold: u64,
    told_at: Option<Instant>,
}

impl Rejections {
    fn count(&mut self, reason: Foreign) {
        metrics::counter!("mirror_rejected_total").increment(1);
        self.untold += 1;
        if self.told_at.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
            tracing::warn!(%reason, count = self.untold, "messages in the mirror are not from the log; dropped");
            self.untold = 0;
            self.told_at = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn begins_at_the_end_of_the_log_when_nothing_is_held() {
        assert_eq!(first_wanted(0, 500, 500), 501);
        assert_eq!(first_wanted(0, 0, 0), 1);
    }

    #[test]
    fn goes_on_after_what_is_held() {
        assert_eq!(first_wanted(490, 500, 500), 491);
        assert_eq!(first_wanted(500, 500, 500), 501);
    }

    #[test]
    fn does_not_fetch_what_the_ring_could_not_hold() {
        let capacity = i64::try_from(CAPACITY).unwrap();
        assert_eq!(first_wanted(10, 1_000_000, 1_000_000), 1_000_001 - capacity);
    }

    #[test]
    fn follows_a_stream_that_is_being_refilled() {
        assert_eq!(first_wanted(500, 500, 200), 201);
        assert_eq!(first_wanted(0, 500, 0), 1);
    }
}
