//! `GET /v1/accounts/{id}/subscriptions/{sid}/licences`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;

use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::subscriptions::licences::{LicenceBody, licences};

/// List a subscription's licences, by account
#[utoipa::path(
    get, path = "/v1/accounts/{id}/subscriptions/{sid}/licences", tag = "accounts",
    operation_id = "list_account_licences",
    params(
        ("id" = uuid::Uuid, Path), ("sid" = uuid::Uuid, Path), ("customer_id" = Option<uuid::Uuid>, Query),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<LicenceBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_account_licences(
    State(api): State<Api>,
    Path((id, sid)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let reading = api.reading(Operation::ListAccountLicences, request).await?;
    licences(&api, reading, Some(&id), &sid).await
}
