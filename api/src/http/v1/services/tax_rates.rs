//! `GET /v1/tax-rates`

use axum::extract::{Request, State};
use axum::response::Response;
use chrono::NaiveDate;
use commands::Operation;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::resource::percent;
use crate::http::values;

/// One country's standard rate from one day on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaxRate)]
pub struct TaxRateBody {
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// Percent.
    pub rate: String,
    pub valid_from: NaiveDate,
}

/// List the tax rates in use
#[utoipa::path(
    get, path = "/v1/tax-rates", tag = "catalogue", operation_id = "list_tax_rates",
    params(("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query),
        ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = crate::http::v1::list::Listed<TaxRateBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_tax_rates(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListTaxRates, request).await?;
    let _ = reading.query.optional("customer_id", values::uuid);
    let page = api.page_of(&mut reading, projections::model::DIRECTORY).await?;
    let head = event_log::page::head(api.pool()).await?;
    let after = page.before.map_or(0, |n| usize::try_from(n).unwrap_or(0));
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let all = domain::tax::rates();
    let rates = all.iter().skip(after).take(limit).map(|rate| TaxRateBody {
        country: rate.country.as_str(),
        rate: percent(rate.percent),
        valid_from: rate.valid_from,
    });
    let next = i64::try_from(after + limit).ok().filter(|_| after + limit < all.len());
    api.list(&page, head, rates.collect(), next)
}
