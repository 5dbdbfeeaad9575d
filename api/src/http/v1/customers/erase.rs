//! `POST /v1/customers/{id}/erase-personal-data`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::customer::ErasePersonalData;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// What is gone for good, and what stays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Erasure)]
pub struct ErasureBody {
    /// Every person whose fields were emptied, in all revisions.
    pub erased: Vec<ErasedBody>,
    pub retained: Vec<RetainedBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Erased)]
pub struct ErasedBody {
    /// `contact`, `address`, `account_contact` or `other`.
    pub what: String,
    /// As events name it.
    pub subject: Uuid,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Retained)]
pub struct RetainedBody {
    pub what: String,
    pub why: String,
}

/// Erase the personal data of a customer's people
#[utoipa::path(
    post, path = "/v1/customers/{id}/erase-personal-data", tag = "customers", operation_id = "erase_personal_data",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = ErasureBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn erase_personal_data(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::ErasePersonalData, request).await?;
    let receipt = api.bus.execute(&context, &ErasePersonalData { customer_id: api::path_id(&id)? }).await?;
    api.answer_other(&receipt)
}
