//! `GET /v1/admin/reconcile/{id}`

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use commands::Operation;
use commands::drift::runs::{self, Run};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::api::{self, Api};
use crate::http::headers::AnswerHeaders;
use crate::http::problem::{Problem, ProblemBody};

/// A comparison of everything the provider has with what we hold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReconcileRun)]
pub struct RunBody {
    pub id: Uuid,
    /// `running` or `completed`.
    pub status: &'static str,
    pub started_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
    /// Differences it has met; those listed before count again.
    pub found: i64,
    /// How many of them became ours.
    pub adopted: i64,
}

/// Get a reconciliation run
#[utoipa::path(
    get, path = "/v1/admin/reconcile/{id}", tag = "admin", operation_id = "get_reconcile",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = RunBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_reconcile(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetReconcile, request).await?;
    reading.finish()?;
    let id = api::path_id(&id)?;
    api.wait_for_log(reading.min_position).await?;
    let head = event_log::page::head(api.pool()).await?;
    let run = runs::find(api.pool(), id).await?.ok_or_else(Problem::not_found)?;
    let headers = AnswerHeaders { read_position: Some(head), ..AnswerHeaders::default() };
    Ok((headers, axum::Json(RunBody::of(&run))).into_response())
}

impl RunBody {
    fn of(run: &Run) -> Self {
        Self {
            id: run.run_id,
            status: if run.completed_at.is_some() { "completed" } else { "running" },
            started_at: run.started_at,
            completed_at: run.completed_at,
            found: run.found,
            adopted: run.adopted,
        }
    }
}
