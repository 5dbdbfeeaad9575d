//! What can happen to an order.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{OrderDetails, Retaxed};
use crate::decider::facts;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum OrderEvent {
    OrderPlaced {
        details: OrderDetails,
    },
    /// Waits for its day; prices are those of the day it was ordered.
    OrderScheduled {
        details: OrderDetails,
        start_on: NaiveDate,
    },
    /// Prepaid: its total is going to be asked for.
    OrderPaymentRequested {
        payment_id: Uuid,
        /// What is asked for, where the tax of the day is another one than the order had.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retaxed: Option<Retaxed>,
    },
    /// It may go to the provider now, as soon as the account is there.
    OrderPaid {
        payment_id: Uuid,
        account_id: Uuid,
        at: DateTime<Utc>,
    },
    /// `reason` in our words; it can be paid again.
    OrderPaymentFailed {
        payment_id: Uuid,
        reason: String,
    },
    /// The provider has accepted it under this id.
    OrderSubmitted {
        provider_order_id: String,
    },
    OrderLineProvisioned {
        line: u32,
        subscription_id: Uuid,
        provider_subscription_id: String,
    },
    /// `reason` in our words.
    OrderLineRejected {
        line: u32,
        reason: String,
    },
    OrderLineCancelled {
        line: u32,
        reason: String,
    },
    OrderFulfilled {},
    OrderPartiallyFulfilled {},
    OrderFailed {},
    /// The provider is asked; lines it has already provisioned stay.
    OrderCancellationRequested {},
    OrderCancelled {},
    /// The customer was told how it ended, or wanted no word of it.
    OrderCustomerNotified {
        at: DateTime<Utc>,
        /// When the order ended.
        ended_at: DateTime<Utc>,
        /// It wanted to be told and could not be.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        failed: bool,
    },
}

facts!(OrderEvent in Order {
    OrderPlaced "1.0", OrderScheduled "1.0", OrderPaymentRequested "1.0", OrderPaid "1.0", OrderPaymentFailed "1.0",
    OrderSubmitted "1.0", OrderLineProvisioned "1.0",
    OrderLineRejected "1.0", OrderLineCancelled "1.0", OrderFulfilled "1.0", OrderPartiallyFulfilled "1.0",
    OrderFailed "1.0", OrderCancellationRequested "1.0", OrderCancelled "1.0", OrderCustomerNotified "1.0"
});
