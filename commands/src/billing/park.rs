//! Accounts that cannot be billed for now: their billed party waits for a retry, the others go on.

use domain::billing_run::{BillingRunCommand, BillingRunRules};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

/// The accounts, with whose they are, and why, in our words.
#[derive(Debug)]
pub struct ParkAccounts {
    pub run_id: Uuid,
    pub accounts: Vec<(Uuid, Uuid)>,
    pub reason: String,
}

impl Command for ParkAccounts {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        for (account_id, customer_id) in &self.accounts {
            let park = BillingRunCommand::Park {
                account_id: *account_id,
                customer_id: *customer_id,
                reason: self.reason.clone(),
            };
            work.decide::<BillingRunRules>(self.run_id, &park, Some(*customer_id)).await?;
        }
        Ok(Answer::resource(200, StreamId::new(AggregateType::BillingRun, self.run_id)))
    }
}
