//! `PUT /v1/subscriptions/{id}/cancel`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::subscription::CancelSubscription;
use domain::subscription::Effective;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{SubscriptionBody, SubscriptionResource};
use crate::clock;
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// When it shall end; the body may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"effective": "term_end"}))]
pub struct CancelSubscriptionBody {
    /// `now` or `term_end`; absent: now within the window, else at the end of the term.
    pub effective: Option<String>,
}

/// What the body says, checked.
#[derive(Debug)]
pub struct Asked {
    effective: Option<Effective>,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let times = [("now", Effective::Now), ("term_end", Effective::TermEnd)];
        Some(Self { effective: f.optional("effective", values::one_of(&times)) })
    }
}

/// Cancel a subscription
#[utoipa::path(
    put, path = "/v1/subscriptions/{id}/cancel", tag = "subscriptions", operation_id = "cancel_subscription",
    request_body = Option<CancelSubscriptionBody>,
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = SubscriptionBody, description = "It ends with its term; `renewal` shows it."),
        (status = 202, body = SubscriptionBody, description = "The provider is asked; `change` shows the request."),
        (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn cancel_subscription(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write_optional::<Asked>(Operation::CancelSubscription, request).await?;
    let command = CancelSubscription {
        subscription_id: api::path_id(&id)?,
        change_id: clock::new_id(),
        effective: asked.effective,
    };
    let receipt = api.bus.execute(&context, &command).await?;
    api.answer::<SubscriptionResource>(&context, receipt).await
}
