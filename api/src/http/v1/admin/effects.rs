//! `GET /v1/admin/effects`

use axum::extract::{Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use commands::Operation;
use commands::effects::{self, EffectFilter, EffectRow};
use commands::reactor::Reactor;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// Something done, or to be done, outside: at the provider, a payment gateway, the mail server, or where documents are
/// kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Effect)]
pub struct EffectBody {
    /// The operation id that every try bears.
    pub id: Uuid,
    pub process: String,
    /// Of the event it follows from; `null` when it was asked for directly.
    pub position: Option<i64>,
    pub kind: String,
    /// The id of what it is about.
    pub subject: String,
    /// `due`, `done`, `dead` (waits for the operator) or `discarded`.
    pub state: String,
    /// Tries that reached whoever it is for.
    pub attempts: i32,
    /// Polls so far, and calls that did not reach the provider.
    pub polls: i32,
    pub due_at: DateTime<Utc>,
    pub outcome: Option<String>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// List effects, newest first
#[utoipa::path(
    get, path = "/v1/admin/effects", tag = "admin", operation_id = "list_effects",
    params(
        ("state" = Option<String>, Query), ("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query),
        ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<EffectBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_effects(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListEffects, request).await?;
    let states = reading.query.several("state", &["due", "done", "dead", "discarded"]);
    let customer_id = reading.query.optional("customer_id", values::uuid);
    let page = api.page_of(&mut reading, Reactor::NAME).await?;
    let position = api.position_of(Reactor::NAME).await?;
    let filter = EffectFilter { states, customer_id, before: page.moment(), limit: page.limit + 1 };
    let mut rows = effects::list(api.pool(), &filter).await?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| (row.created_at, row.op_id.to_string()));
    Ok(api.list_by_time(&page, position, rows.into_iter().map(EffectBody::from).collect(), next))
}

impl From<EffectRow> for EffectBody {
    fn from(row: EffectRow) -> Self {
        Self {
            id: row.op_id,
            process: row.process,
            position: row.position,
            kind: row.kind,
            subject: row.subject,
            state: row.state,
            attempts: row.attempts,
            polls: row.asked,
            due_at: row.due_at,
            outcome: row.outcome,
            created_at: row.created_at,
            settled_at: row.settled_at,
        }
    }
}
