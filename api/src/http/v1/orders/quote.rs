//! `POST /v1/orders/quote`

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use commands::Operation;
use commands::order::{OrderQuote, quote};
use domain::{Money, Refusal};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::LineBody;
use super::place::{Asked, PlaceOrderBody};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::refusals;
use crate::http::v1::money::{MoneyBody, TaxBody};
use crate::http::v1::resource::View;

/// What an order would cost, and everything that speaks against it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub struct QuoteBody {
    pub currency: &'static str,
    #[schema(value_type = MoneyBody)]
    pub net: Money,
    pub taxes: Vec<TaxBody>,
    #[schema(value_type = MoneyBody)]
    pub total: Money,
    pub lines: Vec<LineBody>,
    pub problems: Vec<QuoteProblem>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct QuoteProblem {
    /// RFC 6901.
    pub pointer: String,
    pub slug: &'static str,
    pub detail: String,
}

/// Quote an order
#[utoipa::path(
    post, path = "/v1/orders/quote", tag = "orders", operation_id = "quote_order",
    request_body = PlaceOrderBody,
    responses((status = 200, body = QuoteBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn quote_order(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let (context, Asked(asked)) = api.write_without_key::<Asked>(Operation::QuoteOrder, request).await?;
    let quoted = quote(&api.bus, &context, &asked).await?;
    let fields = event_log::personal::Fields::new();
    let view = View { actor: &context.actor, now: context.at, seller: api.bus.seller(), fields: &fields };
    Ok(Json(body(&quoted, &view)).into_response())
}

fn body(quoted: &OrderQuote, view: &View<'_>) -> QuoteBody {
    let reseller_price = view.sees_reseller_price(quoted.owner.reseller_id);
    let problem = |(_, refusal): &(Option<u32>, Refusal)| QuoteProblem {
        pointer: refusals::pointer(refusal),
        slug: refusal.slug(),
        detail: refusal.to_string(),
    };
    QuoteBody {
        currency: quoted.currency.code(),
        net: quoted.net,
        taxes: quoted.taxes.iter().map(TaxBody::from).collect(),
        total: quoted.total,
        lines: quoted.lines.iter().map(|line| LineBody::quoted(line, reseller_price, view.is_staff())).collect(),
        problems: quoted.problems.iter().map(problem).collect(),
    }
}
