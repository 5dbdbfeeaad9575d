//! `GET /v1/exchange-rates`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::exchange_rates;

use super::body::RateBody;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// List the exchange rates prices are made with
#[utoipa::path(
    get, path = "/v1/exchange-rates", tag = "catalogue", operation_id = "list_exchange_rates",
    params(
        ("base" = Option<String>, Query), ("quote" = Option<String>, Query), ("customer_id" = Option<uuid::Uuid>, Query),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<RateBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_exchange_rates(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListExchangeRates, request).await?;
    let q = &mut reading.query;
    // They are the same for everybody.
    let _ = q.optional("customer_id", values::uuid);
    let (base, quote) = (q.optional("base", values::currency), q.optional("quote", values::currency));
    let page = api.page_of(&mut reading, projections::model::DIRECTORY).await?;
    let pair = (base.map(|base| base.code()), quote.map(|quote| quote.code()));
    let shown = exchange_rates::list(api.pool(), pair, page.before, page.limit).await?;
    let bodies = shown.content.rows.into_iter().map(RateBody::from).collect();
    api.list(&page, shown.position, bodies, shown.content.next)
}
