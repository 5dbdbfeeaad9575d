//! `GET /v1/customers/{id}/charges`

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use commands::Operation;
use commands::authorise::{self, Owner, Verdict};
use domain::billing::{BillOn, Period, sum};
use domain::customer::Customer;
use domain::{Currency, Money, UnitPrice};
use projections::charges::Charged;
use projections::customers::Customers;
use projections::model::{BILLING, DIRECTORY};
use projections::{charges, page};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::api::{self, Api};
use crate::http::headers::AnswerHeaders;
use crate::http::problem::{Problem, ProblemBody, ProblemType};
use crate::http::reading::Reading;
use crate::http::v1::money::{MoneyBody, PriceBody};
use crate::http::values;

/// What a reseller that is billed for an end customer's services bills it on, at the end customer's own prices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChargesToBillOn)]
pub struct ChargesBody {
    /// The end customer.
    pub customer_id: Uuid,
    #[schema(example = "2026-10")]
    pub period: String,
    /// Per currency. The only one there is, is beside it, too.
    pub data: Vec<CurrencyBody>,
    #[serde(flatten)]
    pub only: Option<CurrencyBody>,
}

/// The charges of one currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ChargesInCurrency)]
pub struct CurrencyBody {
    pub currency: &'static str,
    #[schema(value_type = MoneyBody)]
    pub net: Money,
    pub lines: Vec<ChargeBody>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ChargeToBillOn)]
pub struct ChargeBody {
    /// Of the reseller; `null` where its period brought more credits than charges.
    pub invoice_id: Option<Uuid>,
    /// The reseller's credit note that is there instead of an invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_note_id: Option<Uuid>,
    /// The invoice's number of it; without an invoice the credit note's.
    pub line: u32,
    pub order_id: Uuid,
    pub account_id: Uuid,
    pub subscription_id: Uuid,
    pub service_name: String,
    /// `new`, `renew`, `cycle`, `increase`, `decrease`, `cancel` or `credit`.
    pub charge: &'static str,
    pub from: NaiveDate,
    /// The first day after it.
    pub to: NaiveDate,
    /// Seats; negative where they are credited.
    pub quantity: i64,
    /// The charged days of the cycle's.
    #[schema(example = "15/31")]
    pub factor: String,
    #[schema(value_type = PriceBody)]
    pub unit_price: UnitPrice,
    #[schema(value_type = MoneyBody)]
    pub discount: Money,
    /// Net.
    #[schema(value_type = MoneyBody)]
    pub amount: Money,
    /// What the reseller is billed for it.
    #[schema(value_type = MoneyBody)]
    pub reseller_amount: Money,
}

/// List what a reseller bills an end customer on
#[utoipa::path(
    get, path = "/v1/customers/{id}/charges", tag = "customers", operation_id = "list_charges_to_bill_on",
    params(
        ("id" = uuid::Uuid, Path), ("period" = Option<String>, Query, description = "By default the last month that is over."),
        ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = ChargesBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_charges_to_bill_on(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListChargesToBillOn, request).await?;
    let period = reading.query.optional("period", values::period);
    reading.finish()?;
    let id = api::path_id(&id)?;
    api.wait_for(DIRECTORY, reading.min_position).await?;
    api.wait_for(BILLING, reading.min_position).await?;
    let found = page::get::<Customers>(api.pool(), id, reading.scope()).await?;
    let known_at = found.position;
    let row = api::found(found.content)?;
    let customer = row.folded.state.known().ok_or_else(Problem::not_found)?;
    may_see(&reading, customer)?;
    let period = period.unwrap_or_else(|| last_period(&api, customer));
    let shown = charges::of_end_customer(api.pool(), reading.scope(), id, period).await?;
    let body = ChargesBody::of(customer, period, &shown.content)?;
    let headers = AnswerHeaders { read_position: Some(shown.position.min(known_at)), ..AnswerHeaders::default() };
    Ok((headers, axum::Json(body)).into_response())
}

/// Its reseller and staff; to a reseller about itself the answer is no.
fn may_see(reading: &Reading, customer: &Customer) -> Result<(), Problem> {
    let owner = Owner { customer_id: customer.id, reseller_id: customer.reseller_id };
    match authorise::on(Operation::ListChargesToBillOn, &reading.actor, owner) {
        Verdict::Allowed => Ok(()),
        Verdict::Invisible => Err(Problem::not_found()),
        Verdict::Forbidden => Err(ProblemType::Forbidden.into()),
    }
}

fn last_period(api: &Api, customer: &Customer) -> Period {
    let today = api.bus.seller().entity(&customer.seller_entity).day_at(api.bus.now());
    let before = Period::of(today).first_day().pred_opt();
    Period::of(before.unwrap_or(today))
}

impl ChargesBody {
    fn of(customer: &Customer, period: Period, charged: &[Charged]) -> Result<Self, Problem> {
        let mut data: Vec<CurrencyBody> = Vec::new();
        let billed_on = charged.iter().filter_map(|charged| Some((charged, charged.line.bill_on?)));
        for (charged, bill_on) in billed_on {
            let (currency, charge) = (bill_on.amount.currency(), ChargeBody::of(charged, bill_on));
            match data.iter_mut().find(|known| known.currency == currency.code()) {
                Some(known) => known.lines.push(charge),
                None => data.push(CurrencyBody::new(currency, vec![charge])),
            }
        }
        for known in &mut data {
            let amounts = known.lines.iter().map(|charge| charge.amount);
            known.net = sum(known.net.currency(), amounts).map_err(|_| Problem::internal())?;
        }
        let only = match data.as_slice() {
            [] => Some(CurrencyBody::new(customer.terms.currency, Vec::new())),
            [only] => Some(only.clone()),
            [..] => None,
        };
        Ok(Self { customer_id: customer.id, period: period.to_string(), data, only })
    }
}

impl CurrencyBody {
    fn new(currency: Currency, lines: Vec<ChargeBody>) -> Self {
        Self { currency: currency.code(), net: Money::zero(currency), lines }
    }
}

impl ChargeBody {
    fn of(charged: &Charged, bill_on: BillOn) -> Self {
        let Charged { invoice_id, credit_note_id, line } = charged;
        Self {
            invoice_id: *invoice_id,
            credit_note_id: *credit_note_id,
            line: line.line,
            order_id: line.order_id,
            account_id: line.account_id,
            subscription_id: line.subscription_id,
            service_name: line.service_name.clone(),
            charge: line.charge.name(),
            from: line.from,
            to: line.to,
            quantity: line.quantity,
            factor: line.factor.to_string(),
            unit_price: bill_on.unit_price,
            discount: bill_on.discount,
            amount: bill_on.amount,
            reseller_amount: line.amount,
        }
    }
}
