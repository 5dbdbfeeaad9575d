//! `GET /v1/admin/dead-letters`

use std::cmp::Reverse;

use axum::extract::{Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use commands::Operation;
use commands::effects::{self, EffectFilter, EffectRow};
use projections::status::{self, DeadLetter, LetterFilter};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// An effect that came to nothing, or an event that a reader could not apply or that waits behind one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub struct DeadLetterBody {
    /// For `retry` and `discard`.
    pub id: String,
    /// `effect` or `event`.
    pub kind: &'static str,
    /// Which process wants the effect, or which reader parked the event.
    pub reader: String,
    /// What the effect is, or the aggregate of the event.
    pub aggregate: String,
    /// The id of what it is about.
    pub aggregate_id: String,
    /// Of the event, or of the one the effect follows from; `null` when the effect was asked for directly.
    pub position: Option<i64>,
    pub reason: String,
    /// Tries of an effect that reached whoever it is for.
    pub attempts: i32,
    pub parked_at: DateTime<Utc>,
}

/// List what waits for the operator, newest first
#[utoipa::path(
    get, path = "/v1/admin/dead-letters", tag = "admin", operation_id = "list_dead_letters",
    params(("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query),
        ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = crate::http::v1::list::Listed<DeadLetterBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_dead_letters(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListDeadLetters, request).await?;
    let customer_id = reading.query.optional("customer_id", values::uuid);
    // Any reader may park an event, and effects follow from what one of them has read: the list shows what came of all
    // that every reader has passed, and may lack what one of them has yet to come to.
    let page = api.page_of_all(&mut reading).await?;
    let position = api.position_of_all().await?;
    let (before, more) = (page.moment(), page.limit + 1);
    let events = LetterFilter { customer_id, before: before.clone(), limit: more };
    let effects = EffectFilter { states: Vec::new(), customer_id, before, limit: more };
    let events = status::dead_letters(api.pool(), &events).await?.into_iter().map(DeadLetterBody::of_event);
    let effects = effects::dead(api.pool(), &effects).await?.into_iter().map(DeadLetterBody::of_effect);
    let mut letters: Vec<DeadLetterBody> = events.chain(effects).collect();
    letters.sort_by_cached_key(|letter| Reverse((letter.parked_at, letter.id.clone())));
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let is_more = letters.len() > limit;
    letters.truncate(limit);
    let next = letters.last().filter(|_| is_more).map(|letter| (letter.parked_at, letter.id.clone()));
    Ok(api.list_by_time(&page, position, letters, next))
}

impl DeadLetterBody {
    fn of_event(row: DeadLetter) -> Self {
        Self {
            id: row.id.to_string(),
            kind: "event",
            reader: row.reader,
            aggregate: row.aggregate_type,
            aggregate_id: row.aggregate_id,
            position: Some(row.position),
            reason: row.reason,
            attempts: 0,
            parked_at: row.parked_at,
        }
    }

    fn of_effect(row: EffectRow) -> Self {
        Self {
            id: row.op_id.to_string(),
            kind: "effect",
            reader: row.process,
            aggregate: row.kind,
            aggregate_id: row.subject,
            position: row.position,
            reason: row.outcome.unwrap_or_default(),
            attempts: row.attempts,
            parked_at: row.settled_at.unwrap_or(row.created_at),
        }
    }
}
