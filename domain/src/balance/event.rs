//! What can happen to a customer's balance.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Money;
use crate::decider::facts;

/// In the same append as the document or payment that moves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum BalanceEvent {
    BalanceCredited {
        customer_id: Uuid,
        /// Above zero, as in the other.
        amount: Money,
        source: BalanceSource,
    },
    BalanceDebited {
        customer_id: Uuid,
        amount: Money,
        source: BalanceSource,
    },
}

/// What moved a balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum BalanceSource {
    /// More was credited than was left to pay.
    CreditNote(Uuid),
    /// It paid an invoice, or an invoice it had paid was voided.
    Invoice(Uuid),
    /// More was paid than was left to pay.
    Payment(Uuid),
    /// It went back to the customer, or was to and did not.
    Refund(Uuid),
}

facts!(BalanceEvent in Balance { BalanceCredited "1.0", BalanceDebited "1.0" });
