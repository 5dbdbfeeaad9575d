//! What becomes of a scheduled order on its day.

use chrono::{DateTime, Utc};

use crate::Refusal;
use crate::order::{ORDER_REFUSED, Order, OrderDetails, OrderEvent, OrderStatus, StartOrder};

/// Reasons of the lines of an order that could not start on its day.
pub const CUSTOMER_SUSPENDED: &str = "customer-suspended";
pub const CUSTOMER_CLOSED: &str = "customer-closed";
pub const ACCOUNT_NOT_USABLE: &str = "account-not-usable";
pub const SERVICE_WITHDRAWN: &str = "service-withdrawn";

/// Asked again it is nothing new: it has started, or it has ended before its day.
pub(in crate::order) fn decide(
    order: &Order,
    start: &StartOrder,
    at: DateTime<Utc>,
) -> Result<Vec<OrderEvent>, Refusal> {
    if order.status != OrderStatus::Scheduled {
        return Ok(Vec::new());
    }
    if order.scheduled_for.is_some_and(|day| day > start.today) {
        return Err(Refusal::InvalidStartDate);
    }
    Ok(match obstacle(start) {
        Some(reason) => failed(order, |_| true, reason),
        None if !start.withdrawn.is_empty() => failed(order, |line| start.withdrawn.contains(&line), SERVICE_WITHDRAWN),
        None => vec![placed(order, at)],
    })
}

/// What speaks against the whole order.
fn obstacle(start: &StartOrder) -> Option<&'static str> {
    if start.customer_closed {
        return Some(CUSTOMER_CLOSED);
    }
    if start.customer_suspended {
        return Some(CUSTOMER_SUSPENDED);
    }
    super::unusable(start.account).map(|_| ACCOUNT_NOT_USABLE)
}

/// With the prices of the day it was ordered.
fn placed(order: &Order, at: DateTime<Utc>) -> OrderEvent {
    OrderEvent::OrderPlaced { details: OrderDetails { ordered_at: at, ..order.details.clone() } }
}

/// The lines at fault are rejected; the others go down with them.
fn failed(order: &Order, at_fault: impl Fn(u32) -> bool, reason: &str) -> Vec<OrderEvent> {
    let ended = order.open_lines().map(|open| open.line.line).map(|line| {
        if at_fault(line) {
            OrderEvent::OrderLineRejected { line, reason: reason.to_owned() }
        } else {
            OrderEvent::OrderLineCancelled { line, reason: ORDER_REFUSED.to_owned() }
        }
    });
    ended.chain([OrderEvent::OrderFailed {}]).collect()
}
