//! `PUT /v1/subscriptions/{id}/extend`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use chrono::NaiveDate;
use commands::Operation;
use commands::subscription::{ExtendSubscription, NewEnd};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{SubscriptionBody, SubscriptionResource};
use crate::clock;
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody, ProblemType};
use crate::http::values;

/// Until when the running term shall last: exactly one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"ends_on": "2027-03-31"}))]
pub struct ExtendSubscriptionBody {
    /// The first day after the term.
    pub ends_on: Option<NaiveDate>,
    /// Another subscription of the same account, to end on its day.
    pub coterminous_with: Option<Uuid>,
}

/// What the body says, checked.
#[derive(Debug)]
pub struct Asked {
    to: NewEnd,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let to = match f.optional("coterminous_with", values::uuid) {
            None => f.required("ends_on", values::date).map(NewEnd::On),
            Some(other) => match f.optional("ends_on", values::date) {
                None => Some(NewEnd::With(other)),
                Some(_) => {
                    let detail = "Either ends_on or coterminous_with, not both.";
                    f.reject("coterminous_with", ProblemType::InvalidValue, detail)
                }
            },
        };
        Some(Self { to: to? })
    }
}

/// Extend a subscription's running term
#[utoipa::path(
    put, path = "/v1/subscriptions/{id}/extend", tag = "subscriptions", operation_id = "extend_subscription",
    request_body = ExtendSubscriptionBody,
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 202, body = SubscriptionBody, description = "The provider is asked; `change` shows the request."),
        (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn extend_subscription(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Asked>(Operation::ExtendSubscription, request).await?;
    let command = ExtendSubscription { subscription_id: api::path_id(&id)?, change_id: clock::new_id(), to: asked.to };
    let receipt = api.bus.execute(&context, &command).await?;
    api.answer::<SubscriptionResource>(&context, receipt).await
}
