//! `POST /v1/admin/projections/{name}/rebuild`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::work::{Answer, AnswerBody, Command, Failure, Work};
use domain::Refusal;
use event_log::Reader as _;
use projections::rebuild::{self, RebuildError};
use serde::Serialize;
use tracing::{error, info};
use utoipa::ToSchema;

use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// The rebuild that was started.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rebuild)]
pub struct RebuildBody {
    pub name: String,
}

/// Keeps the answer under its key.
struct RequestRebuild {
    name: String,
}

impl Command for RequestRebuild {
    const OPERATION: Operation = Operation::RebuildProjection;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        if rebuild::is_running(work.bus().pool(), &self.name).await? {
            return Err(Refusal::InvalidState { state: "being rebuilt" }.into());
        }
        Ok(Answer { status: 202, body: AnswerBody::Other(serde_json::json!({ "name": self.name })) })
    }
}

/// Rebuild a read model beside the live one
#[utoipa::path(
    post, path = "/v1/admin/projections/{name}/rebuild", tag = "admin", operation_id = "rebuild_projection",
    params(("name" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 202, body = RebuildBody, description = "Started."), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn rebuild_projection(
    State(api): State<Api>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::RebuildProjection, request).await?;
    let model = projections::all().into_iter().find(|model| model.name() == name).ok_or_else(Problem::not_found)?;
    let receipt = api.bus.execute(&context, &RequestRebuild { name }).await?;
    if !receipt.replayed {
        let pool = api.pool().clone();
        tokio::spawn(async move {
            match rebuild::rebuild(&pool, &model, |_, _| {}).await {
                Ok(rebuilt) => info!(read_model = model.name(), position = rebuilt.position, "rebuilt on demand"),
                // Asked for at the same moment: the one that runs shows all that this one would.
                Err(RebuildError::Running) => info!(read_model = model.name(), "it is being rebuilt already"),
                Err(error) => {
                    error!(read_model = model.name(), %error, "a rebuild failed; the live rows are untouched")
                }
            }
        });
    }
    api.answer_other(&receipt)
}
