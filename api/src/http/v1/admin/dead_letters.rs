//! `GET /v1/admin/dead-letters`

use axum::extract::{Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use commands::Operation;
use projections::status::{self, DeadLetter};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// An event that a reader could not apply, or that waits behind one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub struct DeadLetterBody {
    pub id: i64,
    pub reader: String,
    pub aggregate: String,
    pub aggregate_id: String,
    pub position: i64,
    pub reason: String,
    pub parked_at: DateTime<Utc>,
}

/// List parked events, newest first
#[utoipa::path(
    get, path = "/v1/admin/dead-letters", tag = "admin", operation_id = "list_dead_letters",
    params(("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query),
        ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = crate::http::v1::list::Listed<DeadLetterBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_dead_letters(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListDeadLetters, request).await?;
    let _ = reading.query.optional("customer_id", values::uuid);
    let page = api.page_of_log(&mut reading).await?;
    let head = event_log::page::head(api.pool()).await?;
    let mut rows = status::dead_letters(api.pool(), page.before, page.limit + 1).await?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    api.list(&page, head, rows.into_iter().map(DeadLetterBody::from).collect(), next)
}

impl From<DeadLetter> for DeadLetterBody {
    fn from(row: DeadLetter) -> Self {
        Self {
            id: row.id,
            reader: row.reader,
            aggregate: row.aggregate_type,
            aggregate_id: row.aggregate_id,
            position: row.position,
            reason: row.reason,
            parked_at: row.parked_at,
        }
    }
}
