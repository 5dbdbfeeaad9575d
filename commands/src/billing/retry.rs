//! Trying again what is parked.

use domain::billing_run::{BillingRunCommand, BillingRunRules};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

/// The operator has done something about what kept accounts from being billed, or thinks that somebody else has. What
/// was billed stays as it is.
#[derive(Debug)]
pub struct RetryRun {
    pub run_id: Uuid,
}

impl Command for RetryRun {
    const OPERATION: Operation = Operation::RetryBillingRun;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let run = work.read::<BillingRunRules>(self.run_id).await?;
        let customer_id = run.state.known().ok_or(Failure::NotFound)?.started.customer_id;
        work.decide::<BillingRunRules>(self.run_id, &BillingRunCommand::Retry, customer_id).await?;
        Ok(Answer::resource(202, StreamId::new(AggregateType::BillingRun, self.run_id)))
    }
}
