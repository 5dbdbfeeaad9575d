//! `POST /v1/orders`

use axum::extract::{Request, State};
use axum::response::Response;
use chrono::NaiveDate;
use commands::Operation;
use commands::order::{LineRequest, OrderRequest, PlaceOrder};
use domain::order::PaymentMode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{OrderBody, OrderResource};
use crate::clock;
use crate::http::api::Api;
use crate::http::fields::{Fields, FromFields};
use crate::http::limits;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// An order for one account.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"account_id": "0199a6f0-0000-7000-8000-000000000002", "name": "Autumn",
    "lines": [{"service_id": "0199a6f0-0000-5000-8000-000000000003", "quantity": 25}]}))]
pub struct PlaceOrderBody {
    pub account_id: Uuid,
    pub name: Option<String>,
    /// `invoice` (default) or `prepaid`.
    pub payment: Option<String>,
    /// Today or up to twelve months ahead.
    pub start_on: Option<NaiveDate>,
    pub purchase_order: Option<String>,
    /// 1 to 100; a service may repeat.
    pub lines: Vec<LineIn>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OrderLineIn)]
pub struct LineIn {
    pub service_id: Uuid,
    /// Seats.
    pub quantity: u32,
}

/// What the body says, checked.
#[derive(Debug)]
pub struct Asked(pub OrderRequest);

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let account_id = f.required("account_id", values::uuid);
        let name = f.optional("name", values::text);
        let modes = [("invoice", PaymentMode::Invoice), ("prepaid", PaymentMode::Prepaid)];
        let payment = f.optional("payment", values::one_of(&modes));
        let start_on = f.optional("start_on", values::date);
        let purchase_order = f.optional("purchase_order", values::text);
        let lines = f.required_list::<Line>("lines", 1..=limits::ORDER_LINES);
        Some(Self(OrderRequest {
            account_id: account_id?,
            name,
            payment: payment.unwrap_or(PaymentMode::Invoice),
            start_on,
            purchase_order,
            lines: lines?.into_iter().map(|Line(line)| line).collect(),
        }))
    }
}

struct Line(LineRequest);

impl FromFields for Line {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let (service_id, quantity) = (f.required("service_id", values::uuid), f.required_quantity("quantity"));
        Some(Self(LineRequest { service_id: service_id?, quantity: quantity? }))
    }
}

/// Place an order
#[utoipa::path(
    post, path = "/v1/orders", tag = "orders", operation_id = "place_order",
    request_body = PlaceOrderBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = OrderBody, description = "Placed or scheduled."), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn place_order(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let (context, Asked(asked)) = api.write::<Asked>(Operation::PlaceOrder, request).await?;
    let command = PlaceOrder { order_id: clock::new_id(), request: asked };
    let receipt = api.bus.execute(&context, &command).await?;
    api.answer::<OrderResource>(&context, receipt).await
}
