//! `GET /v1/payments`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use commands::authorise::{self, Owner, Verdict};
use domain::Actor;
use domain::customer::CustomerRules;
use projections::payments::{self, Filter};
use uuid::Uuid;

use super::body::{PaymentBody, PaymentResource};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody, ProblemType};
use crate::http::values;

const STATUSES: &[&str] = &["started", "succeeded", "declined", "unreachable", "expired", "unknown"];

/// List payments, newest first
///
/// Those of an invoice include the payments of the prepaid order it was issued for.
#[utoipa::path(
    get, path = "/v1/payments", tag = "payments", operation_id = "list_payments",
    params(
        ("invoice_id" = Option<uuid::Uuid>, Query), ("order_id" = Option<uuid::Uuid>, Query),
        ("status" = Option<String>, Query), ("customer_id" = Option<uuid::Uuid>, Query),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<PaymentBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_payments(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListPayments, request).await?;
    let q = &mut reading.query;
    let mut filter = Filter {
        invoice_id: q.optional("invoice_id", values::uuid),
        order_id: q.optional("order_id", values::uuid),
        status: q.several("status", STATUSES),
        customer_id: q.optional("customer_id", values::uuid),
        ..Filter::default()
    };
    let page = api.page::<PaymentResource>(&mut reading).await?;
    may_list(&api, &reading.actor, filter.customer_id).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = payments::list(api.pool(), reading.scope(), &filter).await?;
    api.listed::<PaymentResource>(&reading, &page, shown).await
}

/// A reseller is told that its end customers' payments are none of its business; of strangers it finds none.
async fn may_list(api: &Api, actor: &Actor, of: Option<Uuid>) -> Result<(), Problem> {
    let Some(customer_id) = of.filter(|of| actor.customer_id.is_some_and(|own| own != *of)) else { return Ok(()) };
    let customer = api.bus.state::<CustomerRules>(customer_id).await?;
    let reseller_id = customer.state.known().and_then(|customer| customer.reseller_id);
    match authorise::on(Operation::ListPayments, actor, Owner { customer_id, reseller_id }) {
        Verdict::Allowed | Verdict::Invisible => Ok(()),
        Verdict::Forbidden => Err(ProblemType::Forbidden.into()),
    }
}
