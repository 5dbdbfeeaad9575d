//! What may happen to a customer's balance.

use super::{BalanceCommand, BalanceEvent, BalanceState};
use crate::billing::{minor_units, minus, sum};
use crate::{Asked, Decided, Money, Refusal};

pub(super) fn decide(
    state: &BalanceState,
    asked: &Asked<'_, BalanceCommand>,
) -> Result<Decided<BalanceEvent>, Refusal> {
    match *asked.command {
        BalanceCommand::Credit { amount, .. } | BalanceCommand::Debit { amount, .. } if amount.amount().is_zero() => {
            Ok(Decided::nothing())
        }
        BalanceCommand::Credit { amount, .. } | BalanceCommand::Debit { amount, .. } if minor_units(amount)? < 0 => {
            Err(Refusal::InvalidCredit)
        }
        BalanceCommand::Credit { customer_id, amount, source } => {
            sum(amount.currency(), state.amount().into_iter().chain([amount]))?;
            Ok(BalanceEvent::BalanceCredited { customer_id, amount, source }.into())
        }
        BalanceCommand::Debit { customer_id, amount, source } => {
            let had = state.amount().unwrap_or(Money::zero(amount.currency()));
            if minor_units(minus(had, amount)?)? < 0 {
                return Err(Refusal::InvalidState { state: "lower than that" });
            }
            Ok(BalanceEvent::BalanceDebited { customer_id, amount, source }.into())
        }
    }
}
