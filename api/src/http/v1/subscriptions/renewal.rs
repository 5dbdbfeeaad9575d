//! `PUT /v1/subscriptions/{id}/renewal`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::subscription::SetRenewal;
use domain::subscription::RenewalAction;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{SubscriptionBody, SubscriptionResource};
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// What shall happen at the end of the term.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"action": "renew", "quantity": 20}))]
pub struct SetRenewalBody {
    /// `renew` or `expire`.
    pub action: String,
    /// Seats from the renewal on; absent follows the quantity of that day.
    pub quantity: Option<u32>,
}

/// What the body says, checked.
#[derive(Debug)]
pub struct Asked {
    action: RenewalAction,
    quantity: Option<u32>,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let actions = [("renew", RenewalAction::Renew), ("expire", RenewalAction::Expire)];
        let (action, quantity) = (f.required("action", values::one_of(&actions)), f.optional_quantity("quantity"));
        Some(Self { action: action?, quantity })
    }
}

/// Say what happens at the end of the term
#[utoipa::path(
    put, path = "/v1/subscriptions/{id}/renewal", tag = "subscriptions", operation_id = "set_renewal",
    request_body = SetRenewalBody,
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = SubscriptionBody, description = "Set; `renewal.confirmed` tells when the provider has it."),
        (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn set_renewal(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Asked>(Operation::SetRenewal, request).await?;
    let command = SetRenewal { subscription_id: api::path_id(&id)?, action: asked.action, quantity: asked.quantity };
    let receipt = api.bus.execute(&context, &command).await?;
    api.answer::<SubscriptionResource>(&context, receipt).await
}
