//! The mirror of the log on JetStream: what its writing and its reading side must agree on.
//!
//! Stream sequence = global position. Everything else (no duplicates, order, fencing, resuming, noticing loss) follows
//! from that one equality. The mirror may be lost at any time; it is then made anew from Postgres.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::context::{ContextBuilder, RequestError};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, RawMessageErrorKind, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, Error as Refusal, ErrorCode};
use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;

use crate::Recorded;

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
/// A request to JetStream or an acknowledgement takes milliseconds; after this it is lost.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// Publishes the client lets wait for acknowledgements: several windows, since a dropped one is held a while.
const MAX_UNACKNOWLEDGED: usize = 8_000;

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

/// JetStream did not do as asked.
#[derive(Debug, Error)]
pub enum MirrorError {
    #[error("JetStream does not answer: {0}")]
    Request(#[from] RequestError),
    #[error("JetStream refuses: {0}")]
    Refused(#[from] Refusal),
    #[error("JetStream: {0}")]
    Client(#[source] async_nats::Error),
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

/// Handle on the stream. Clones share the connection.
#[derive(Debug, Clone)]
pub struct Mirror {
    pub config: MirrorConfig,
    jetstream: Context,
}

impl Mirror {
    /// Makes no request. Needs a tokio runtime.
    pub fn new(nats: async_nats::Client, config: MirrorConfig) -> Self {
        let jetstream = ContextBuilder::new()
            .timeout(REQUEST_TIMEOUT)
            .ack_timeout(REQUEST_TIMEOUT)
            .max_ack_inflight(MAX_UNACKNOWLEDGED)
            .build(nats);
        Self { config, jetstream }
    }

    pub const fn jetstream(&self) -> &Context {
        &self.jetstream
    }

    /// The stream as it is now; `None` when there is none.
    ///
    /// # Errors
    /// [`MirrorError`] when JetStream is away.
    pub async fn info(&self) -> Result<Option<Info>, MirrorError> {
        match self.request("INFO", &serde_json::json!({})).await {
            Ok(info) => Ok(Some(info)),
            Err(MirrorError::Refused(refusal)) if refusal.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the stream. Its last sequence is then `first - 1`, so event `first` is published like any other.
    ///
    /// # Errors
    /// [`MirrorError`], also when another process was faster.
    pub async fn create(&self, log_id: Uuid, first: i64) -> Result<(), MirrorError> {
        let _: Info = self.request("CREATE", &self.config.stream_config(log_id, first)).await?;
        Ok(())
    }

    /// Gives the stream a new configuration.
    ///
    /// # Errors
    /// [`MirrorError`], also when the change is one the server does not allow.
    pub async fn update(&self, config: &Config) -> Result<(), MirrorError> {
        let _: Info = self.request("UPDATE", config).await?;
        Ok(())
    }

    /// Removes the stream seen as `info`, unless that one is gone already.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub async fn delete(&self, info: &Info) -> Result<(), MirrorError> {
        // Another relay may have replaced it meanwhile; its successor is none of our business.
        if self.info().await?.is_none_or(|now| now.created != info.created) {
            return Ok(());
        }
        let _: serde_json::Value = self.request("DELETE", &serde_json::json!({})).await?;
        Ok(())
    }

    /// The message at `position`; `None` when the stream holds none there.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub async fn message(&self, position: u64) -> Result<Option<StreamMessage>, MirrorError> {
        let stream = self.jetstream.get_stream_no_info(&self.config.stream).await;
        match stream.map_err(|e| MirrorError::Client(e.into()))?.get_raw_message(position).await {
            Ok(message) => Ok(Some(message)),
            Err(error) => match error.kind() {
                RawMessageErrorKind::NoMessageFound => Ok(None),
                RawMessageErrorKind::JetStream(refusal) => Err(refusal.into()),
                _ => Err(MirrorError::Client(error.into())),
            },
        }
    }

    async fn request<T: Serialize, R: serde::de::DeserializeOwned>(
        &self,
        verb: &str,
        body: &T,
    ) -> Result<R, MirrorError> {
        let subject = format!("STREAM.{verb}.{}", self.config.stream);
        match self.jetstream.request(subject, body).await? {
            Response::Ok(answer) => Ok(answer),
            Response::Err { error } => Err(error.into()),
        }
    }

    /// The event a delivered message carries.
    ///
    /// # Errors
    /// [`Foreign`] when it is none of this log's at this place.
    pub fn read(&self, log_id: Uuid, sequence: u64, message: &async_nats::Message) -> Result<Recorded, Foreign> {
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
        if message.subject.as_str() != self.config.subject(&event) {
            return Err(Foreign::OtherSubject);
        }
        Ok(event)
    }

    /// Whether a stored message is the copy of `event`, byte for byte.
    pub fn is_copy(&self, log_id: Uuid, message: &StreamMessage, event: &Recorded) -> bool {
        message.payload == event.to_body()
            && message.subject.as_str() == self.config.subject(event)
            && says(Some(&message.headers), LOG_ID_HEADER, log_id)
            && says(Some(&message.headers), NATS_MESSAGE_ID, event.event_id)
    }
}

fn says<N: async_nats::header::IntoHeaderName>(headers: Option<&HeaderMap>, name: N, id: Uuid) -> bool {
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
