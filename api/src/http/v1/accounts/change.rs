//! `PUT /v1/accounts/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::account::ChangeAccount;
use domain::customer::ContactDetails;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{AccountBody, AccountResource};
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::customers::register::ContactIn;
use crate::http::values;

/// The account's details as they shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"name": "Main", "contact": {"name": "Ada Acker", "email": "ada@acker.example"}}))]
pub struct ChangeAccountBody {
    pub name: String,
    pub contact: Option<ContactIn>,
}

/// What the body says, checked.
#[derive(Debug)]
pub struct Asked {
    name: String,
    contact: Option<ContactDetails>,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let (name, contact) = (f.required("name", values::text), f.optional_object("contact"));
        Some(Self { name: name?, contact })
    }
}

/// Replace an account's details
#[utoipa::path(
    put, path = "/v1/accounts/{id}", tag = "accounts", operation_id = "change_account",
    request_body = ChangeAccountBody,
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = AccountBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn change_account(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Asked>(Operation::ChangeAccount, request).await?;
    let command = ChangeAccount { account_id: api::path_id(&id)?, name: asked.name, contact: asked.contact };
    let receipt = api.bus.execute(&context, &command).await?;
    api.answer::<AccountResource>(&context, receipt).await
}
