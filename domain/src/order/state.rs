//! What an order is, folded from its events.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{OrderDetails, OrderEvent, OrderLine, PaymentMode, Retaxed};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Nobody has ordered under this id.
    #[default]
    Unknown,
    Known(Box<Order>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub details: OrderDetails,
    pub status: OrderStatus,
    /// The day a scheduled order starts; kept after it was placed.
    pub scheduled_for: Option<NaiveDate>,
    /// Business time; absent while scheduled.
    pub placed_at: Option<DateTime<Utc>>,
    /// Set once the provider has accepted it.
    pub provider_order_id: Option<String>,
    pub cancellation_requested: bool,
    /// Of a prepaid order: the payment that is on its way or that it was paid with.
    #[serde(default)]
    pub payment_id: Option<Uuid>,
    /// Business time of the payment.
    #[serde(default)]
    pub paid_at: Option<DateTime<Utc>>,
    /// Why the last payment failed.
    #[serde(default)]
    pub payment_reason: Option<String>,
    /// When it ended; known once the customer was told of it.
    #[serde(default)]
    pub ended_at: Option<DateTime<Utc>>,
    /// When the customer was told how it ended, or there was nobody who wanted to be; business time.
    #[serde(default)]
    pub notified_at: Option<DateTime<Utc>>,
    /// The customer wanted to be told and could not be.
    #[serde(default)]
    pub notification_failed: bool,
    pub lines: Vec<PlacedLine>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    Scheduled,
    Placed,
    PaymentPending,
    Paid,
    PaymentFailed,
    Submitted,
    Fulfilled,
    PartiallyFulfilled,
    Failed,
    Cancelled,
}

impl OrderStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Placed => "placed",
            Self::PaymentPending => "payment_pending",
            Self::Paid => "paid",
            Self::PaymentFailed => "payment_failed",
            Self::Submitted => "submitted",
            Self::Fulfilled => "fulfilled",
            Self::PartiallyFulfilled => "partially_fulfilled",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing leaves such a status.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Fulfilled | Self::PartiallyFulfilled | Self::Failed | Self::Cancelled)
    }
}

/// One ordered line and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlacedLine {
    pub line: OrderLine,
    pub status: LineStatus,
    /// Set with `provider_subscription_id` once provisioned.
    pub subscription_id: Option<Uuid>,
    pub provider_subscription_id: Option<String>,
    /// Why it was rejected or cancelled.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineStatus {
    Open,
    Provisioned,
    Rejected,
    Cancelled,
}

impl LineStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Provisioned => "provisioned",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
        }
    }
}

impl OrderState {
    /// The order, if one was placed or scheduled under this id.
    pub fn known(&self) -> Option<&Order> {
        match self {
            Self::Unknown => None,
            Self::Known(order) => Some(order),
        }
    }

    pub(super) fn evolve(&mut self, event: &OrderEvent) {
        match (&mut *self, event) {
            (Self::Known(order), event) => order.evolve(event),
            (Self::Unknown, OrderEvent::OrderPlaced { details }) => {
                *self = Self::Known(Box::new(Order::placed(details.clone())));
            }
            (Self::Unknown, OrderEvent::OrderScheduled { details, start_on }) => {
                *self = Self::Known(Box::new(Order::scheduled(details.clone(), *start_on)));
            }
            // A stream begins with one of the two above; without one there is nothing to fold into.
            (
                Self::Unknown,
                OrderEvent::OrderPaymentRequested { .. }
                | OrderEvent::OrderPaid { .. }
                | OrderEvent::OrderPaymentFailed { .. }
                | OrderEvent::OrderSubmitted { .. }
                | OrderEvent::OrderLineProvisioned { .. }
                | OrderEvent::OrderLineRejected { .. }
                | OrderEvent::OrderLineCancelled { .. }
                | OrderEvent::OrderFulfilled {}
                | OrderEvent::OrderPartiallyFulfilled {}
                | OrderEvent::OrderFailed {}
                | OrderEvent::OrderCancellationRequested {}
                | OrderEvent::OrderCancelled {}
                | OrderEvent::OrderCustomerNotified { .. },
            ) => {}
        }
    }
}

impl Order {
    fn placed(details: OrderDetails) -> Self {
        let placed_at = Some(details.ordered_at);
        Self { status: OrderStatus::Placed, placed_at, ..Self::new(details) }
    }

    fn scheduled(details: OrderDetails, start_on: NaiveDate) -> Self {
        Self { status: OrderStatus::Scheduled, scheduled_for: Some(start_on), ..Self::new(details) }
    }

