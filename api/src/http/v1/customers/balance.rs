//! `GET /v1/customers/{id}/balance`

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use commands::Operation;
use domain::Money;
use domain::customer::Customer;
use projections::balances::{self, Standing};
use projections::customers::Customers;
use projections::model::{BILLING, DIRECTORY};
use projections::page::{self, Shown};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::api::{self, Api};
use crate::http::headers::AnswerHeaders;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::reading::Reading;
use crate::http::v1::money::MoneyBody;

/// How a customer stands, in the currency of its terms and in every other it was ever billed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerBalance)]
pub struct BalanceBody {
    pub customer_id: Uuid,
    #[serde(flatten)]
    pub own: StandingBody,
    /// Every currency, that of its terms among them.
    pub balances: Vec<StandingBody>,
}

/// How a customer stands in one currency. None of it is below zero.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CurrencyBalance)]
pub struct StandingBody {
    /// ISO 4217.
    pub currency: &'static str,
    /// To its credit: it pays the next invoice.
    #[schema(value_type = MoneyBody)]
    pub balance: Money,
    /// What is left to pay of its issued invoices.
    #[schema(value_type = MoneyBody)]
    pub open: Money,
    /// How much of that was due before today.
    #[schema(value_type = MoneyBody)]
    pub overdue: Money,
}

impl From<Standing> for StandingBody {
    fn from(standing: Standing) -> Self {
        let Standing { currency, balance, open, overdue } = standing;
        Self { currency: currency.code(), balance, open, overdue }
    }
}

impl BalanceBody {
    fn of(customer: &Customer, mut standings: Vec<Standing>) -> Self {
        let currency = customer.terms.currency;
        let own = match standings.iter().find(|standing| standing.currency == currency) {
            Some(own) => *own,
            None => {
                standings.insert(0, Standing::zero(currency));
                Standing::zero(currency)
            }
        };
        let balances = standings.into_iter().map(StandingBody::from).collect();
        Self { customer_id: customer.id, own: own.into(), balances }
    }
}

/// Get a customer's balance, and what it has left to pay
#[utoipa::path(
    get, path = "/v1/customers/{id}/balance", tag = "customers", operation_id = "get_balance",
    params(("id" = uuid::Uuid, Path), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = BalanceBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_balance(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetBalance, request).await?;
    reading.finish()?;
    let Shown { position, content: customer } = customer(&api, &reading, &id).await?;
    let shown = balances::standings(api.pool(), customer.id).await?;
    let headers = AnswerHeaders { read_position: Some(shown.position.min(position)), ..AnswerHeaders::default() };
    Ok((headers, axum::Json(BalanceBody::of(&customer, shown.content))).into_response())
}

/// The customer, if the caller may see it, once both read models show what they must.
pub(super) async fn customer(api: &Api, reading: &Reading, id: &str) -> Result<Shown<Customer>, Problem> {
    let id = api::path_id(id)?;
    api.wait_for(DIRECTORY, reading.min_position).await?;
    api.wait_for(BILLING, reading.min_position).await?;
    let Shown { position, content } = page::get::<Customers>(api.pool(), id, reading.scope()).await?;
    let row = api::found(content)?;
    let content = row.folded.state.known().cloned().ok_or_else(Problem::not_found)?;
    Ok(Shown { position, content })
}
