//! `GET /v1/orders`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::orders::{self, Filter};

use super::body::{OrderBody, OrderResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

const STATUSES: &[&str] = &[
    "scheduled",
    "placed",
    "payment_pending",
    "payment_failed",
    "paid",
    "submitted",
    "fulfilled",
    "partially_fulfilled",
    "failed",
    "cancelled",
];

/// List orders
#[utoipa::path(
    get, path = "/v1/orders", tag = "orders", operation_id = "list_orders",
    params(
        ("name" = Option<String>, Query), ("status" = Option<String>, Query), ("account_id" = Option<uuid::Uuid>, Query),
        ("customer_id" = Option<uuid::Uuid>, Query),
        ("from" = Option<String>, Query, description = "A moment, or a day, which stands for its beginning in UTC."),
        ("to" = Option<String>, Query, description = "The first moment after them, written likewise."),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<OrderBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_orders(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListOrders, request).await?;
    let q = &mut reading.query;
    let mut filter = Filter {
        name: q.optional("name", values::search),
        customer_id: q.optional("customer_id", values::uuid),
        account_id: q.optional("account_id", values::uuid),
        status: q.several("status", STATUSES),
        from: q.optional("from", values::moment),
        to: q.optional("to", values::moment),
        ..Filter::default()
    };
    let page = api.page::<OrderResource>(&mut reading).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = orders::list(api.pool(), reading.scope(), &filter).await?;
    api.listed::<OrderResource>(&reading, &page, shown).await
}
