//! `POST /v1/payments/{id}/refunds`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::payment::RefundPayment;
use domain::Money;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{self, PaymentBody};
use crate::clock;
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::money::MoneyBody;

/// How much goes back; the body may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RefundIn, example = json!({"amount": {"amount": "12.50", "currency": "EUR"}}))]
pub struct NewRefund {
    /// In the currency of the payment; absent: all that can go back.
    #[schema(value_type = Option<MoneyBody>)]
    pub amount: Option<serde_json::Value>,
}

/// What the body says, checked.
#[derive(Debug)]
struct Asked {
    amount: Option<Money>,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        Some(Self { amount: f.optional_object("amount") })
    }
}

/// Give a payment back, or part of it
///
/// What no invoice holds comes from the customer's balance, as far as it is still there; the rest is credited on the
/// invoice by a credit note. What does not arrive is the customer's balance again.
#[utoipa::path(
    post, path = "/v1/payments/{id}/refunds", tag = "payments", operation_id = "refund_payment",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    request_body = Option<NewRefund>,
    responses((status = 202, body = PaymentBody, headers(("Location"))), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn refund_payment(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, Asked { amount }) = api.write_optional::<Asked>(Operation::RefundPayment, request).await?;
    let (payment_id, refund_id, credit_note_id) = (api::path_id(&id)?, clock::new_id(), clock::new_id());
    let refund = RefundPayment { payment_id, refund_id, credit_note_id, amount };
    let receipt = api.bus.execute(&context, &refund).await?;
    body::started(&api, &context, receipt).await
}
