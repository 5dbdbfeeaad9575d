//! `PUT /v1/subscriptions/{id}/licences/{lid}/assignment`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::subscription::AssignLicence;
use domain::subscription::LicenceUser;
use serde::Deserialize;
use utoipa::ToSchema;

use super::assigned;
use super::licences::LicenceBody;
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// Who shall use the licence.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"user": "ada@acker.example"}))]
pub struct AssignLicenceBody {
    pub user: String,
}

/// What the body says, checked.
#[derive(Debug)]
pub struct Asked {
    user: LicenceUser,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let name = f.required("user", values::text);
        Some(Self { user: LicenceUser { name: name? } })
    }
}

/// Assign a licence to a user
#[utoipa::path(
    put, path = "/v1/subscriptions/{id}/licences/{lid}/assignment", tag = "subscriptions",
    operation_id = "assign_licence", request_body = AssignLicenceBody,
    params(("id" = uuid::Uuid, Path), ("lid" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = LicenceBody, headers(("ETag")), description = "The `ETag` is the subscription's."),
        (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn assign_licence(
    State(api): State<Api>,
    Path((id, lid)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Asked>(Operation::AssignLicence, request).await?;
    let (subscription_id, licence_id) = (api::path_id(&id)?, api::path_id(&lid)?);
    let command = AssignLicence { subscription_id, licence_id, user: asked.user };
    let receipt = api.bus.execute(&context, &command).await?;
    assigned::answer(&api, &context, &receipt, licence_id).await
}
