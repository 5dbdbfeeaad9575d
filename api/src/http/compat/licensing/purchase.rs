//! `POST /compat/licensing/accounts/{id}/subscriptions`

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::Operation;
use commands::bus::ReceiptBody;
use commands::order::{LineRequest, OrderRequest, PlaceOrder};
use domain::ids;
use domain::order::PaymentMode;
use uuid::Uuid;

use super::Licensing;
use super::answer::Refused;
use super::body::{Made, Purchase, seats};
use crate::clock;
use crate::http::problem::Problem;

/// The only line of such an order.
const LINE: u32 = 1;

/// Buy seats of a service: an order of one line
pub async fn place(
    State(licensing): State<Licensing>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let visit = licensing.visit(Operation::PlaceOrder, request).await?;
    let wanted: Purchase = visit.body()?;
    let quantity = seats(wanted.quantity).ok_or(Refused::Invalid)?;
    if !licensing.sells(wanted.id).await? {
        return Err(Refused::Invalid);
    }
    let account = licensing.account(&visit, &id).await?;
    let command = PlaceOrder {
        order_id: clock::new_id(),
        request: OrderRequest {
            account_id: account.id,
            name: None,
            payment: PaymentMode::Invoice,
            start_on: None,
            purchase_order: None,
            lines: vec![LineRequest { service_id: wanted.id, quantity }],
        },
    };
    let receipt = licensing.api.bus.execute(&visit.context(&licensing)?, &command).await.map_err(Problem::from)?;
    // Of the first request, when this one repeats it.
    let ReceiptBody::Resource { stream, .. } = &receipt.answer else { return Err(Problem::internal().into()) };
    let order_id = Uuid::parse_str(&stream.id).map_err(|_| Problem::internal())?;
    let made = Made { id: ids::subscription(order_id, LINE) };
    let location = [(header::LOCATION, format!("/accounts/{}/subscriptions/{}", account.id, made.id))];
    Ok((StatusCode::CREATED, location, Json(made)).into_response())
}
