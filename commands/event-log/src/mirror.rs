//! The mirror of the log on JetStream: what its writing and its reading side must agree on.
//!
//! Stream sequence = global position. Everything else (no duplicates, order, fencing, resuming, noticing loss) follows
//! from that one equality. The mirror may be lost at any time; it is then made anew from Postgres.

mod handle;

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::{IntoHeaderName, NATS_MESSAGE_ID};
use async_nats::jetstream::Error as Refusal;
use async_nats::jetstream::context::RequestError;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, RetentionPolicy, StorageType};
use thiserror::Error;
use uuid::Uuid;

use crate::{LogError, Recorded};

pub use handle::Mirror;

/// Header that says which log a message copies.
pub const LOG_ID_HEADER: &str = "Cloudsales-Log-Id";
/// Key of the same in the stream's metadata.
const LOG_ID_KEY: &str = "log_id";
/// Subjects of one aggregate always share a partition, so that a consumer may take a part of them in order.
const PARTITIONS: u64 = 16;
/// Older events are read from Postgres.
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Dedup by message id is the second belt only, and the server keeps this many seconds of ids in memory.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(10);

/// Where the mirror is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorConfig {
    pub stream: String,
    pub subject_prefix: String,
    /// Reserved by the server when the stream is created.
    pub max_bytes: i64,
}

impl MirrorConfig {
    /// `<prefix>.<partition>.<aggregate>.<event>`.
    pub fn subject(&self, event: &Recorded) -> String {
        let partition = partition(&event.aggregate_id);
        format!("{}.{partition}.{}.{}", self.subject_prefix, event.aggregate_type, event.event_type)
    }

    /// Core NATS subject on which a process tells relays of others that it has committed. Not part of the stream.
    pub fn wake_subject(&self) -> String {
        format!("{}.wake", self.subject_prefix)
    }

    /// The stream of the log `log_id`, whose first message will be event `first`.
    pub fn stream_config(&self, log_id: Uuid, first: i64) -> Config {
        let mut config = Config { name: self.stream.clone(), num_replicas: 1, ..Config::default() };
        self.shape(&mut config);
        config.first_sequence = u64::try_from(first).ok().filter(|first| *first > 1);
        config.metadata.insert(LOG_ID_KEY.to_owned(), log_id.to_string());
        config
    }

    /// What the stream's configuration should be if somebody has changed it, else nothing. Replicas and placement
    /// are the operator's.
    pub fn amended(&self, actual: &Config) -> Option<Config> {
        let mut wanted = actual.clone();
        self.shape(&mut wanted);
        (wanted != *actual).then_some(wanted)
    }

    fn shape(&self, config: &mut Config) {
        config.subjects = vec![format!("{}.*.*.*", self.subject_prefix)];
        config.storage = StorageType::File;
        config.retention = RetentionPolicy::Limits;
        config.discard = DiscardPolicy::Old;
        config.max_age = MAX_AGE;
        config.max_bytes = self.max_bytes;
        config.max_messages = -1;
        config.max_messages_per_subject = -1;
        config.max_message_size = -1;
        config.max_consumers = -1;
        config.duplicate_window = DUPLICATE_WINDOW;
        config.deny_delete = true;
        config.deny_purge = true;
        config.no_ack = false;
        config.sealed = false;
        config.mirror = None;
        config.sources = None;
        config.subject_transform = None;
        config.consumer_limits = None;
    }
}

/// FNV-1a: the same for ever and in every language, which a hasher of the standard library does not promise.
pub fn partition(aggregate_id: &str) -> u64 {
    let hash = aggregate_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 32)) % PARTITIONS
}

/// Which log a stream mirrors, if it says so.
pub fn log_id_of(info: &Info) -> Option<Uuid> {
    info.config.metadata.get(LOG_ID_KEY)?.parse().ok()
}

