//! `PUT /v1/customers/{id}/terms`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::customer::SetCommercialTerms;
use domain::customer::{BillTo, Collection, Commission, CommissionScheme, Gateway, Terms};
use domain::money::Currency;
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{CustomerBody, CustomerResource};
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody, ProblemType};
use crate::http::values::{self, Fault};

/// Days from issue to due.
const PAYMENT_DAYS: std::ops::RangeInclusive<i64> = 0..=365;
/// Of a percentage.
const DECIMALS: u32 = 4;

/// All terms as they shall be; absent ones take the defaults of a new customer, the currency stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"payment_days": 14, "discount_percent": "2.5", "bill_to": "reseller"}))]
pub struct TermsIn {
    /// ISO 4217.
    pub currency: Option<String>,
    /// 0 to 365, 30 by default.
    pub payment_days: Option<u32>,
    /// Percent from 0 to 100 as text, `0` by default.
    pub discount_percent: Option<String>,
    /// `wallet` (default) or `token`.
    pub gateway: Option<String>,
    /// `automatic` (default) or `manual`.
    pub collection: Option<String>,
    /// Whether reminders go out and services are suspended; true by default.
    pub dunning: Option<bool>,
    /// `customer` (default) or `reseller`.
    pub bill_to: Option<String>,
    pub commission: Option<CommissionIn>,
    pub tax_exempt_reason: Option<String>,
}

/// What a reseller earns.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CommissionIn {
    /// `difference` (default), `percent` or `none`.
    pub scheme: Option<String>,
    /// Percent as text; with the scheme `percent`, and only with it.
    pub percent: Option<String>,
}

/// What the body says, checked.
#[derive(Debug)]
pub struct Asked {
    currency: Option<Currency>,
    /// In whatever currency.
    terms: Terms,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let currency = f.optional_not_null("currency", values::currency);
        let usual = Terms::standard(currency.unwrap_or(Currency::EUR));
        let days = f.optional_integer("payment_days", PAYMENT_DAYS).and_then(|days| u32::try_from(days).ok());
        let gateways = [("wallet", Gateway::Wallet), ("token", Gateway::Token)];
        let collections = [("automatic", Collection::Automatic), ("manual", Collection::Manual)];
        let bill_to = [("customer", BillTo::Customer), ("reseller", BillTo::Reseller)];
        let terms = Terms {
            currency: usual.currency,
            payment_days: days.unwrap_or(usual.payment_days),
            discount_percent: f.optional_amount("discount_percent", percent).unwrap_or(usual.discount_percent),
            gateway: f.optional("gateway", values::one_of(&gateways)).unwrap_or(usual.gateway),
            collection: f.optional("collection", values::one_of(&collections)).unwrap_or(usual.collection),
            dunning: f.optional_boolean("dunning").unwrap_or(usual.dunning),
            bill_to: f.optional("bill_to", values::one_of(&bill_to)).unwrap_or(usual.bill_to),
            commission: f.optional_object("commission").unwrap_or(usual.commission),
            tax_exempt_reason: f.optional("tax_exempt_reason", values::text),
        };
        Some(Self { currency, terms })
    }
}

impl FromFields for Commission {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let schemes = [
            ("difference", CommissionScheme::Difference),
            ("percent", CommissionScheme::Percent),
            ("none", CommissionScheme::None),
        ];
        let scheme = f.optional("scheme", values::one_of(&schemes)).unwrap_or(CommissionScheme::Difference);
        let percent = match scheme {
            CommissionScheme::Percent => Some(f.required_amount("percent", percent)?),
            CommissionScheme::Difference | CommissionScheme::None => f.optional_amount("percent", percent),
        };
        if scheme != CommissionScheme::Percent && percent.is_some() {
            return f.reject("percent", ProblemType::InvalidValue, "Only the scheme percent has one.");
        }
        Some(Self { scheme, percent })
    }
}

fn percent(text: &str) -> Result<Decimal, Fault> {
    let percent = values::decimal(DECIMALS)(text)?;
    if percent <= Decimal::ONE_HUNDRED {
        return Ok(percent);
    }
    Err(Fault::new(ProblemType::InvalidAmount, "A percentage lies from 0 to 100."))
}

impl Asked {
    fn about(self, customer_id: Uuid) -> SetCommercialTerms {
        SetCommercialTerms { customer_id, keeps_currency: self.currency.is_none(), terms: self.terms }
    }
}

/// Set a customer's commercial terms
#[utoipa::path(
    put, path = "/v1/customers/{id}/terms", tag = "customers", operation_id = "set_commercial_terms",
    request_body = TermsIn,
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = CustomerBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn set_commercial_terms(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Asked>(Operation::SetCommercialTerms, request).await?;
    let receipt = api.bus.execute(&context, &asked.about(api::path_id(&id)?)).await?;
    api.answer::<CustomerResource>(&context, receipt).await
}
