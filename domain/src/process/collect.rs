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

/// What payments want, and what became of orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CollectNews {
    Wants(Effect),
    OrderPaid,
    OrderDelivered,
    /// Some or all lines came to nothing.
    LinesLost {
        order_id: Uuid,
    },
}

impl Process for Collect {
    const NAME: &'static str = "collect";
    type State = CollectState;
    type News = CollectNews;

    fn news(event: &Event, stream: &StreamId) -> Option<(String, CollectNews)> {
        let id = Uuid::parse_str(&stream.id).ok()?;
        let news = match event {
            Event::Payment(event) => CollectNews::Wants(wanted(event, id)?),
            Event::Order(event) => of_order(event, id)?,
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
            | Event::NotificationPreferences(_) => return None,
        };
        Some((stream.id.clone(), news))
    }

    fn react(state: &mut CollectState, news: CollectNews) -> Vec<Effect> {
        let effect = match news {
            CollectNews::Wants(effect) => Some(effect),
            CollectNews::OrderPaid => {
                state.prepaid = true;
                None
            }
            CollectNews::OrderDelivered => {
                state.prepaid = false;
                None
            }
            CollectNews::LinesLost { order_id } => {
                std::mem::take(&mut state.prepaid).then_some(Effect::CreditOrder { order_id })
            }
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
const fn of_order(event: &OrderEvent, order_id: Uuid) -> Option<CollectNews> {
    match event {
        OrderEvent::OrderPaid { .. } => Some(CollectNews::OrderPaid),
        OrderEvent::OrderFulfilled {} => Some(CollectNews::OrderDelivered),
        OrderEvent::OrderPartiallyFulfilled {} | OrderEvent::OrderFailed {} | OrderEvent::OrderCancelled {} => {
            Some(CollectNews::LinesLost { order_id })
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
