//! A line of an invoice as the API shows it.

use chrono::NaiveDate;
use domain::billing::InvoiceLine;
use domain::invoice::InvoiceContents;
use domain::{Money, UnitPrice};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::v1::money::{MoneyBody, PriceBody};
use crate::http::v1::resource::View;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceLine)]
pub struct LineBody {
    /// Counted from 1.
    pub line: u32,
    pub order_id: Uuid,
    pub account_id: Uuid,
    /// Whose service it is, when its reseller is billed for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_customer_id: Option<Uuid>,
    /// Its name when the line was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_customer_name: Option<String>,
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
    /// Staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MoneyBody>)]
    pub unit_cost: Option<Money>,
    /// Staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MoneyBody>)]
    pub cost: Option<Money>,
    /// At the reseller price. Shown to the reseller and to staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MoneyBody>)]
    pub reseller_amount: Option<Money>,
    /// Shown to the reseller that earns it and to staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MoneyBody>)]
    pub commission: Option<Money>,
}

/// What of a line is not for everybody.
#[derive(Debug, Clone, Copy)]
pub struct Sees {
    /// Reseller amounts and commission.
    reseller: bool,
    cost: bool,
}

impl Sees {
    /// Only the reseller it was when the invoice was made: what another one earned is none of its successor's business.
    pub fn of(view: &View<'_>, contents: &InvoiceContents) -> Self {
        Self { reseller: view.sees_reseller_price(contents.reseller_id), cost: view.is_staff() }
    }
}

impl LineBody {
    pub fn of(line: &InvoiceLine, sees: Sees) -> Self {
        Self {
            line: line.line,
            order_id: line.order_id,
            account_id: line.account_id,
            end_customer_id: line.end_customer_id,
            end_customer_name: line.end_customer_name.clone(),
            subscription_id: line.subscription_id,
            service_name: line.service_name.clone(),
            charge: line.charge.name(),
            from: line.from,
            to: line.to,
            quantity: line.quantity,
            factor: line.factor.to_string(),
            unit_price: line.unit_price,
            discount: line.discount,
            amount: line.amount,
            unit_cost: sees.cost.then_some(line.unit_cost),
            cost: sees.cost.then_some(line.cost),
            reseller_amount: line.reseller_amount.filter(|_| sees.reseller),
            commission: line.commission.filter(|_| sees.reseller),
        }
    }
}
