//! From an order to its submission: the account first, then the orders on it, then a watch on each.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Effect, Process};
use crate::account::AccountEvent;
use crate::order::{OrderDetails, OrderEvent, PaymentMode};
use crate::{Event, StreamId};

/// One instance per account, which decides when its orders may go out. What happens to an order afterwards names
/// no account; it needs no memory either, so it goes by the order's id with a state that stays empty.
#[derive(Debug, Clone, Copy)]
pub struct Provision;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProvisionState {
    /// The provider has the account.
    pub linked: bool,
    /// Orders placed while it had not, oldest first.
    pub waiting: Vec<Uuid>,
}

impl Process for Provision {
    const NAME: &'static str = "provision";
    type State = ProvisionState;

    fn key(event: &Event, stream: &StreamId) -> Option<String> {
        match event {
            Event::Account(event) => account_key(event, stream),
            Event::Order(event) => order_key(event, stream),
            Event::Customer(_)
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
            | Event::Payment(_)
            | Event::NotificationPreferences(_) => None,
        }
    }

    fn react(state: &mut ProvisionState, event: &Event, stream: &StreamId) -> Vec<Effect> {
        match event {
            Event::Account(event) => on_account(state, event),
            Event::Order(event) => on_order(state, event, stream),
            Event::Customer(_)
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
            | Event::Payment(_)
            | Event::NotificationPreferences(_) => Vec::new(),
        }
    }
}

fn account_key(event: &AccountEvent, stream: &StreamId) -> Option<String> {
    match event {
        AccountEvent::AccountOpened { .. } | AccountEvent::AccountLinked { .. } | AccountEvent::AccountClosed {} => {
            Some(stream.id.clone())
        }
        // The operator may still link a refused account: its orders go on waiting.
        AccountEvent::AccountRefused { .. } | AccountEvent::AccountDetailsChanged { .. } => None,
    }
}

fn order_key(event: &OrderEvent, stream: &StreamId) -> Option<String> {
    match event {
        OrderEvent::OrderPlaced { details } => Some(details.account_id.to_string()),
        OrderEvent::OrderPaid { account_id, .. } => Some(account_id.to_string()),
        OrderEvent::OrderSubmitted { .. } | OrderEvent::OrderCancellationRequested {} => Some(stream.id.clone()),
        OrderEvent::OrderScheduled { .. }
        | OrderEvent::OrderPaymentRequested { .. }
        | OrderEvent::OrderPaymentFailed { .. }
        | OrderEvent::OrderCustomerNotified { .. }
        | OrderEvent::OrderLineProvisioned { .. }
        | OrderEvent::OrderLineRejected { .. }
        | OrderEvent::OrderLineCancelled { .. }
        | OrderEvent::OrderFulfilled {}
        | OrderEvent::OrderPartiallyFulfilled {}
        | OrderEvent::OrderFailed {}
        | OrderEvent::OrderCancelled {} => None,
    }
}

fn on_account(state: &mut ProvisionState, event: &AccountEvent) -> Vec<Effect> {
    match event {
        AccountEvent::AccountOpened { account_id, .. } => vec![Effect::OpenAccount { account_id: *account_id }],
        AccountEvent::AccountLinked { .. } => {
            state.linked = true;
            std::mem::take(&mut state.waiting).into_iter().map(|order_id| Effect::SubmitOrder { order_id }).collect()
        }
        AccountEvent::AccountClosed {} => {
            state.waiting.clear();
            Vec::new()
        }
        AccountEvent::AccountRefused { .. } | AccountEvent::AccountDetailsChanged { .. } => Vec::new(),
    }
}

fn on_order(state: &mut ProvisionState, event: &OrderEvent, stream: &StreamId) -> Vec<Effect> {
    match event {
        OrderEvent::OrderPlaced { details } => placed(state, details),
        OrderEvent::OrderPaid { .. } => {
            Uuid::parse_str(&stream.id).map_or_else(|_| Vec::new(), |order_id| submitted(state, order_id))
        }
        OrderEvent::OrderSubmitted { .. } => about(stream, |order_id| Effect::WatchOrder { order_id }),
        OrderEvent::OrderCancellationRequested {} => about(stream, |order_id| Effect::CancelOrder { order_id }),
        OrderEvent::OrderScheduled { .. }
        | OrderEvent::OrderPaymentRequested { .. }
        | OrderEvent::OrderPaymentFailed { .. }
        | OrderEvent::OrderCustomerNotified { .. }
        | OrderEvent::OrderLineProvisioned { .. }
        | OrderEvent::OrderLineRejected { .. }
        | OrderEvent::OrderLineCancelled { .. }
        | OrderEvent::OrderFulfilled {}
        | OrderEvent::OrderPartiallyFulfilled {}
        | OrderEvent::OrderFailed {}
        | OrderEvent::OrderCancelled {} => Vec::new(),
    }
}

fn placed(state: &mut ProvisionState, details: &OrderDetails) -> Vec<Effect> {
    match details.payment {
        PaymentMode::Invoice => submitted(state, details.order_id),
        // Goes out when it is paid.
        PaymentMode::Prepaid => Vec::new(),
    }
}

/// An order cancelled while it waits is still sent out as an effect: the worker finds it cancelled and stops.
fn submitted(state: &mut ProvisionState, order_id: Uuid) -> Vec<Effect> {
    if state.linked {
        return vec![Effect::SubmitOrder { order_id }];
    }
    state.waiting.push(order_id);
    Vec::new()
}

/// Every order's stream has the order's id as its own.
fn about(stream: &StreamId, effect: impl FnOnce(Uuid) -> Effect) -> Vec<Effect> {
    Uuid::parse_str(&stream.id).ok().map(effect).into_iter().collect()
}
