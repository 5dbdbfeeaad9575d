//! How far each process that follows from an order is.

use chrono::{DateTime, Utc};
use domain::order::{Order, OrderStatus, PaymentMode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::v1::resource::Head;

/// How far each process that follows from the order is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProcessesBody {
    /// Of prepaid orders.
    pub payment: ProcessBody,
    pub provisioning: ProcessBody,
    /// Of prepaid orders: what is invoiced by month is no part of them.
    pub invoice: ProcessBody,
    /// Telling the customer how it ended.
    pub notification: ProcessBody,
}

#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProcessBody {
    /// `none`, `pending`, `completed` or `error`.
    pub state: &'static str,
    /// Since when it is in that state; later events of the order do not move it.
    pub at: Option<DateTime<Utc>>,
}

const NONE: ProcessBody = ProcessBody { state: "none", at: None };

const fn pending(at: Option<DateTime<Utc>>) -> ProcessBody {
    ProcessBody { state: "pending", at }
}

const fn completed(at: Option<DateTime<Utc>>) -> ProcessBody {
    ProcessBody { state: "completed", at }
}

const fn error(at: Option<DateTime<Utc>>) -> ProcessBody {
    ProcessBody { state: "error", at }
}

impl ProcessesBody {
    pub fn of(order: &Order, head: &Head) -> Self {
        // Nothing but having told the customer follows on the end, and that says when it was.
        let ended_at = Some(order.ended_at.unwrap_or(head.updated_at));
        Self {
            payment: payment(order, head),
            provisioning: provisioning(order, ended_at),
            invoice: invoice(order),
            notification: notification(order, ended_at),
        }
    }
}

/// Of a failed payment the last event tells: the next one begins another, or ends the order.
fn payment(order: &Order, head: &Head) -> ProcessBody {
    match (order.details.payment, order.status) {
        (PaymentMode::Invoice, _) => NONE,
        (PaymentMode::Prepaid, _) if order.paid_at.is_some() => completed(order.paid_at),
        (PaymentMode::Prepaid, OrderStatus::PaymentFailed) => error(Some(head.updated_at)),
        (PaymentMode::Prepaid, _) if waits_for_payment(order) => pending(order.placed_at),
        (PaymentMode::Prepaid, _) => NONE,
    }
}

/// It is issued with the payment.
fn invoice(order: &Order) -> ProcessBody {
    match order.details.payment {
        PaymentMode::Invoice => NONE,
        PaymentMode::Prepaid if order.paid_at.is_some() => completed(order.paid_at),
        PaymentMode::Prepaid if waits_for_payment(order) => pending(order.placed_at),
        PaymentMode::Prepaid => NONE,
    }
}

const fn waits_for_payment(order: &Order) -> bool {
    matches!(order.status, OrderStatus::Placed | OrderStatus::PaymentPending | OrderStatus::PaymentFailed)
}

fn provisioning(order: &Order, ended_at: Option<DateTime<Utc>>) -> ProcessBody {
    match order.status {
        OrderStatus::Scheduled | OrderStatus::Cancelled => NONE,
        OrderStatus::Placed
        | OrderStatus::PaymentPending
        | OrderStatus::PaymentFailed
        | OrderStatus::Paid
        | OrderStatus::Submitted => pending(order.paid_at.or(order.placed_at)),
        OrderStatus::Fulfilled | OrderStatus::PartiallyFulfilled => completed(ended_at),
        OrderStatus::Failed => error(ended_at),
    }
}

/// Who cancels an order knows it.
fn notification(order: &Order, ended_at: Option<DateTime<Utc>>) -> ProcessBody {
    match (order.status, order.notified_at) {
        (OrderStatus::Fulfilled | OrderStatus::PartiallyFulfilled | OrderStatus::Failed, None) => pending(ended_at),
        (_, Some(at)) if order.notification_failed => error(Some(at)),
        (_, Some(at)) => completed(Some(at)),
        (_, None) => NONE,
    }
}
