//! A stored event as auditors see it. Personal data stays a reference.

use chrono::{DateTime, Utc};
use event_log::Recorded;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::problem::Problem;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub struct EventBody {
    /// In the whole log, gap-free.
    pub position: i64,
    pub aggregate: String,
    pub aggregate_id: String,
    /// In its stream, from 1.
    pub version: i64,
    #[serde(rename = "type")]
    pub event_type: String,
    pub event_version: String,
    /// The event's data, without its name.
    #[schema(value_type = Object)]
    pub payload: Value,
    #[schema(value_type = Object)]
    pub metadata: Value,
    pub recorded_at: DateTime<Utc>,
}

impl EventBody {
    /// # Errors
    /// Internal, when the stored JSON is no JSON, which Postgres does not let happen.
    pub fn of(recorded: &Recorded) -> Result<Self, Problem> {
        let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| Problem::internal());
        Ok(Self {
            position: recorded.position,
            aggregate: recorded.aggregate_type.clone(),
            aggregate_id: recorded.aggregate_id.clone(),
            version: recorded.sequence,
            event_type: recorded.event_type.clone(),
            event_version: recorded.event_version.clone(),
            payload: untagged(json(&recorded.payload)?, &recorded.event_type),
            metadata: json(&recorded.metadata)?,
            recorded_at: recorded.recorded_at,
        })
    }
}

/// The log keeps the event's name as a tag around its data.
fn untagged(payload: Value, name: &str) -> Value {
    match payload {
        Value::Object(mut tagged) if tagged.len() == 1 => tagged.remove(name).unwrap_or(Value::Object(tagged)),
        other => other,
    }
}
