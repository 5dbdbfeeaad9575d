//! `GET /v1/audit/streams/{aggregate}/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use projections::audit::{self, Filter};

use super::body::EventBody;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// The events of one stream, oldest first
#[utoipa::path(
    get, path = "/v1/audit/streams/{aggregate}/{id}", tag = "audit", operation_id = "get_audit_stream",
    params(
        ("aggregate" = String, Path), ("id" = String, Path), ("customer_id" = Option<uuid::Uuid>, Query),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<EventBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_audit_stream(
    State(api): State<Api>,
    Path((aggregate, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetAuditStream, request).await?;
    let customer_id = reading.query.optional("customer_id", values::uuid);
    let page = api.page_of_log(&mut reading).await?;
    let filter = Filter {
        aggregate: Some(aggregate),
        aggregate_id: Some(id),
        customer_id,
        after_position: page.before.unwrap_or(0),
        limit: page.limit + 1,
        ..Filter::default()
    };
    let (head, events) = audit::events(api.pool(), &filter).await?;
    if events.is_empty() && page.before.is_none() && customer_id.is_none() {
        return Err(Problem::not_found());
    }
    let mut bodies = events.iter().map(EventBody::of).collect::<Result<Vec<_>, _>>()?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = bodies.len() > limit;
    bodies.truncate(limit);
    let next = bodies.last().filter(|_| more).map(|event| event.position);
    api.list(&page, head, bodies, next)
}