    fn new(details: OrderDetails) -> Self {
        Self {
            lines: details.lines.iter().cloned().map(PlacedLine::open).collect(),
            details,
            status: OrderStatus::Placed,
            scheduled_for: None,
            placed_at: None,
            provider_order_id: None,
            cancellation_requested: false,
            payment_id: None,
            paid_at: None,
            payment_reason: None,
            ended_at: None,
            notified_at: None,
            notification_failed: false,
        }
    }

    /// The line of that number, counted from 1.
    pub fn line(&self, number: u32) -> Option<&PlacedLine> {
        self.lines.iter().find(|placed| placed.line.line == number)
    }

    /// Whether it is the provider's turn: a prepaid one only once it is paid.
    pub const fn may_go_out(&self) -> bool {
        match self.details.payment {
            PaymentMode::Invoice => matches!(self.status, OrderStatus::Placed),
            PaymentMode::Prepaid => matches!(self.status, OrderStatus::Paid),
        }
    }

    /// The lines nothing is known about yet.
    pub fn open_lines(&self) -> impl Iterator<Item = &PlacedLine> {
        self.lines.iter().filter(|placed| placed.status == LineStatus::Open)
    }

    pub(super) fn evolve(&mut self, event: &OrderEvent) {
        match event {
            // On the day it was scheduled for; it was ordered when it was ordered.
            OrderEvent::OrderPlaced { details } => {
                self.status = OrderStatus::Placed;
                self.placed_at = Some(details.ordered_at);
            }
            OrderEvent::OrderScheduled { details, start_on } => *self = Self::scheduled(details.clone(), *start_on),
            OrderEvent::OrderSubmitted { provider_order_id } => {
                self.status = OrderStatus::Submitted;
                self.provider_order_id = Some(provider_order_id.clone());
            }
            OrderEvent::OrderLineProvisioned { line, subscription_id, provider_subscription_id } => {
                self.change(*line, |placed| placed.provisioned(*subscription_id, provider_subscription_id));
            }
            OrderEvent::OrderLineRejected { line, reason } => {
                self.change(*line, |placed| placed.ended(LineStatus::Rejected, reason));
            }
            OrderEvent::OrderLineCancelled { line, reason } => {
                self.change(*line, |placed| placed.ended(LineStatus::Cancelled, reason));
            }
            OrderEvent::OrderFulfilled {} => self.status = OrderStatus::Fulfilled,
            OrderEvent::OrderPartiallyFulfilled {} => self.status = OrderStatus::PartiallyFulfilled,
            OrderEvent::OrderFailed {} => self.status = OrderStatus::Failed,
            OrderEvent::OrderCancellationRequested {} => self.cancellation_requested = true,
            OrderEvent::OrderCancelled {} => self.status = OrderStatus::Cancelled,
            OrderEvent::OrderPaymentRequested { payment_id, retaxed } => {
                if let Some(Retaxed { taxes, total }) = retaxed {
                    (self.details.taxes, self.details.total) = (taxes.clone(), *total);
                }
                self.status = OrderStatus::PaymentPending;
                self.payment_id = Some(*payment_id);
                self.payment_reason = None;
            }
            OrderEvent::OrderPaid { payment_id, at, .. } => {
                self.status = OrderStatus::Paid;
                self.payment_id = Some(*payment_id);
                self.paid_at = Some(*at);
                self.payment_reason = None;
            }
            OrderEvent::OrderPaymentFailed { reason, .. } => {
                self.status = OrderStatus::PaymentFailed;
                self.payment_reason = Some(reason.clone());
            }
            OrderEvent::OrderCustomerNotified { at, ended_at, failed } => {
                self.ended_at = Some(*ended_at);
                self.notified_at = Some(*at);
                self.notification_failed = *failed;
            }
        }
    }

    fn change(&mut self, number: u32, change: impl FnOnce(&mut PlacedLine)) {
        if let Some(placed) = self.lines.iter_mut().find(|placed| placed.line.line == number) {
            change(placed);
        }
    }
}

impl PlacedLine {
    fn open(line: OrderLine) -> Self {
        Self { line, status: LineStatus::Open, subscription_id: None, provider_subscription_id: None, reason: None }
    }

    fn provisioned(&mut self, subscription_id: Uuid, provider_subscription_id: &str) {
        self.status = LineStatus::Provisioned;
        self.reason = None;
        self.subscription_id = Some(subscription_id);
        self.provider_subscription_id = Some(provider_subscription_id.to_owned());
    }

    fn ended(&mut self, status: LineStatus, reason: &str) {
        self.status = status;
        self.reason = Some(reason.to_owned());
    }
}
