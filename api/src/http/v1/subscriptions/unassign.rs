//! `DELETE /v1/subscriptions/{id}/licences/{lid}/assignment`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::subscription::UnassignLicence;

use super::assigned;
use super::licences::LicenceBody;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Take a licence from its user
#[utoipa::path(
    delete, path = "/v1/subscriptions/{id}/licences/{lid}/assignment", tag = "subscriptions",
    operation_id = "unassign_licence",
    params(("id" = uuid::Uuid, Path), ("lid" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = LicenceBody, headers(("ETag")), description = "The `ETag` is the subscription's."),
        (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn unassign_licence(
    State(api): State<Api>,
    Path((id, lid)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::UnassignLicence, request).await?;
    let (subscription_id, licence_id) = (api::path_id(&id)?, api::path_id(&lid)?);
    let receipt = api.bus.execute(&context, &UnassignLicence { subscription_id, licence_id }).await?;
    assigned::answer(&api, &context, &receipt, licence_id).await
}
