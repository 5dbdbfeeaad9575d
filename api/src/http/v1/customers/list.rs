//! `GET /v1/customers`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::customers::{self, Filter};

use super::body::{CustomerBody, CustomerResource};
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// List customers
#[utoipa::path(
    get, path = "/v1/customers", tag = "customers", operation_id = "list_customers",
    params(
        ("q" = Option<String>, Query), ("kind" = Option<String>, Query), ("reseller_id" = Option<uuid::Uuid>, Query),
        ("customer_id" = Option<uuid::Uuid>, Query), ("status" = Option<String>, Query),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<CustomerBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_customers(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListCustomers, request).await?;
    let q = &mut reading.query;
    let mut filter = Filter {
        q: q.optional("q", values::search),
        kind: q.optional("kind", api::word(&["direct", "reseller"])),
        reseller_id: q.optional("reseller_id", values::uuid),
        customer_id: q.optional("customer_id", values::uuid),
        status: q.several("status", &["active", "suspended", "closed"]),
        ..Filter::default()
    };
    let page = api.page::<CustomerResource>(&mut reading).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let shown = customers::list(api.pool(), reading.scope(), &filter).await?;
    api.listed::<CustomerResource>(&reading, &page, shown).await
}
