//! `POST /v1/invoices/generate`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use commands::billing::GenerateInvoices;
use domain::billing::Period;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock;
use crate::http::api::Api;
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::billing_runs::body::{self, RunBody};
use crate::http::values;

/// Which month, and whose.
#[derive(Debug, ToSchema)]
#[schema(as = GenerateInvoices, example = json!({"period": "2026-10", "customer_id": "0192f0c1-2d3e-7a4b-8c5d-6e7f80910a1b"}))]
pub struct Generate {
    /// A month that is over.
    #[schema(value_type = String)]
    pub period: Period,
    /// Whoever is billed for this customer; by default everybody.
    pub customer_id: Option<Uuid>,
    /// Whoever is billed for this account.
    pub account_id: Option<Uuid>,
}

impl FromFields for Generate {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let period = f.required("period", values::period);
        let customer_id = f.optional("customer_id", values::uuid);
        let account_id = f.optional("account_id", values::uuid);
        Some(Self { period: period?, customer_id, account_id })
    }
}

/// Bill a month, for everybody or for one billed party
///
/// What was invoiced before is counted as skipped.
#[utoipa::path(
    post, path = "/v1/invoices/generate", tag = "billing", operation_id = "generate_invoices",
    params(("Idempotency-Key" = String, Header)),
    request_body = Generate,
    responses(
        (status = 202, body = RunBody, headers(("Location")), description = "The run has begun."),
        (status = "4XX", body = ProblemBody),
    ),
    security(("bearer" = [])),
)]
pub async fn generate_invoices(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Generate>(Operation::GenerateInvoices, request).await?;
    let Generate { period, customer_id, account_id } = asked;
    let generate = GenerateInvoices { run_id: clock::new_id(), period, customer_id, account_id };
    let receipt = api.bus.execute(&context, &generate).await?;
    body::answer(&api, &context, &receipt).await
}
