//! `POST /v1/invoices/pay`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::{Operation, payment};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};

/// What came of the invoices that were issued and not paid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaidInvoices)]
pub struct PaidBody {
    /// For so many a payment was started.
    #[schema(example = 17)]
    pub attempted: u64,
    /// So many had an open payment already.
    #[schema(example = 2)]
    pub skipped: u64,
}

/// Pay every issued invoice with something left to pay and no open payment, due or not
///
/// Repeated with the same key, also after an answer that was lost half-way, nothing is started twice.
#[utoipa::path(
    post, path = "/v1/invoices/pay", tag = "payments", operation_id = "pay_invoices",
    params(("Idempotency-Key" = String, Header)),
    responses(
        (status = 202, body = PaidBody, description = "The gateways are asked."),
        (status = "4XX", body = ProblemBody),
    ),
    security(("bearer" = [])),
)]
pub async fn pay_invoices(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::PayInvoices, request).await?;
    let receipt = payment::pay_all(&api.bus, &context).await?;
    api.answer_other(&receipt)
}
