//! `PUT /v1/subscriptions/{id}/quantity`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::subscription::ChangeQuantity;
use domain::subscription::Effective;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{SubscriptionBody, SubscriptionResource};
use crate::clock;
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// How many seats there shall be. More seats come at once; fewer within the window, else at the renewal.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"quantity": 30}))]
pub struct ChangeQuantityBody {
    pub quantity: u32,
    /// `now` or `renewal`; absent: now where that is allowed, else at the renewal.
    pub effective: Option<String>,
}

/// What the body says, checked.
#[derive(Debug)]
pub struct Asked {
    quantity: u32,
    effective: Option<Effective>,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let times = [("now", Effective::Now), ("renewal", Effective::TermEnd)];
        let (quantity, effective) = (f.required_quantity("quantity"), f.optional("effective", values::one_of(&times)));
        Some(Self { quantity: quantity?, effective })
    }
}

/// Change a subscription's quantity
#[utoipa::path(
    put, path = "/v1/subscriptions/{id}/quantity", tag = "subscriptions", operation_id = "change_quantity",
    request_body = ChangeQuantityBody,
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = SubscriptionBody, description = "It holds already, or from the renewal on."),
        (status = 202, body = SubscriptionBody, description = "The provider is asked; `change` shows the request."),
        (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn change_quantity(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Asked>(Operation::ChangeQuantity, request).await?;
    let command = ChangeQuantity {
        subscription_id: api::path_id(&id)?,
        change_id: clock::new_id(),
        to: asked.quantity,
        effective: asked.effective,
    };
    let receipt = api.bus.execute(&context, &command).await?;
    api.answer::<SubscriptionResource>(&context, receipt).await
}
