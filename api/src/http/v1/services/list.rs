//! `GET /v1/services`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::services::{self, Filter};

use super::body::ServiceBody;
use super::cache::Question;
use super::priced;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// List the catalogue with the caller's prices
#[utoipa::path(
    get, path = "/v1/services", tag = "catalogue", operation_id = "list_services",
    params(
        ("q" = Option<String>, Query), ("term" = Option<String>, Query), ("status" = Option<String>, Query),
        ("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query),
        ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<ServiceBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_services(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListServices, request).await?;
    let q = &mut reading.query;
    let customer_id = q.optional("customer_id", values::uuid);
    let mut filter = Filter {
        q: q.optional("q", values::search),
        term: q.optional("term", api::word(&["P1M", "P1Y", "P3Y"])),
        status: q.several("status", &["active", "withdrawn"]),
        ..Filter::default()
    };
    let page = api.page_of(&mut reading, projections::model::DIRECTORY).await?;
    (filter.before, filter.limit) = (page.before, page.limit);
    let question =
        Question { scope: page.scope().clone(), before: page.before, limit: page.limit, days: priced::days(&api) };
    let catalogue = &api.reads.catalogue;
    let standing = catalogue.standing(api.pool(), reading.min_position).await?;
    if let Some(answer) = catalogue.answer(&question, standing) {
        return Ok(answer);
    }
    let shown = services::list(api.pool(), &filter).await?;
    let bodies = match priced::eyes(&api, &reading, customer_id).await {
        Ok(eyes) => priced::bodies(&api, &eyes, &shown.content.rows).await?,
        // A filter by a foreign customer is an empty list.
        Err(problem) if problem.is_not_found() => return api.list::<ServiceBody>(&page, shown.position, vec![], None),
        Err(problem) => return Err(problem),
    };
    catalogue.keep(question, standing, None, &api.listing(&page, bodies, shown.content.next))
}
