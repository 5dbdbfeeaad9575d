//! `GET /v1/admin/projections`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::status::{self, Status};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// One reader of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Projection)]
pub struct ProjectionBody {
    pub name: String,
    /// Of the code that wrote its rows.
    pub version: i32,
    pub position: i64,
    pub head: i64,
    pub lag_events: i64,
    /// Whole seconds since the oldest event it has not applied.
    pub lag_seconds: i64,
    /// `running`, `stopped` or `parked` (some aggregate's events wait for the operator).
    pub state: &'static str,
}

/// List the readers and where they are
#[utoipa::path(
    get, path = "/v1/admin/projections", tag = "admin", operation_id = "list_projections",
    params(("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query),
        ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = crate::http::v1::list::Listed<ProjectionBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_projections(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListProjections, request).await?;
    let _ = reading.query.optional("customer_id", values::uuid);
    let page = api.page_of_log(&mut reading).await?;
    let readers = status::readers(api.pool()).await?;
    let head = readers.first().map_or(0, |reader| reader.head);
    let after = usize::try_from(page.before.unwrap_or(0)).unwrap_or(0);
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let bodies = readers.iter().skip(after).take(limit).map(ProjectionBody::of).collect();
    let next = i64::try_from(after + limit).ok().filter(|_| after + limit < readers.len());
    api.list(&page, head, bodies, next)
}

impl ProjectionBody {
    fn of(reader: &Status) -> Self {
        let state = match (reader.parked > 0, reader.running) {
            (true, _) => "parked",
            (false, true) => "running",
            (false, false) => "stopped",
        };
        Self {
            name: reader.name.clone(),
            version: reader.version,
            position: reader.position,
            head: reader.head,
            lag_events: reader.head - reader.position,
            lag_seconds: reader.lag_seconds,
            state,
        }
    }
}
