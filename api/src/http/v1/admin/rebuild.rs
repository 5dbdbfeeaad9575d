//! `POST /v1/admin/projections/{name}/rebuild`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::bus::{Receipt, ReceiptBody};
use commands::work::{Answer, AnswerBody, Command, Failure, Work};
use domain::Refusal;
use event_log::Reader as _;
use projections::rebuild;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use utoipa::ToSchema;

use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// The rebuild that was asked for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Rebuild)]
pub struct RebuildBody {
    pub name: String,
    /// Of the rows that it brings; answers of earlier builds name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    pub generation: Option<i32>,
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
        let generation = rebuild::next_generation(work.bus().pool(), &self.name).await?;
        let body = RebuildBody { name: self.name.clone(), generation: Some(generation) };
        Ok(Answer { status: 202, body: AnswerBody::Other(serde_json::to_value(body)?) })
    }
}

/// Rebuild a read model beside the live one
#[utoipa::path(
    post, path = "/v1/admin/projections/{name}/rebuild", tag = "admin", operation_id = "rebuild_projection",
    params(("name" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 202, body = RebuildBody, description = "Asked for; done by a process with the role `project`."), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn rebuild_projection(
    State(api): State<Api>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::RebuildProjection, request).await?;
    if projections::all().iter().all(|model| model.name() != name) {
        return Err(Problem::not_found());
    }
    let receipt = api.bus.execute(&context, &RequestRebuild { name }).await?;
    asked_for(api.pool(), &receipt).await?;
    api.answer_other(&receipt)
}

/// Before it is answered, and again by each repetition: the process may have died right after the answer was kept.
async fn asked_for(pool: &PgPool, receipt: &Receipt) -> Result<(), Problem> {
    let ReceiptBody::Other(kept) = &receipt.answer else { return Err(Problem::internal()) };
    let kept: RebuildBody = serde_json::from_str(kept).map_err(|_| Problem::internal())?;
    if let Some(generation) = kept.generation {
        rebuild::ask(pool, &kept.name, generation).await?;
    }
    Ok(())
}
