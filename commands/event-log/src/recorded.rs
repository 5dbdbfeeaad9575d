//! An event as stored, on its way out of Postgres or NATS.

use std::fmt::Write as _;
use std::sync::OnceLock;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::codec::{self, CodecError};
use domain::{Event, Metadata};
use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::FromRow;
use uuid::Uuid;

/// One row of `events`. `payload` and `metadata` are the stored bytes.
#[derive(Debug)]
pub struct Recorded {
    pub position: i64,
    pub aggregate_type: String,
    pub aggregate_id: String,
    /// Version of the stream after this event, from 1.
    pub sequence: i64,
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
    pub metadata: String,
    pub event_id: Uuid,
    pub command_id: Uuid,
    pub customer_id: Option<Uuid>,
    pub recorded_at: DateTime<Utc>,
    decoded: OnceLock<Result<Event, CodecError>>,
}

/// The columns of [`Recorded`], in the order and form it is read in.
pub const COLUMNS: &str = "position, aggregate_type, aggregate_id, sequence, event_type, event_version, \
     payload::text as payload, metadata::text as metadata, event_id, command_id, customer_id, recorded_at";

impl<'r> FromRow<'r, sqlx::postgres::PgRow> for Recorded {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
        use sqlx::Row;
        Ok(Self {
            position: row.try_get(0)?,
            aggregate_type: row.try_get(1)?,
            aggregate_id: row.try_get(2)?,
            sequence: row.try_get(3)?,
            event_type: row.try_get(4)?,
            event_version: row.try_get(5)?,
            payload: row.try_get(6)?,
            metadata: row.try_get(7)?,
            event_id: row.try_get(8)?,
            command_id: row.try_get(9)?,
            customer_id: row.try_get(10)?,
            recorded_at: row.try_get(11)?,
            decoded: OnceLock::new(),
        })
    }
}

impl Recorded {
    /// The event, decoded once however many readers ask.
    ///
    /// # Errors
    /// [`CodecError`] when this build cannot read it.
    pub fn event(&self) -> Result<&Event, &CodecError> {
        self.decoded
            .get_or_init(|| codec::decode(&self.aggregate_type, &self.event_type, &self.event_version, &self.payload))
            .as_ref()
    }

    /// Whether it is the very same record. An event's id tells its place in its stream alone: a log that was put back to
    /// an earlier state may go on with another event there.
    pub fn is(&self, other: &Self) -> bool {
        self.position == other.position && self.event_id == other.event_id && self.recorded_at == other.recorded_at
    }

    /// Who, when and why.
    ///
    /// # Errors
    /// When the stored metadata is not what we write.
    pub fn meta(&self) -> Result<Metadata, serde_json::Error> {
        serde_json::from_str(&self.metadata)
    }

    /// The stored event as the body of its mirror message: payload and metadata keep their bytes.
    pub fn to_body(&self) -> Vec<u8> {
        let mut body = String::with_capacity(self.payload.len() + self.metadata.len() + 512);
        let customer = self.customer_id.map_or_else(|| "null".to_owned(), |id| format!("\"{id}\""));
        let aggregate_id = serde_json::Value::from(self.aggregate_id.as_str());
        // Writing to a String cannot fail.
        let _ = write!(
            body,
            "{{\"position\":{},\"aggregate_type\":\"{}\",\"aggregate_id\":{aggregate_id},\"sequence\":{},\
             \"event_type\":\"{}\",\"event_version\":\"{}\",\"event_id\":\"{}\",\"command_id\":\"{}\",\
             \"customer_id\":{customer},\"recorded_at\":\"{}\",\"metadata\":{},\"payload\":{}}}",
            self.position,
            self.aggregate_type,
            self.sequence,
            self.event_type,
            self.event_version,
            self.event_id,
            self.command_id,
            self.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
            self.metadata,
            self.payload,
        );
        body.into_bytes()
    }

    /// Reads a mirror message back.
    ///
    /// # Errors
    /// When the bytes are not a body of ours.
    pub fn from_body(body: &[u8]) -> Result<Self, serde_json::Error> {
        let wire: Wire<'_> = serde_json::from_slice(body)?;
        Ok(Self {
            position: wire.position,
            aggregate_type: wire.aggregate_type,
            aggregate_id: wire.aggregate_id,
            sequence: wire.sequence,
            event_type: wire.event_type,
            event_version: wire.event_version,
            payload: wire.payload.get().to_owned(),
            metadata: wire.metadata.get().to_owned(),
            event_id: wire.event_id,
            command_id: wire.command_id,
            customer_id: wire.customer_id,
            recorded_at: wire.recorded_at,
            decoded: OnceLock::new(),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    position: i64,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    event_id: Uuid,
    command_id: Uuid,
    customer_id: Option<Uuid>,
    recorded_at: DateTime<Utc>,
    #[serde(borrow)]
    metadata: &'a RawValue,
    #[serde(borrow)]
    payload: &'a RawValue,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn recorded(at: &str) -> Recorded {
        let body = serde_json::json!({
            "position": 7, "aggregate_type": "order", "aggregate_id": "o", "sequence": 1,
            "event_type": "OrderPlaced", "event_version": "1.0", "event_id": Uuid::from_u128(7),
            "command_id": Uuid::nil(), "customer_id": null, "recorded_at": at, "metadata": {}, "payload": {},
        });
        Recorded::from_body(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_is_written_again_at_the_same_place_is_another_record() {
        let (before, again) = ("2026-01-02T03:04:05.000006Z", "2026-01-02T03:04:05.000007Z");
        assert!(recorded(before).is(&recorded(before)));
        assert!(!recorded(before).is(&recorded(again)));
    }
}
