//! From an order to its submission: the account first, then the orders on it, then a watch on each.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Effect, Process};
use crate::account::AccountEvent;
use crate::order::{OrderEvent, PaymentMode};
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
    /// Nothing can go out any more: there is nothing to wait for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

/// What happened to an account, or to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvisionNews {
    Wants(Effect),
    AccountLinked,
    AccountClosed,
    /// Goes out as soon as its account is linked.
    OrderReady {
        order_id: Uuid,
    },
}

impl Process for Provision {
    const NAME: &'static str = "provision";
    type State = ProvisionState;
    type News = ProvisionNews;

    fn news(event: &Event, stream: &StreamId) -> Option<(String, ProvisionNews)> {
        match event {
            Event::Account(event) => Some((stream.id.clone(), of_account(event)?)),
            Event::Order(event) => of_order(event, Uuid::parse_str(&stream.id).ok()?),
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

    fn react(state: &mut ProvisionState, news: ProvisionNews) -> Vec<Effect> {
        match news {
            ProvisionNews::Wants(effect) => vec![effect],
            ProvisionNews::AccountLinked => {
                state.linked = true;
                released(state)
            }
            // The worker finds the account closed and cancels them.
            ProvisionNews::AccountClosed => {
                state.closed = true;
                released(state)
            }
            // An order cancelled while it waits is still sent out as an effect: the worker finds it cancelled and stops.
            ProvisionNews::OrderReady { order_id } if state.linked || state.closed => {
                vec![Effect::SubmitOrder { order_id }]
            }
            ProvisionNews::OrderReady { order_id } => {
                state.waiting.push(order_id);
                Vec::new()
            }
        }
    }
}

fn released(state: &mut ProvisionState) -> Vec<Effect> {
    let waiting = std::mem::take(&mut state.waiting).into_iter();
    waiting.map(|order_id| Effect::SubmitOrder { order_id }).collect()
}

fn of_account(event: &AccountEvent) -> Option<ProvisionNews> {
    match event {
        AccountEvent::AccountOpened { account_id, .. } => {
            Some(ProvisionNews::Wants(Effect::OpenAccount { account_id: *account_id }))
        }
        AccountEvent::AccountLinked { .. } => Some(ProvisionNews::AccountLinked),
        AccountEvent::AccountClosed {} => Some(ProvisionNews::AccountClosed),
        // The operator may still link a refused account: its orders go on waiting.
        AccountEvent::AccountRefused { .. } | AccountEvent::AccountDetailsChanged { .. } => None,
    }
}

/// With the instance: its account's, or its own once the account no longer matters.
fn of_order(event: &OrderEvent, order_id: Uuid) -> Option<(String, ProvisionNews)> {
    let ready = |account_id: &Uuid| Some((account_id.to_string(), ProvisionNews::OrderReady { order_id }));
    let wants = |effect| Some((order_id.to_string(), ProvisionNews::Wants(effect)));
    match event {
        OrderEvent::OrderPlaced { details } => match details.payment {
            PaymentMode::Invoice => ready(&details.account_id),
            // Goes out when it is paid.
            PaymentMode::Prepaid => None,
        },
        OrderEvent::OrderPaid { account_id, .. } => ready(account_id),
        OrderEvent::OrderSubmitted { .. } => wants(Effect::WatchOrder { order_id }),
        OrderEvent::OrderCancellationRequested {} => wants(Effect::CancelOrder { order_id }),
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
