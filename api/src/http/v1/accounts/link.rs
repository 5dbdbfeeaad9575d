//! `PUT /v1/accounts/{id}/provider-link`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::account::LinkExistingAccount;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{AccountBody, AccountResource};
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// The account that the provider has already.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"provider_account_id": "acc-000042"}))]
pub struct LinkAccountBody {
    pub provider_account_id: String,
}

/// What the body says, checked.
#[derive(Debug)]
pub struct Asked {
    provider_account_id: String,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        Some(Self { provider_account_id: f.required("provider_account_id", values::provider_id)? })
    }
}

/// Link an account to one the provider has already
#[utoipa::path(
    put, path = "/v1/accounts/{id}/provider-link", tag = "accounts", operation_id = "link_existing_account",
    request_body = LinkAccountBody,
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = AccountBody, description = "Active; the orders that waited go out."),
        (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn link_existing_account(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Asked>(Operation::LinkExistingAccount, request).await?;
    let provider_account_id = asked.provider_account_id;
    let command = LinkExistingAccount { account_id: api::path_id(&id)?, provider_account_id };
    let receipt = api.bus.execute(&context, &command).await?;
    api.answer::<AccountResource>(&context, receipt).await
}
