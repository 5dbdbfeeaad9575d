//! Settling a commission statement.

use domain::commission_account::{CommissionAccountCommand, CommissionAccountRules, Settlement};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work, index};

/// The reseller has got what the statement says; how is only noted here. The same again changes nothing.
#[derive(Debug)]
pub struct SettleStatement {
    pub statement_id: Uuid,
    pub how: Settlement,
    /// Of the payout, or of what it was set off against.
    pub reference: String,
}

impl Command for SettleStatement {
    const OPERATION: Operation = Operation::SettleCommissionStatement;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let found = index::commission_statement(work.bus().pool(), self.statement_id).await?;
        let found = found.ok_or(Failure::NotFound)?;
        let settle = CommissionAccountCommand::Settle {
            statement_id: self.statement_id,
            how: self.how,
            reference: self.reference.clone(),
        };
        work.decide::<CommissionAccountRules>(found.account_id, &settle, Some(found.reseller_id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::CommissionAccount, found.account_id)))
    }
}
