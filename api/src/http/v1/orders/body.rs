//! An order as the API shows it.

use chrono::{DateTime, NaiveDate, Utc};
use domain::order::{Order, OrderLine, OrderRules, OrderState, PaymentMode, PlacedLine};
use domain::{Money, UnitPrice};
use projections::orders::Orders;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::processes::ProcessesBody;
use crate::http::v1::money::{MoneyBody, PriceBody, TaxBody};
use crate::http::v1::resource::{Head, Resource, View};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderBody {
    #[serde(flatten)]
    pub head: Head,
    pub customer_id: Uuid,
    pub account_id: Uuid,
    pub name: Option<String>,
    /// `scheduled`, `placed`, `submitted`, `fulfilled`, `partially_fulfilled`, `failed` or `cancelled`; prepaid orders are
    /// `payment_pending`, `payment_failed` or `paid` in between.
    pub status: &'static str,
    /// `invoice` or `prepaid`.
    pub payment: &'static str,
    pub placed_at: Option<DateTime<Utc>>,
    pub scheduled_for: Option<NaiveDate>,
    pub purchase_order: Option<String>,
    pub currency: &'static str,
    /// Of the first cycle.
    #[schema(value_type = MoneyBody)]
    pub net: Money,
    pub taxes: Vec<TaxBody>,
    #[schema(value_type = MoneyBody)]
    pub total: Money,
    pub processes: ProcessesBody,
    pub lines: Vec<LineBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub struct LineBody {
    /// Counted from 1.
    pub line: u32,
    pub service_id: Uuid,
    pub service_name: String,
    /// Seats.
    pub quantity: u32,
    #[schema(value_type = PriceBody)]
    pub unit_price: UnitPrice,
    /// Of the first cycle; of a prepaid order with the discount taken off.
    #[schema(value_type = MoneyBody)]
    pub amount: Money,
    /// `open`, `provisioned`, `rejected` or `cancelled`; absent in a quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    pub subscription_id: Option<Uuid>,
    pub reason: Option<String>,
    /// Shown to the reseller it was made for and to staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PriceBody>)]
    pub reseller_unit_price: Option<UnitPrice>,
    /// Staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MoneyBody>)]
    pub unit_cost: Option<Money>,
}

/// The resource.
#[derive(Debug)]
pub struct OrderResource;

impl Resource for OrderResource {
    type Rules = OrderRules;
    type Noun = Orders;
    type Content = Order;
    type Body = OrderBody;
    const PATH: &'static str = "/v1/orders";

    fn of_state(state: &OrderState) -> Option<&Order> {
        state.known()
    }

    fn of_row(state: &OrderState) -> Option<&Order> {
        state.known()
    }

    fn body(order: &Order, head: Head, view: &View<'_>) -> OrderBody {
        let details = &order.details;
        let reseller_price = view.sees_reseller_price(details.reseller_id);
        let lines = order.lines.iter().map(|placed| LineBody::placed(placed, reseller_price, view.is_staff()));
        OrderBody {
            processes: ProcessesBody::of(order, &head),
            head,
            customer_id: details.customer_id,
            account_id: details.account_id,
            name: details.name.clone(),
            status: order.status.name(),
            payment: payment(details.payment),
            placed_at: order.placed_at,
            scheduled_for: order.scheduled_for,
            purchase_order: details.purchase_order.clone(),
            currency: details.currency.code(),
            net: details.net,
            taxes: details.taxes.iter().map(TaxBody::from).collect(),
            total: details.total,
            lines: lines.collect(),
        }
    }
}

const fn payment(mode: PaymentMode) -> &'static str {
    match mode {
        PaymentMode::Invoice => "invoice",
        PaymentMode::Prepaid => "prepaid",
    }
}

impl LineBody {
    fn placed(placed: &PlacedLine, reseller_price: bool, cost: bool) -> Self {
        Self {
            status: Some(placed.status.name()),
            subscription_id: placed.subscription_id,
            reason: placed.reason.clone(),
            ..Self::quoted(&placed.line, reseller_price, cost)
        }
    }

    pub fn quoted(line: &OrderLine, reseller_price: bool, cost: bool) -> Self {
        Self {
            line: line.line,
            service_id: line.service_id,
            service_name: line.service_name.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            amount: line.amount,
            status: None,
            subscription_id: None,
            reason: None,
            reseller_unit_price: line.reseller_unit_price.filter(|_| reseller_price),
            unit_cost: cost.then_some(line.unit_cost),
        }
    }
}
