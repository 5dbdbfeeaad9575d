//! What a customer has to its credit, as documents and payments move it.

use domain::balance::{BalanceCommand, BalanceRules, BalanceSource};
use domain::{Currency, Money, ids};
use uuid::Uuid;

use crate::{Failure, Work};

/// What is there, together with what this attempt has moved already.
///
/// # Errors
/// [`Failure::Log`].
pub async fn available(work: &mut Work<'_>, customer_id: Uuid, currency: Currency) -> Result<Money, Failure> {
    let balance = work.read::<BalanceRules>(ids::balance(customer_id, currency)).await?;
    Ok(balance.state.amount().unwrap_or(Money::zero(currency)))
}

/// Puts an amount there, in this attempt; of nothing nothing happens.
///
/// # Errors
/// [`Failure::Refused`] when the amount is below zero or the sum cannot be represented, and [`Failure::Log`].
pub async fn credit_in(
    work: &mut Work<'_>,
    customer_id: Uuid,
    amount: Money,
    source: BalanceSource,
) -> Result<(), Failure> {
    let id = ids::balance(customer_id, amount.currency());
    let credit = BalanceCommand::Credit { customer_id, amount, source };
    work.decide::<BalanceRules>(id, &credit, Some(customer_id)).await
}

/// Takes an amount from there, in this attempt; of nothing nothing happens.
///
/// # Errors
/// [`Failure::Refused`] when the amount is below zero or above what is there, and [`Failure::Log`].
pub async fn debit_in(
    work: &mut Work<'_>,
    customer_id: Uuid,
    amount: Money,
    source: BalanceSource,
) -> Result<(), Failure> {
    let id = ids::balance(customer_id, amount.currency());
    let debit = BalanceCommand::Debit { customer_id, amount, source };
    work.decide::<BalanceRules>(id, &debit, Some(customer_id)).await
}
