//! Everything the gateways remember, as rows that replace the earlier row of the same id. The journal holds rows.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::outcome::{Outcome, Reason};
use crate::sim::memory::Remembered;
use crate::sim::table::Versioned;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Row {
    Request(Box<Request>),
    Effect(Effect),
    /// What every simulator remembers.
    #[serde(untagged)]
    Remembered(Remembered),
}

impl From<Remembered> for Row {
    fn from(row: Remembered) -> Self {
        Self::Remembered(row)
    }
}

/// A charge of the wallet, with what was given back of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    pub payment_request_id: String,
    /// The key it was asked under.
    pub operation_id: String,
    pub reference: String,
    /// What is charged, which a script may have made another sum than was asked.
    pub amount: Decimal,
    pub currency: String,
    pub notification_url: Option<String>,
    pub status: Status,
    pub reason: Option<Reason>,
    /// The money was taken; whatever is shown later, that stays so.
    pub is_captured: bool,
    pub completion: Completion,
    pub refunds: Vec<Refund>,
    pub revision: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refund {
    pub refund_id: String,
    pub operation_id: String,
    pub amount: Decimal,
    pub status: Status,
    pub completion: Completion,
}

/// What something accepted comes to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Completion {
    pub outcome: Outcome,
    /// Real time.
    pub due_at: DateTime<Utc>,
    /// The client heard that it was accepted.
    pub answer_sent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    Succeeded,
    Failed,
    Expired,
}

/// One line of the ledger: money that really moved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Effect {
    pub key: String,
    pub operation: Operation,
    /// The client's invoice or order; the token gateway is not told.
    pub reference: Option<String>,
    /// Whom the token gateway charged.
    pub customer_id: Option<u64>,
    pub amount: Decimal,
    pub currency: String,
    /// Business time.
    pub at: DateTime<Utc>,
    pub answer_sent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Charge,
    Refund,
}

impl Versioned for Request {
    fn id(&self) -> &str {
        &self.payment_request_id
    }

    fn revision(&self) -> u64 {
        self.revision
    }
}

impl Request {
    /// What has not been given back and is not on its way back.
    pub fn left(&self) -> Decimal {
        let gone = self.refunds.iter().filter(|refund| refund.status != Status::Failed);
        self.amount - gone.map(|refund| refund.amount).sum::<Decimal>()
    }
}

impl Completion {
    /// Whether time alone ends it.
    pub fn comes_by_itself(&self) -> bool {
        self.outcome != Outcome::Pending
    }
}
