//! `PUT /v1/price-rules/{id}`

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use commands::bus::ReceiptBody;
use commands::price_rule::SetPriceRule;
use commands::{Context, Operation, Receipt, price_rule};
use domain::Money;
use domain::price_rule::{Author, Formula};
use projections::price_rules;
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::RuleBody;
use super::list::author;
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::headers::AnswerHeaders;
use crate::http::problem::{Problem, ProblemBody, ProblemType};
use crate::http::v1::money::MoneyBody;
use crate::http::v1::resource::View;
use crate::http::values;

/// Digits after the point that a percentage may have.
const PERCENT_DECIMALS: u32 = 6;

/// A rule, whole: what is absent is any, or the default.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"customer_id": "0199a6f0-0000-7000-8000-000000000002", "kind": "discount_on_list", "percent": "5"}))]
pub struct PriceRuleIn {
    /// `seller`, or a reseller's id; by default whoever asks. It and the scope stay what they are.
    pub author: Option<String>,
    pub customer_id: Option<Uuid>,
    /// All end customers of this reseller; in the seller's rules only.
    pub reseller_id: Option<Uuid>,
    pub service_id: Option<Uuid>,
    /// `markup_on_cost`, `margin`, `discount_on_list`, `list` or `fixed`.
    pub kind: String,
    /// Of the first three kinds.
    pub percent: Option<String>,
    /// Of the last.
    #[schema(value_type = Option<MoneyBody>)]
    pub price: Option<serde_json::Value>,
    /// Today or later; by default today.
    pub effective_from: Option<NaiveDate>,
}

/// What the body says, checked.
#[derive(Debug)]
struct Asked {
    author: Option<Author>,
    customer_id: Option<Uuid>,
    reseller_id: Option<Uuid>,
    service_id: Option<Uuid>,
    formula: Formula,
    effective_from: Option<NaiveDate>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Markup,
    Margin,
    Discount,
    List,
    Fixed,
}

const KINDS: [(&str, Kind); 5] = [
    ("markup_on_cost", Kind::Markup),
    ("margin", Kind::Margin),
    ("discount_on_list", Kind::Discount),
    ("list", Kind::List),
    ("fixed", Kind::Fixed),
];

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let author = f.optional("author", author);
        let customer_id = f.optional("customer_id", values::uuid);
        let reseller_id = f.optional("reseller_id", values::uuid);
        let service_id = f.optional("service_id", values::uuid);
        let formula = formula(f);
        let effective_from = f.optional("effective_from", values::date);
        Some(Self { author, customer_id, reseller_id, service_id, formula: formula?, effective_from })
    }
}

/// The kind with the one parameter it takes; the other is not known here.
fn formula(f: &mut Fields<'_>) -> Option<Formula> {
    match f.required("kind", values::one_of(&KINDS)) {
        Some(Kind::Markup) => percent(f).map(|percent| Formula::MarkupOnCost { percent }),
        Some(Kind::Margin) => percent(f).map(|percent| Formula::Margin { percent }),
        Some(Kind::Discount) => percent(f).map(|percent| Formula::DiscountOnList { percent }),
        Some(Kind::List) => Some(Formula::List),
        Some(Kind::Fixed) => f.required_object::<Money>("price").map(|price| Formula::Fixed { price }),
        None => {
            // Without a kind nobody can say which of the two belongs there.
            let _ = (f.is_absent("percent"), f.is_absent("price"));
            None
        }
    }
}

fn percent(f: &mut Fields<'_>) -> Option<Decimal> {
    f.required_amount("percent", values::decimal(PERCENT_DECIMALS))
}

/// Make or change a price rule
#[utoipa::path(
    put, path = "/v1/price-rules/{id}", tag = "catalogue", operation_id = "set_price_rule",
    request_body = PriceRuleIn,
    params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = RuleBody, description = "Changed, or as it was."),
        (status = 201, body = RuleBody, description = "Made."),
        (status = "4XX", body = ProblemBody),
    ),
    security(("bearer" = [])),
)]
pub async fn set_price_rule(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Asked>(Operation::SetPriceRule, request).await?;
    let rule_id = api::path_id(&id)?;
    let Asked { author, customer_id, reseller_id, service_id, formula, effective_from } = asked;
    let rule = SetPriceRule { rule_id, author, customer_id, reseller_id, service_id, formula, effective_from };
    let receipt = price_rule::set(&api.bus, &context, &rule).await?;
    answer(&api, &context, &receipt, rule_id).await
}

/// The rule at the version the command left its scope in.
async fn answer(api: &Api, context: &Context, receipt: &Receipt, rule_id: Uuid) -> Result<Response, Problem> {
    let ReceiptBody::Resource { stream, version } = &receipt.answer else { return Err(Problem::internal()) };
    let mut events = event_log::stream::events(api.pool(), stream.aggregate.name(), &stream.id, 0).await?;
    events.retain(|event| event.sequence <= *version);
    let row = price_rules::of_events(&events, rule_id).ok_or(ProblemType::Internal)?;
    let fields = event_log::personal::Fields::new();
    let view = View { actor: &context.actor, now: context.at, seller: api.bus.seller(), fields: &fields };
    let created = receipt.status == StatusCode::CREATED.as_u16();
    let headers = AnswerHeaders {
        version: Some(*version),
        event_position: Some(api.event_position(receipt).await?),
        location: created.then(|| format!("/v1/price-rules/{rule_id}")),
        replayed: receipt.replayed,
        ..AnswerHeaders::default()
    };
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, headers, Json(RuleBody::of(&row, view.is_staff()))).into_response())
}
