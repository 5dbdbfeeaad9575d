//! Collecting money: gateways are asked to charge and to refund, and what a prepaid order paid for in vain goes back.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Effect, Process};
use crate::order::OrderEvent;
use crate::payment::{PaymentEvent, PaymentMeans};
use crate::{Event, StreamId};

/// One instance per payment, and one per prepaid order.
#[derive(Debug, Clone, Copy)]
pub struct Collect;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectState {
    /// Of an order: it was paid before, so that lines which come to nothing are paid back.
    pub prepaid: bool,
}

impl Process for Collect {
    const NAME: &'static str = "collect";
    type State = CollectState;

    fn key(event: &Event, stream: &StreamId) -> Option<String> {
        let concerned = match event {
            Event::Payment(event) => wanted(event, Uuid::nil()).is_some(),
            Event::Order(event) => concerns(event),
            Event::Customer(_)
            | Event::Account(_)
            | Event::Service(_)
            | Event::PriceRule(_)
            | Event::Subscription(_)
            | Event::Drift(_)
            | Event::Calendar(_)
            | Event::ExchangeRates(_)
            | Event::Invoice(_)
            | Event::CreditNote(_)
            | Event::Balance(_)
            | Event::NumberSeries(_)
            | Event::ChargeLedger(_)
            | Event::BillingRun(_)
            | Event::CommissionAccount(_)
            | Event::NotificationPreferences(_) => false,
        };
        concerned.then(|| stream.id.clone())
    }

    fn react(state: &mut CollectState, event: &Event, stream: &StreamId) -> Vec<Effect> {
        let Ok(id) = Uuid::parse_str(&stream.id) else { return Vec::new() };
        let effect = match event {
            Event::Payment(event) => wanted(event, id),
            Event::Order(event) => on_order(state, event, id),
            Event::Customer(_)
            | Event::Account(_)
            | Event::Service(_)
            | Event::PriceRule(_)
            | Event::Subscription(_)
            | Event::Drift(_)
            | Event::Calendar(_)
            | Event::ExchangeRates(_)
            | Event::Invoice(_)
            | Event::CreditNote(_)
            | Event::Balance(_)
            | Event::NumberSeries(_)
            | Event::ChargeLedger(_)
            | Event::BillingRun(_)
            | Event::CommissionAccount(_)
            | Event::NotificationPreferences(_) => None,
        };
        effect.into_iter().collect()
    }
}

/// Money that came in outside is there already.
fn wanted(event: &PaymentEvent, payment_id: Uuid) -> Option<Effect> {
    match event {
        PaymentEvent::PaymentStarted(started) => match started.means {
            PaymentMeans::Wallet | PaymentMeans::Token => Some(Effect::ChargePayment { payment_id }),
            PaymentMeans::Outside => None,
        },
        PaymentEvent::PaymentOutcomeUnknown { .. } => Some(Effect::AskPayment { payment_id }),
        PaymentEvent::RefundStarted { refund_id, .. } => {
            Some(Effect::RefundPayment { payment_id, refund_id: *refund_id })
        }
        PaymentEvent::RefundOutcomeUnknown { refund_id } => {
            Some(Effect::AskRefund { payment_id, refund_id: *refund_id })
        }
        PaymentEvent::PaymentSucceeded { .. }
        | PaymentEvent::PaymentDeclined { .. }
        | PaymentEvent::PaymentUnreachable { .. }
        | PaymentEvent::PaymentExpired { .. }
        | PaymentEvent::PaymentOutcomeResolved { .. }
        | PaymentEvent::RefundSucceeded { .. }
        | PaymentEvent::RefundFailed { .. } => None,
    }
}

/// Its payment, and however it ends.
const fn concerns(event: &OrderEvent) -> bool {
    match event {
        OrderEvent::OrderPaid { .. }
        | OrderEvent::OrderFulfilled {}
        | OrderEvent::OrderPartiallyFulfilled {}
        | OrderEvent::OrderFailed {}
        | OrderEvent::OrderCancelled {} => true,
        OrderEvent::OrderPlaced { .. }
        | OrderEvent::OrderScheduled { .. }
        | OrderEvent::OrderPaymentRequested { .. }
        | OrderEvent::OrderPaymentFailed { .. }
        | OrderEvent::OrderSubmitted { .. }
        | OrderEvent::OrderLineProvisioned { .. }
        | OrderEvent::OrderLineRejected { .. }
        | OrderEvent::OrderLineCancelled { .. }
        | OrderEvent::OrderCancellationRequested {}
        | OrderEvent::OrderCustomerNotified { .. } => false,
    }
}

fn on_order(state: &mut CollectState, event: &OrderEvent, order_id: Uuid) -> Option<Effect> {
    match event {
        OrderEvent::OrderPaid { .. } => {
            state.prepaid = true;
            None
        }
        OrderEvent::OrderFulfilled {} => {
            state.prepaid = false;
            None
        }
        OrderEvent::OrderPartiallyFulfilled {} | OrderEvent::OrderFailed {} | OrderEvent::OrderCancelled {} => {
            std::mem::take(&mut state.prepaid).then_some(Effect::CreditOrder { order_id })
        }
        OrderEvent::OrderPlaced { .. }
        | OrderEvent::OrderScheduled { .. }
        | OrderEvent::OrderPaymentRequested { .. }
        | OrderEvent::OrderPaymentFailed { .. }
        | OrderEvent::OrderSubmitted { .. }
        | OrderEvent::OrderLineProvisioned { .. }
        | OrderEvent::OrderLineRejected { .. }
        | OrderEvent::OrderLineCancelled { .. }
        | OrderEvent::OrderCancellationRequested {}
        | OrderEvent::OrderCustomerNotified { .. } => None,
    }
}
