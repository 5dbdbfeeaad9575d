//! Everything the simulator remembers, as rows that replace the earlier row of the same id. The journal holds rows.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::seats::Seats;
use crate::sim::memory::Remembered;
use crate::sim::table::Versioned;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Row {
    Account(Account),
    Order(Order),
    Subscription(Box<Subscription>),
    Operation(Operation),
    Item(Box<Item>),
    Line(Line),
    Closing(Closing),
    Effect(Effect),
    Endpoint(Endpoint),
    /// The business day up to which renewals, expiries and charges are done.
    Today(NaiveDate),
    /// What every simulator remembers.
    #[serde(untagged)]
    Remembered(Remembered),
}

impl From<Remembered> for Row {
    fn from(row: Remembered) -> Self {
        Self::Remembered(row)
    }
}

macro_rules! versioned {
    ($($row:ident by $id:ident),*) => {$(
        impl Versioned for $row {
            fn id(&self) -> &str {
                &self.$id
            }
            fn revision(&self) -> u64 {
                self.revision
            }
        }
    )*};
}

versioned!(Account by account_id, Order by order_id, Subscription by subscription_id, Operation by operation_id);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    pub account_id: String,
    pub external_ref: String,
    pub name: String,
    pub country: String,
    pub revision: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub order_id: String,
    pub external_ref: String,
    pub account_id: String,
    pub status: OrderStatus,
    pub lines: Vec<OrderLine>,
    pub revision: u64,
    /// Real time at which it completes.
    pub due_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    Accepted,
    Completed,
    Partial,
    Rejected,
    Cancelled,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderLine {
    pub line_ref: u32,
    pub sku: String,
    pub quantity: u32,
    /// The cost of the day of the order, fixed for the term.
    pub unit_cost: Price,
    pub status: LineStatus,
    pub subscription_id: Option<String>,
    pub reason: Option<String>,
    /// A script wants this line rejected with this reason.
    pub refusal: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineStatus {
    Pending,
    Provisioned,
    Rejected,
    Cancelled,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Subscription {
    pub subscription_id: String,
    pub account_id: String,
    pub sku: String,
    pub quantity: u32,
    pub status: Status,
    /// The running term, half-open.
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub auto_renew: bool,
    pub renewal_quantity: Option<u32>,
    pub revision: u64,
    pub changed_on: NaiveDate,
    /// Business time of the last visible change.
    pub updated_at: DateTime<Utc>,
    pub seats: Seats,
    pub unit_cost: Price,
    pub term_months: u32,
    pub cycle_months: u32,
    pub window_hours: Option<u32>,
    /// Start or last renewal, business time: the cancellation window counts from here.
    pub confirmed_at: DateTime<Utc>,
    /// Increases of this term that may still go back, oldest first.
    pub increases: Vec<Increase>,
    /// The end of what has been charged.
    pub charged_until: NaiveDate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Active,
    Suspended,
    Cancelled,
    Expired,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Increase {
    pub at: DateTime<Utc>,
    pub seats: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operation {
    pub operation_id: String,
    pub subscription_id: String,
    pub kind: Kind,
    pub status: OperationStatus,
    pub reason: Option<String>,
    pub effective_on: Option<NaiveDate>,
    pub revision: u64,
    /// A script wants it to fail with this reason.
    pub refusal: Option<String>,
    /// Real time at which it completes.
    pub due_at: DateTime<Utc>,
}

/// What an operation asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Kind {
    Quantity { quantity: u32, remove: Vec<u32> },
    Cancel,
    Extend { ends_on: NaiveDate },
    Suspend,
    Resume,
    Renewal { auto_renew: bool, quantity: Option<u32> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    Running,
    Succeeded,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    pub amount: Decimal,
    pub currency: String,
}

/// One item of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub sku: String,
    pub name: String,
    pub description: String,
    pub publisher: String,
    pub unit_cost: Price,
    pub list_price: Price,
    pub term: String,
    pub billing_cycle: String,
    pub min_quantity: u32,
    pub max_quantity: u32,
    pub cancellation_window_hours: Option<u32>,
    pub features: Vec<String>,
    pub revision: u64,
    pub withdrawn: bool,
}

/// One line of the provider's bill.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    pub line_id: String,
    pub account_id: String,
    pub subscription_id: String,
    pub sku: String,
    pub charge: Charge,
    pub quantity: i64,
    pub unit_cost: Decimal,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub amount: Decimal,
    pub currency: String,
    /// Forgotten by the provider, until somebody remembers it.
    #[serde(default)]
    pub withheld: bool,
}

/// The bills of a month are complete on another day than the first of the next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Closing {
    pub period: String,
    pub on: NaiveDate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    New,
    Cycle,
    Renew,
    Add,
    Remove,
    Cancel,
    Credit,
}

/// One line of the ledger: something that was really done because a client asked for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Effect {
    pub key: String,
    pub operation: String,
    pub external_ref: Option<String>,
    pub resource_id: String,
    /// Business time.
    pub at: DateTime<Utc>,
    pub answer_sent: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Endpoint {
    pub url: String,
    pub secret: String,
    /// The secret before the last rotation, which signs too for a while.
    pub previous: Option<Previous>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Previous {
    pub secret: String,
    /// Real time.
    pub until: DateTime<Utc>,
}
