//! Paying a prepaid order before it goes to the provider.

use chrono::{DateTime, Days, Utc};
use uuid::Uuid;

use super::{NOT_PAID, cancelled};
use crate::order::{Order, OrderEvent, OrderStatus, PaymentMode, Retaxed};
use crate::tax::{Treatment, taxes_in};
use crate::{Decided, Money, Refusal};

/// Days after which a prepaid order that is not paid is cancelled.
pub const UNPAID_DAYS: u64 = 14;

/// The tax of a prepaid order is that of the day it is paid, which may be long after it was ordered.
pub(super) fn request(
    order: &Order,
    payment_id: Uuid,
    tax: Option<&Treatment>,
) -> Result<Decided<OrderEvent>, Refusal> {
    match (order.details.payment, order.status) {
        // An id is made once per attempt: the same id is the same attempt, also when it has come to its end.
        (PaymentMode::Prepaid, _) if order.payment_id == Some(payment_id) => Ok(Decided::nothing()),
        (PaymentMode::Prepaid, OrderStatus::PaymentPending) => Err(Refusal::PaymentInProgress),
        (PaymentMode::Prepaid, OrderStatus::Placed | OrderStatus::PaymentFailed) => {
            let retaxed = tax.map(|tax| retaxed(order, tax)).transpose()?.flatten();
            Ok(OrderEvent::OrderPaymentRequested { payment_id, retaxed }.into())
        }
        (_, status) => Err(Refusal::InvalidState { state: status.name() }),
    }
}

/// `None` when nothing changes with it.
fn retaxed(order: &Order, treatment: &Treatment) -> Result<Option<Retaxed>, Refusal> {
    let details = &order.details;
    let amounts: Vec<Money> = details.lines.iter().map(|line| line.amount).collect();
    let (taxes, tax, net) = taxes_in(treatment, details.currency, &amounts)?;
    let total = net.plus(tax)?;
    Ok((taxes != details.taxes).then_some(Retaxed { taxes, total }))
}

/// Also by a payment that was thought to have failed. What is paid for otherwise, or is over, is not paid again.
pub(super) fn paid(order: &Order, payment_id: Uuid, at: DateTime<Utc>) -> Result<Decided<OrderEvent>, Refusal> {
    match order.status {
        OrderStatus::PaymentPending | OrderStatus::PaymentFailed => {
            let account_id = order.details.account_id;
            Ok(OrderEvent::OrderPaid { payment_id, account_id, at }.into())
        }
        _ if order.paid_at.is_some() && order.payment_id == Some(payment_id) => Ok(Decided::nothing()),
        status => Err(Refusal::InvalidState { state: status.name() }),
    }
}

pub(super) fn failed(order: &Order, payment_id: Uuid, reason: &str) -> Decided<OrderEvent> {
    if order.status != OrderStatus::PaymentPending || order.payment_id != Some(payment_id) {
        return Decided::nothing();
    }
    OrderEvent::OrderPaymentFailed { payment_id, reason: reason.to_owned() }.into()
}

/// While a payment is on its way, or nobody knows what came of one, nothing is cancelled: it is asked again later.
pub(super) fn not_paid(order: &Order, at: DateTime<Utc>) -> Result<Decided<OrderEvent>, Refusal> {
    let until = order.placed_at.and_then(|placed| placed.checked_add_days(Days::new(UNPAID_DAYS)));
    let is_over = until.is_some_and(|until| until <= at);
    match (order.details.payment, order.status) {
        (PaymentMode::Prepaid, OrderStatus::PaymentPending) => Err(Refusal::PaymentInProgress),
        (PaymentMode::Prepaid, OrderStatus::Placed | OrderStatus::PaymentFailed) if is_over => {
            Ok(cancelled(order, NOT_PAID).into())
        }
        (PaymentMode::Invoice | PaymentMode::Prepaid, _) => Ok(Decided::nothing()),
    }
}
