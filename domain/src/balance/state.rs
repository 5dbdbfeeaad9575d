//! What a customer's balance is, folded from its events.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::BalanceEvent;
use crate::Money;
use crate::billing::minus;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BalanceState {
    /// Nothing was ever credited.
    #[default]
    Unknown,
    Known {
        customer_id: Uuid,
        /// Never below zero.
        amount: Money,
    },
}

impl BalanceState {
    /// What is there; `None` when nothing ever was.
    pub const fn amount(&self) -> Option<Money> {
        match self {
            Self::Unknown => None,
            Self::Known { amount, .. } => Some(*amount),
        }
    }

    pub(super) fn evolve(&mut self, event: &BalanceEvent) {
        let (customer_id, amount) = match (&*self, event) {
            (Self::Unknown, BalanceEvent::BalanceCredited { customer_id, amount, .. }) => (*customer_id, *amount),
            // Nothing was there to take from: no such event was decided.
            (Self::Unknown, BalanceEvent::BalanceDebited { .. }) => return,
            (Self::Known { customer_id, amount: had }, BalanceEvent::BalanceCredited { amount, .. }) => {
                (*customer_id, had.plus(*amount).unwrap_or(*had))
            }
            (Self::Known { customer_id, amount: had }, BalanceEvent::BalanceDebited { amount, .. }) => {
                (*customer_id, minus(*had, *amount).unwrap_or(*had))
            }
        };
        *self = Self::Known { customer_id, amount };
    }
}
