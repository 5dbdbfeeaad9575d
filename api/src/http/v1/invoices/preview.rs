//! `GET /v1/invoices/preview`

mod body;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use commands::authorise::{self, Owner, Verdict};
use commands::{Operation, billing};
use domain::balance::BalanceRules;
use domain::billing::Period;
use domain::customer::{Customer, CustomerRules};
use domain::invoice::InvoiceContents;
use domain::{Money, ids};
use event_log::personal::Fields;
use uuid::Uuid;

use self::body::{PreviewBody, SheetBody};
use crate::http::api::Api;
use crate::http::headers::AnswerHeaders;
use crate::http::problem::{Problem, ProblemBody, ProblemType};
use crate::http::reading::Reading;
use crate::http::v1::resource::View;
use crate::http::values;

/// What a preview stands on besides the log itself.
const INDEXES: &str = "indexes";

/// Preview a month's invoice: what it would be if it were made now
///
/// Of a month that is not over, what is known so far, coming cycles included. What a document has already is left out.
/// Who is not billed for its services has nothing to preview.
#[utoipa::path(
    get, path = "/v1/invoices/preview", tag = "invoices", operation_id = "preview_invoice",
    params(
        ("customer_id" = Option<Uuid>, Query, description = "By default the caller's own; required without one"),
        ("period" = Option<String>, Query, description = "`2026-10`; by default the present month"),
        ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = PreviewBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn preview_invoice(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::PreviewInvoice, request).await?;
    let customer_id = whose(&mut reading);
    let period = reading.query.optional("period", values::period);
    reading.finish()?;
    api.wait_for(INDEXES, reading.min_position).await?;
    let position = api.position_of(INDEXES).await?;
    let customer = customer(&api, &reading, customer_id.ok_or_else(Problem::not_found)?).await?;
    let today = api.bus.seller().entity(&customer.seller_entity).day_at(api.bus.now());
    let period = period.unwrap_or_else(|| Period::of(today));
    let invoices = billing::preview(&api.bus, customer.id, period).await?;
    let body = body(&api, &reading, (&customer, period), &invoices).await?;
    let headers = AnswerHeaders { read_position: Some(position), ..AnswerHeaders::default() };
    Ok((headers, axum::Json(body)).into_response())
}

fn whose(reading: &mut Reading) -> Option<Uuid> {
    match reading.actor.customer_id {
        Some(own) => reading.query.optional("customer_id", values::uuid).or(Some(own)),
        None => reading.query.required("customer_id", values::uuid),
    }
}

async fn customer(api: &Api, reading: &Reading, id: Uuid) -> Result<Customer, Problem> {
    let folded = api.bus.current::<CustomerRules>(id).await?;
    let customer = folded.state.known().ok_or_else(Problem::not_found)?;
    let owner = Owner { customer_id: customer.id, reseller_id: customer.reseller_id };
    match authorise::on(Operation::PreviewInvoice, &reading.actor, owner) {
        Verdict::Allowed => Ok(customer.clone()),
        Verdict::Invisible => Err(Problem::not_found()),
        Verdict::Forbidden => Err(ProblemType::Forbidden.into()),
    }
}

/// The currency the customer buys in comes first, also when there is nothing in it.
async fn body(
    api: &Api,
    reading: &Reading,
    (customer, period): (&Customer, Period),
    invoices: &[InvoiceContents],
) -> Result<PreviewBody, Problem> {
    let fields = Fields::new();
    let view = View { actor: &reading.actor, now: api.bus.now(), seller: api.bus.seller(), fields: &fields };
    let (mut main, mut others) = (SheetBody::empty(customer.terms.currency), Vec::new());
    for contents in invoices {
        let balance = api.bus.current::<BalanceRules>(ids::balance(customer.id, contents.currency)).await?;
        let available = balance.state.amount().unwrap_or_else(|| Money::zero(contents.currency));
        let sheet = SheetBody::of(contents, available, &view)?;
        if contents.currency == customer.terms.currency { main = sheet } else { others.push(sheet) }
    }
    Ok(PreviewBody::new(customer.id, period, main, others))
}
