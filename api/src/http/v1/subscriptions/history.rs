//! `GET /v1/subscriptions/{id}/history`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use commands::Operation;
use domain::Event;
use event_log::Recorded;
use projections::page;
use projections::subscriptions::Subscriptions;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::SubscriptionResource;
use super::happened::Happened;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// One thing that happened, for people.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
pub struct HistoryBody {
    /// Position of the event in the log.
    pub position: i64,
    pub at: DateTime<Utc>,
    /// The actor's role; staff sees who.
    pub by: String,
    #[serde(flatten)]
    pub happened: Happened,
}

/// A subscription's history
#[utoipa::path(
    get, path = "/v1/subscriptions/{id}/history", tag = "subscriptions", operation_id = "get_history",
    params(
        ("id" = uuid::Uuid, Path), ("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query),
        ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<HistoryBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_history(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetHistory, request).await?;
    let customer_id = reading.query.optional("customer_id", values::uuid);
    let page = api.page::<SubscriptionResource>(&mut reading).await?;
    let id = api::path_id(&id)?;
    let shown = page::get::<Subscriptions>(api.pool(), id, reading.scope()).await?;
    let row = api::found(shown.content)?;
    let owner = row.folded.state.as_ref().map(|core| core.started.customer_id);
    let foreign = customer_id.is_some() && customer_id != owner;
    // Only what the row shows: the read position is the row's.
    let events = event_log::stream::events(api.pool(), "subscription", &id.to_string(), 0).await?;
    let shown_events = events.iter().rev().filter(|event| !foreign && event.sequence <= row.folded.version);
    let older = shown_events.filter(|event| page.before.is_none_or(|before| event.position < before));
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let mut entries: Vec<HistoryBody> =
        older.take(limit + 1).map(|event| entry(event, reading.is_staff())).collect::<Result<_, _>>()?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|entry| entry.position);
    api.list(&page, shown.position, entries, next)
}

fn entry(recorded: &Recorded, staff: bool) -> Result<HistoryBody, Problem> {
    let metadata = recorded.meta().map_err(|_| Problem::internal())?;
    let Event::Subscription(event) = recorded.event().map_err(|_| Problem::internal())? else {
        return Err(Problem::internal());
    };
    let by = if staff { metadata.actor } else { metadata.role };
    Ok(HistoryBody { position: recorded.position, at: metadata.at, by, happened: Happened::from(event) })
}