/// JetStream did not do as asked, or there was no log to compare it with.
#[derive(Debug, Error)]
pub enum MirrorError {
    #[error("JetStream does not answer: {0}")]
    Request(#[from] RequestError),
    #[error("JetStream refuses: {0}")]
    Refused(#[from] Refusal),
    #[error("JetStream: {0}")]
    Client(#[source] async_nats::Error),
    #[error("the log cannot be read: {0}")]
    Log(#[from] LogError),
}

/// Why a message of the stream is not taken for an event of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Foreign {
    #[error("no event can be read from it")]
    Undecodable,
    #[error("its event has another position")]
    OtherPosition,
    #[error("it does not carry this log's id")]
    OtherLog,
    #[error("its message id is not its event's")]
    OtherEvent,
    #[error("its subject is not its event's")]
    OtherSubject,
}

/// The event a delivered message carries.
///
/// # Errors
/// [`Foreign`] when it is none of this log's at this place.
pub fn read(
    config: &MirrorConfig,
    log_id: Uuid,
    (sequence, message): (u64, &async_nats::Message),
) -> Result<Recorded, Foreign> {
    let headers = message.headers.as_ref();
    if !says(headers, LOG_ID_HEADER, log_id) {
        return Err(Foreign::OtherLog);
    }
    let event = Recorded::from_body(&message.payload).map_err(|_| Foreign::Undecodable)?;
    if u64::try_from(event.position) != Ok(sequence) {
        return Err(Foreign::OtherPosition);
    }
    if !says(headers, NATS_MESSAGE_ID, event.event_id) {
        return Err(Foreign::OtherEvent);
    }
    if message.subject.as_str() != config.subject(&event) {
        return Err(Foreign::OtherSubject);
    }
    Ok(event)
}

/// Whether a stored message is the copy of the event, byte for byte.
pub fn is_copy(config: &MirrorConfig, log_id: Uuid, (message, event): (&StreamMessage, &Recorded)) -> bool {
    message.payload == event.to_body()
        && message.subject.as_str() == config.subject(event)
        && says(Some(&message.headers), LOG_ID_HEADER, log_id)
        && says(Some(&message.headers), NATS_MESSAGE_ID, event.event_id)
}

fn says<N: IntoHeaderName>(headers: Option<&HeaderMap>, name: N, id: Uuid) -> bool {
    let value = headers.and_then(|headers| headers.get(name));
    value.is_some_and(|value| value.as_str().parse::<Uuid>() == Ok(id))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn config() -> MirrorConfig {
        MirrorConfig { stream: "EVENTS".into(), subject_prefix: "evt".into(), max_bytes: 1 << 20 }
    }

    #[test]
    fn partitions_never_change() {
        let ids = ["", "a", "order-1", "order-2", "01890000-0000-7000-8000-000000000000"];
        assert_eq!(ids.map(partition), [1, 0, 2, 11, 3]);
    }

    #[test]
    fn partitions_are_used_evenly() {
        let mut counts = [0_u32; 16];
        for n in 0..16_000 {
            counts[usize::try_from(partition(&format!("subscription-{n}"))).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_wake_subject_is_outside_the_stream() {
        let subjects = config().stream_config(Uuid::nil(), 1).subjects;
        assert_eq!(subjects, ["evt.*.*.*"]);
        assert_eq!(config().wake_subject().split('.').count(), 2);
    }

    fn event(position: i64) -> Recorded {
        let body = serde_json::json!({
            "position": position, "aggregate_type": "order", "aggregate_id": "o", "sequence": 1,
            "event_type": "OrderPlaced", "event_version": "1.0", "event_id": Uuid::from_u128(7),
            "command_id": Uuid::nil(), "customer_id": null, "recorded_at": "2026-01-02T03:04:05.000006Z",
            "metadata": {}, "payload": {"OrderPlaced": {}},
        });
        Recorded::from_body(body.to_string().as_bytes()).unwrap()
    }

    fn message(event: &Recorded, log_id: Uuid) -> async_nats::Message {
        let mut headers = HeaderMap::new();
        headers.insert(LOG_ID_HEADER, log_id.to_string());
        headers.insert(NATS_MESSAGE_ID, event.event_id.to_string());
        async_nats::Message {
            subject: config().subject(event).into(),
            reply: None,
            payload: event.to_body().into(),
            headers: Some(headers),
            status: None,
            description: None,
            length: 0,
        }
    }

    #[test]
    fn a_message_is_an_event_only_of_its_log_at_its_place() {
        let log_id = Uuid::from_u128(1);
        let good = message(&event(42), log_id);
        let read = |sequence, message: &async_nats::Message| read(&config(), log_id, (sequence, message));
        assert_eq!(read(42, &good).unwrap().to_body(), event(42).to_body());
        assert_eq!(read(43, &good).unwrap_err(), Foreign::OtherPosition);
        assert_eq!(read(42, &message(&event(42), Uuid::from_u128(2))).unwrap_err(), Foreign::OtherLog);

        let mut bare = message(&event(42), log_id);
        bare.headers = None;
        assert_eq!(read(42, &bare).unwrap_err(), Foreign::OtherLog);

        let mut junk = message(&event(42), log_id);
        junk.payload = "junk".into();
        assert_eq!(read(42, &junk).unwrap_err(), Foreign::Undecodable);

        let mut moved = message(&event(42), log_id);
        moved.subject = "evt.0.order.OrderCompleted".into();
        assert_eq!(read(42, &moved).unwrap_err(), Foreign::OtherSubject);

        let mut renamed = message(&event(42), log_id);
        renamed.headers.as_mut().unwrap().insert(NATS_MESSAGE_ID, Uuid::nil().to_string());
        assert_eq!(read(42, &renamed).unwrap_err(), Foreign::OtherEvent);
    }

    #[test]
    fn a_stream_from_the_first_event_names_no_first_sequence() {
        assert_eq!(config().stream_config(Uuid::nil(), 1).first_sequence, None);
        assert_eq!(config().stream_config(Uuid::nil(), 7).first_sequence, Some(7));
    }

    #[test]
    fn changed_limits_are_put_right_and_replicas_left_alone() {
        let right = config().stream_config(Uuid::nil(), 1);
        assert_eq!(config().amended(&right), None);
        let replicated = Config { num_replicas: 3, ..right.clone() };
        assert_eq!(config().amended(&replicated), None);
        let limited = Config { max_messages: 10, num_replicas: 3, ..right };
        assert_eq!(config().amended(&limited), Some(replicated));
    }
}
