//! Orders: lines of services for one account, from placing to provisioned, rejected or cancelled.

mod command;
mod decide;
mod event;
mod state;

pub use command::{LineOutcome, OrderCommand, OrderingAccount, PlaceOrder, RequestedLine, StartOrder};
pub use decide::payment::UNPAID_DAYS;
pub use decide::start::{ACCOUNT_NOT_USABLE, CUSTOMER_CLOSED, CUSTOMER_SUSPENDED, SERVICE_WITHDRAWN};
pub use decide::{
    CANCELLED_BY_REQUEST, MAX_MONTHS_AHEAD, MAX_QUANTITY, NOT_PAID, ORDER_REFUSED, priced, problems, unusable,
};
pub use event::OrderEvent;
pub use state::{LineStatus, Order, OrderState, OrderStatus, PlacedLine};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decider::Decider;
use crate::pricing::AppliedRate;
use crate::service::{BillingCycle, Term};
use crate::tax::TaxAmount;
use crate::{AggregateType, Asked, Currency, Decided, Money, Refusal, UnitPrice};

/// The rules of an order.
#[derive(Debug, Clone, Copy)]
pub struct OrderRules;

impl Decider for OrderRules {
    const TYPE: AggregateType = AggregateType::Order;
    type State = OrderState;
    type Command = OrderCommand;
    type Event = OrderEvent;

    fn decide(state: &OrderState, asked: &Asked<'_, OrderCommand>) -> Result<Decided<OrderEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut OrderState, event: &OrderEvent) {
        state.evolve(event);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMode {
    Invoice,
    Prepaid,
}

/// An order as it was accepted: its lines priced, its taxes known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderDetails {
    pub order_id: Uuid,
    pub account_id: Uuid,
    pub customer_id: Uuid,
    pub reseller_id: Option<Uuid>,
    pub name: Option<String>,
    pub payment: PaymentMode,
    pub purchase_order: Option<String>,
    /// Business time of the order.
    pub ordered_at: DateTime<Utc>,
    pub currency: Currency,
    pub lines: Vec<OrderLine>,
    /// Of the first cycle: the sum of the lines' amounts.
    pub net: Money,
    pub taxes: Vec<TaxAmount>,
    pub total: Money,
}

/// An order's taxes, and its total with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retaxed {
    pub taxes: Vec<TaxAmount>,
    pub total: Money,
}

/// One line with everything that is fixed for its term.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Counted from 1.
    pub line: u32,
    pub service_id: Uuid,
    pub service_name: String,
    pub sku: String,
    /// Seats.
    pub quantity: u32,
    pub unit_price: UnitPrice,
    /// One cycle: quantity × unit price, less the discount where it is paid in advance.
    pub amount: Money,
    /// What the reseller pays; set when the customer has a reseller.
    pub reseller_unit_price: Option<UnitPrice>,
    /// In the provider's currency.
    pub unit_cost: Money,
    pub term: Term,
    pub billing_cycle: BillingCycle,
    pub cancellation_window_hours: Option<u32>,
    /// Seats the service allows, both inclusive.
    pub min_quantity: u32,
    pub max_quantity: u32,
    /// The billed party's discount applies; not written while it does, as nearly always.
    #[serde(default = "applies", skip_serializing_if = "is_so")]
    pub discountable: bool,
    /// The rate the prices were made with; absent when no other currency was involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_rate: Option<AppliedRate>,
}

const fn applies() -> bool {
    true
}

fn is_so(flag: &bool) -> bool {
    *flag
}
