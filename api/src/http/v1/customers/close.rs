//! `DELETE /v1/customers/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::customer::CloseCustomer;

use super::body::{CustomerBody, CustomerResource};
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Close a customer
#[utoipa::path(
    delete, path = "/v1/customers/{id}", tag = "customers", operation_id = "close_customer",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = CustomerBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn close_customer(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::CloseCustomer, request).await?;
    let receipt = api.bus.execute(&context, &CloseCustomer { customer_id: api::path_id(&id)? }).await?;
    api.answer::<CustomerResource>(&context, receipt).await
}
