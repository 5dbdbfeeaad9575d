//! `POST /v1/accounts`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use commands::account::OpenAccount;
use domain::customer::ContactDetails;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{AccountBody, AccountResource};
use crate::clock;
use crate::http::api::Api;
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::customers::register::ContactIn;
use crate::http::values;

/// A new management account; it is opened at the provider too.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"customer_id": "0199a6f0-0000-7000-8000-000000000001", "name": "Main"}))]
pub struct OpenAccountBody {
    pub customer_id: Uuid,
    pub name: String,
    pub contact: Option<ContactIn>,
}

/// What the body says, checked.
#[derive(Debug)]
pub struct Asked {
    customer_id: Uuid,
    name: String,
    contact: Option<ContactDetails>,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let (customer_id, name) = (f.required("customer_id", values::uuid), f.required("name", values::text));
        let contact = f.optional_object("contact");
        Some(Self { customer_id: customer_id?, name: name?, contact })
    }
}

/// Open a management account
#[utoipa::path(
    post, path = "/v1/accounts", tag = "accounts", operation_id = "open_account",
    request_body = OpenAccountBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = AccountBody, description = "Opened; the provider has not answered yet."),
        (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn open_account(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Asked>(Operation::OpenAccount, request).await?;
    let command = OpenAccount {
        account_id: clock::new_id(),
        customer_id: asked.customer_id,
        name: asked.name,
        contact: asked.contact,
    };
    let receipt = api.bus.execute(&context, &command).await?;
    api.answer::<AccountResource>(&context, receipt).await
}
