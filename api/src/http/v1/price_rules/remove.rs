//! `DELETE /v1/price-rules/{id}`

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::Operation;
use commands::price_rule::RemovePriceRule;

use crate::http::api::{self, Api};
use crate::http::headers::AnswerHeaders;
use crate::http::problem::{Problem, ProblemBody};

/// Remove a price rule
#[utoipa::path(
    delete, path = "/v1/price-rules/{id}", tag = "catalogue", operation_id = "remove_price_rule",
    params(
        ("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header),
    ),
    responses((status = 204, description = "Removed."), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn remove_price_rule(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::RemovePriceRule, request).await?;
    let receipt = api.bus.execute(&context, &RemovePriceRule { rule_id: api::path_id(&id)? }).await?;
    let headers = AnswerHeaders {
        event_position: Some(api.event_position(&receipt).await?),
        replayed: receipt.replayed,
        ..AnswerHeaders::default()
    };
    Ok((StatusCode::NO_CONTENT, headers, ()).into_response())
}
