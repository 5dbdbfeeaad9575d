//! Handle on the stream.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{Config, Info, RawMessageErrorKind};
use async_nats::jetstream::{Context, ErrorCode};
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgPool;
use uuid::Uuid;

use super::{MirrorConfig, MirrorError, is_copy};
use crate::{page, patience};

/// A request to JetStream or an acknowledgement takes milliseconds; after this it is lost.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// Publishes the client lets wait for acknowledgements: several windows, since a dropped one is held a while.
const MAX_UNACKNOWLEDGED: usize = 8_000;
/// Messages asked for at the same time.
const CONCURRENT: usize = 16;

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

    async fn request<T: Serialize, R: DeserializeOwned>(&self, verb: &str, body: &T) -> Result<R, MirrorError> {
        let subject = format!("STREAM.{verb}.{}", self.config.stream);
        match self.jetstream.request(subject, body).await? {
            Response::Ok(answer) => Ok(answer),
            Response::Err { error } => Err(error.into()),
        }
    }

    /// Those of the positions, within one page of each other, at which the stream should hold the log's event and
    /// does not. Positions before its first and behind its last message do not count.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub async fn differing(
        &self,
        pool: &PgPool,
        (log_id, info): (Uuid, &Info),
        positions: &[i64],
    ) -> Result<Vec<i64>, MirrorError> {
        let positions: Vec<i64> = positions.iter().copied().filter(|position| holds(info, *position)).collect();
        let (Some(lowest), Some(highest)) = (positions.iter().min(), positions.iter().max()) else {
            return Ok(Vec::new());
        };
        let events = page::after(pool, lowest - 1, (highest - lowest + 1).min(page::PAGE));
        let events = patience::answer(pool, events).await?;
        let events: HashMap<i64, _> = events.into_iter().map(|event| (event.position, event)).collect();
        let compared = futures::stream::iter(positions).map(|position| {
            let event = events.get(&position);
            async move {
                let message = self.message(position.unsigned_abs()).await?;
                let pair = message.zip(event);
                let same = pair.is_some_and(|(message, event)| is_copy(&self.config, log_id, (&message, event)));
                Ok::<_, MirrorError>((!same).then_some(position))
            }
        });
        let differing: Vec<Option<i64>> = compared.buffered(CONCURRENT).try_collect().await?;
        Ok(differing.into_iter().flatten().collect())
    }
}

fn holds(info: &Info, position: i64) -> bool {
    let held = info.state.first_sequence..=info.state.last_sequence;
    info.state.messages > 0 && held.contains(&position.unsigned_abs())
}
