//! What can be asked of a customer's balance.

use uuid::Uuid;

use super::BalanceSource;
use crate::Money;

/// Amounts are not below zero; of nothing nothing happens.
#[derive(Debug, Clone, Copy)]
pub enum BalanceCommand {
    Credit { customer_id: Uuid, amount: Money, source: BalanceSource },
    Debit { customer_id: Uuid, amount: Money, source: BalanceSource },
}
