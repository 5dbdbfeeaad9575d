//! `POST /v1/payments/{id}/resolve`

use std::fmt;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::payment::ResolvePayment;
use domain::payment::ResolvedBy;
use utoipa::ToSchema;

use super::body::{PaymentBody, PaymentResource};
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// What an operator has found out.
#[derive(ToSchema)]
#[schema(as = ResolvePayment, example = json!({"outcome": "not_charged", "evidence": "Not on the statement of 3 October."}))]
pub struct NewFinding {
    /// `succeeded`, or `not_charged`: then it may be tried again.
    #[schema(rename = "outcome", value_type = String)]
    pub charged: bool,
    /// By what it was found out.
    pub evidence: String,
}

impl fmt::Debug for NewFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewFinding").field("charged", &self.charged).finish_non_exhaustive()
    }
}

impl FromFields for NewFinding {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let charged = f.required("outcome", values::one_of(&[("succeeded", true), ("not_charged", false)]));
        let evidence = f.required("evidence", values::text);
        Some(Self { charged: charged?, evidence: evidence? })
    }
}

/// Say what came of a payment whose outcome is unknown
///
/// Before that its invoice or order cannot be paid again.
#[utoipa::path(
    post, path = "/v1/payments/{id}/resolve", tag = "payments", operation_id = "resolve_payment",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewFinding,
    responses((status = 200, body = PaymentBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn resolve_payment(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, NewFinding { charged, evidence }) =
        api.write::<NewFinding>(Operation::ResolvePayment, request).await?;
    let resolve = ResolvePayment { payment_id: api::path_id(&id)?, charged, by: ResolvedBy { evidence } };
    let receipt = api.bus.execute(&context, &resolve).await?;
    api.answer::<PaymentResource>(&context, receipt).await
}
