//! What can be asked of an order.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::PaymentMode;
use crate::Currency;
use crate::account::AccountStatus;
use crate::pricing::Quote;
use crate::service::Service;
use crate::tax::Treatment;

#[derive(Debug, Clone)]
pub enum OrderCommand {
    Place(Box<PlaceOrder>),
    /// The provider has accepted it under this id.
    MarkSubmitted {
        provider_order_id: String,
    },
    /// The provider would not take it. `line` is the line it named, counted from 1; `reason` in our words.
    RefuseAtSubmission {
        line: Option<u32>,
        reason: String,
    },
    /// What became of some of the lines, by line number.
    RecordOutcome {
        lines: Vec<(u32, LineOutcome)>,
    },
    /// The provider has provisioned a line although the order was cancelled on its way there.
    RecordLate {
        line: u32,
        subscription_id: Uuid,
        provider_subscription_id: String,
    },
    /// The day of a scheduled order has come.
    Start(StartOrder),
    Cancel,
    /// Prepaid: a gateway is going to be asked for its total, with the tax of that day; absent: with the tax it has.
    RequestPayment {
        payment_id: Uuid,
        tax: Option<Treatment>,
    },
    MarkPaid {
        payment_id: Uuid,
    },
    /// `reason` in our words.
    MarkPaymentFailed {
        payment_id: Uuid,
        reason: String,
    },
    /// It was not paid in time.
    CancelUnpaid,
    /// Its account was closed before it went out.
    CancelStranded,
    /// The customer was told how it ended, or wanted no word of it. `failed`: it wanted one and could not be told.
    NoteNotified {
        ended_at: DateTime<Utc>,
        failed: bool,
    },
}

/// What a scheduled order meets on its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartOrder {
    /// The day it is at the seller.
    pub today: NaiveDate,
    /// The customer or its reseller is suspended.
    pub customer_suspended: bool,
    pub customer_closed: bool,
    pub account: AccountStatus,
    /// The lines, counted from 1, of which the service is no longer sold.
    pub withdrawn: Vec<u32>,
}

/// An order as it was asked for, with everything looked up that the rules need.
#[derive(Debug, Clone)]
pub struct PlaceOrder {
    pub order_id: Uuid,
    pub account: OrderingAccount,
    pub customer_id: Uuid,
    /// Set for an end customer.
    pub reseller_id: Option<Uuid>,
    /// The customer or its reseller is suspended.
    pub customer_suspended: bool,
    pub customer_closed: bool,
    /// Its orders are invoiced to the customer itself, not to its reseller.
    pub customer_is_billed: bool,
    /// Percent, 0 to 100, of its terms: taken off what is paid in advance.
    pub discount_percent: Decimal,
    pub name: Option<String>,
    pub payment: PaymentMode,
    pub purchase_order: Option<String>,
    /// The day it is to start; absent means at once.
    pub start_on: Option<NaiveDate>,
    /// The day it is at the seller.
    pub today: NaiveDate,
    pub currency: Currency,
    pub lines: Vec<RequestedLine>,
    pub tax: Treatment,
}

/// The account an order is for, as it was when the order was asked for.
#[derive(Debug, Clone, Copy)]
pub struct OrderingAccount {
    pub account_id: Uuid,
    pub status: AccountStatus,
}

#[derive(Debug, Clone)]
pub struct RequestedLine {
    /// Counted from 1.
    pub line: u32,
    pub service_id: Uuid,
    /// `None` when there is no such service.
    pub service: Option<Service>,
    /// Seats.
    pub quantity: u32,
    /// `None` when nothing gives a price for this customer and service.
    pub price: Option<Quote>,
}

/// What the provider made of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineOutcome {
    Provisioned {
        subscription_id: Uuid,
        provider_subscription_id: String,
    },
    /// `reason` in our words, as below.
    Rejected {
        reason: String,
    },
    Cancelled {
        reason: String,
    },
}
