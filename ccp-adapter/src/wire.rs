//! The provider's words, exactly as sent. Nothing here leaves the crate; fields we do not use are not named, and
//! fields we do not know are ignored.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

#[derive(Deserialize)]
pub struct Token {
    pub access_token: String,
    /// Seconds.
    pub expires_in: u64,
}

/// One page of a list.
#[derive(Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}

/// The body of a refusal. Its `message` is not read: it may hold what no log may show.
#[derive(Default, Deserialize)]
pub struct Problem {
    pub code: Option<String>,
    /// Our line number; of any type, lest an odd one hide the code.
    #[serde(default)]
    pub line_ref: Value,
}

#[derive(Deserialize)]
pub struct Amount {
    pub amount: String,
    pub currency: String,
}

#[derive(Deserialize)]
pub struct CatalogueItem {
    pub sku: String,
    pub name: String,
    pub description: String,
    pub publisher: String,
    pub unit_cost: Amount,
    pub list_price: Amount,
    pub term: String,
    pub billing_cycle: String,
    pub min_quantity: u32,
    pub max_quantity: u32,
    pub cancellation_window_hours: Option<u32>,
    pub features: Vec<String>,
}

#[derive(Serialize)]
pub struct NewAccount<'a> {
    pub external_ref: Uuid,
    pub name: &'a str,
    pub country: &'a str,
}

#[derive(Deserialize)]
pub struct Account {
    pub account_id: String,
    pub external_ref: Option<String>,
}

#[derive(Serialize)]
pub struct NewOrder<'a> {
    pub external_ref: Uuid,
    pub account_id: &'a str,
    pub lines: Vec<NewLine<'a>>,
}

#[derive(Serialize)]
pub struct NewLine<'a> {
    pub line_ref: u32,
    pub sku: &'a str,
    pub quantity: u32,
}

#[derive(Deserialize)]
pub struct Order {
    pub order_id: String,
    pub external_ref: Option<String>,
    pub status: OrderStatus,
    /// The answer to a new order has none yet.
    pub lines: Option<Vec<OrderLine>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    Accepted,
    Completed,
    Partial,
    Rejected,
    Cancelled,
}

#[derive(Deserialize)]
pub struct OrderLine {
    pub line_ref: u32,
    pub status: LineStatus,
    pub subscription_id: Option<String>,
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineStatus {
    Pending,
    Provisioned,
    Rejected,
    Cancelled,
}

#[derive(Deserialize)]
pub struct Subscription {
    pub subscription_id: String,
    pub account_id: String,
    pub sku: String,
    pub quantity: u32,
    pub status: SubscriptionStatus,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub auto_renew: bool,
    pub revision: i64,
    pub changed_on: NaiveDate,
    pub licences: Vec<Licence>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    Active,
    Suspended,
    Cancelled,
    Expired,
}

#[derive(Deserialize)]
pub struct Licence {
    pub seat_id: String,
    pub key: String,
}

/// The body of a change; those that are not named here have none.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Change<'a> {
    Quantity {
        quantity: u32,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        remove_seats: &'a [String],
    },
    Extension {
        ends_on: NaiveDate,
    },
    Renewal {
        auto_renew: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        quantity: Option<u32>,
    },
}

#[derive(Deserialize)]
pub struct Accepted {
    pub operation_id: String,
}

#[derive(Deserialize)]
pub struct Operation {
    pub operation_id: String,
    pub status: OperationStatus,
    pub subscription_id: String,
    pub reason: Option<String>,
    pub effective_on: Option<NaiveDate>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    Running,
    Succeeded,
    Failed,
}

/// One page of the bill of an account and a month.
#[derive(Deserialize)]
pub struct BillPage {
    pub closed: bool,
    pub lines: Vec<BillLine>,
    pub next_cursor: Option<String>,
}

#[derive(Deserialize)]
pub struct BillLine {
    pub line_id: String,
    pub subscription_id: String,
    pub charge: BillCharge,
    pub quantity: i64,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub amount: String,
    pub currency: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillCharge {
    New,
    Cycle,
    Renew,
    Add,
    Remove,
    Cancel,
    Credit,
}

#[derive(Serialize)]
pub struct WebhookEndpoint<'a> {
    pub url: &'a str,
    pub secret: &'a str,
}
