//! `POST /v1/invoices/{id}/payments`

use std::fmt;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use chrono::NaiveDate;
use commands::Operation;
use commands::payment::ReceivePayment;
use domain::Money;
use utoipa::ToSchema;

use crate::clock;
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::money::MoneyBody;
use crate::http::v1::payments::body::{PaymentBody, PaymentResource};
use crate::http::values;

/// Money that came in without a gateway.
#[derive(ToSchema)]
#[schema(as = ReceivedPayment, example = json!({"amount": {"amount": "744.88", "currency": "EUR"},
    "received_on": "2026-11-24", "reference": "INV-2026-000001"}))]
pub struct Received {
    /// In the invoice's currency.
    #[schema(value_type = MoneyBody)]
    pub amount: Money,
    /// The book date; not in the future.
    pub received_on: NaiveDate,
    /// What it was sent with.
    pub reference: String,
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("amount", &self.amount).finish_non_exhaustive()
    }
}

impl FromFields for Received {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let amount = f.required_object("amount");
        let received_on = f.required("received_on", values::date);
        let reference = f.required("reference", values::text);
        Some(Self { amount: amount?, received_on: received_on?, reference: reference? })
    }
}

/// Book money received outside
///
/// It pays what is left to pay of the invoice; the rest is to the customer's credit, as is all of it where the invoice
/// is paid or void: the money is there.
#[utoipa::path(
    post, path = "/v1/invoices/{id}/payments", tag = "payments", operation_id = "receive_payment",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    request_body = Received,
    responses((status = 201, body = PaymentBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn receive_payment(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, Received { amount, received_on, reference }) =
        api.write::<Received>(Operation::ReceivePayment, request).await?;
    let (payment_id, invoice_id) = (clock::new_id(), api::path_id(&id)?);
    let receive = ReceivePayment { payment_id, invoice_id, amount, received_on, reference };
    let receipt = api.bus.execute(&context, &receive).await?;
    api.answer::<PaymentResource>(&context, receipt).await
}
