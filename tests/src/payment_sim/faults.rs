//! The faults only gateways have: what a charge comes to, and money other than asked.

use axum::http::Method;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use crate::sim::faults::{ContentFault, Strike};

pub type Plan = crate::sim::faults::Plan<Fault>;

/// `stale`, `outcome:<status>`, `amount:<number>`, `currency:<code>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Fault {
    /// A GET shows the version before.
    Stale,
    /// What a charge or refund comes to; `ms` says when.
    Outcome(Outcome),
    /// Another amount than asked: charged, if the request that charges is struck, else only shown.
    Amount(Decimal),
    /// Another currency, likewise.
    Currency(String),
}

impl Plan {
    pub fn stale(&self) -> bool {
        self.content.as_ref().is_some_and(|strike| strike.kind == Fault::Stale)
    }

    /// The outcome a script wants, and after how many milliseconds.
    pub fn outcome(&self) -> Option<(Outcome, Option<u64>)> {
        match self.content.as_ref()? {
            Strike { kind: Fault::Outcome(outcome), ms, .. } => Some((*outcome, *ms)),
            Strike { kind: Fault::Stale | Fault::Amount(_) | Fault::Currency(_), .. } => None,
        }
    }
}

impl Fault {
    /// The sum as this fault has it.
    pub fn applied(&self, amount: Decimal, currency: String) -> (Decimal, String) {
        match self {
            Self::Stale | Self::Outcome(_) => (amount, currency),
            Self::Amount(other) => (*other, currency),
            Self::Currency(other) => (amount, other.clone()),
        }
    }
}

impl ContentFault for Fault {
    fn concerns(&self, method: &Method, path: &str) -> bool {
        let is_wallet = path.starts_with("/v1/payment-requests");
        match self {
            Self::Stale => method == Method::GET,
            Self::Outcome(_) => method == Method::POST,
            Self::Amount(_) | Self::Currency(_) => is_wallet && !path.ends_with("/refunds"),
        }
    }

    fn concerns_webhooks(&self) -> bool {
        matches!(self, Self::Amount(_) | Self::Currency(_))
    }
}

impl TryFrom<String> for Fault {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let unknown = || format!("{text} is no fault");
        match text.split_once(':') {
            None if text == "stale" => Ok(Self::Stale),
            Some(("outcome", name)) => Outcome::named(name).map(Self::Outcome).ok_or_else(unknown),
            Some(("amount", number)) => number.parse().map(Self::Amount).map_err(|_| unknown()),
            Some(("currency", code)) if code.len() == 3 => Ok(Self::Currency(code.to_owned())),
            None | Some(_) => Err(unknown()),
        }
    }
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Stale => "stale".to_owned(),
            Fault::Outcome(outcome) => format!("outcome:{}", outcome.name()),
            Fault::Amount(amount) => format!("amount:{amount}"),
            Fault::Currency(currency) => format!("currency:{currency}"),
        }
    }
}
