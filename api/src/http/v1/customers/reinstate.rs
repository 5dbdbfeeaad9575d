//! `POST /v1/customers/{id}/reinstate`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::customer::ReinstateCustomer;

use super::body::{CustomerBody, CustomerResource};
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Reinstate a suspended customer
#[utoipa::path(
    post, path = "/v1/customers/{id}/reinstate", tag = "customers", operation_id = "reinstate_customer",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = CustomerBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn reinstate_customer(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::ReinstateCustomer, request).await?;
    let receipt = api.bus.execute(&context, &ReinstateCustomer { customer_id: api::path_id(&id)? }).await?;
    api.answer::<CustomerResource>(&context, receipt).await
}
