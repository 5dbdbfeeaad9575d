//! `DELETE /v1/accounts/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::account::CloseAccount;

use super::body::{AccountBody, AccountResource};
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Close an account
#[utoipa::path(
    delete, path = "/v1/accounts/{id}", tag = "accounts", operation_id = "close_account",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = AccountBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn close_account(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::CloseAccount, request).await?;
    let receipt = api.bus.execute(&context, &CloseAccount { account_id: api::path_id(&id)? }).await?;
    api.answer::<AccountResource>(&context, receipt).await
}
