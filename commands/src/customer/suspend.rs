//! Suspending a customer, and lifting that.

use domain::customer::{CustomerCommand, CustomerRules, CustomerSuspendedBy};
use domain::{AggregateType, Role, StreamId};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

#[derive(Debug)]
pub struct SuspendCustomer {
    pub customer_id: Uuid,
}

impl Command for SuspendCustomer {
    const OPERATION: Operation = Operation::SuspendCustomer;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let by = on_whose_account(work);
        decide(work, self.customer_id, &CustomerCommand::Suspend { by }).await
    }
}

#[derive(Debug)]
pub struct ReinstateCustomer {
    pub customer_id: Uuid,
}

impl Command for ReinstateCustomer {
    const OPERATION: Operation = Operation::ReinstateCustomer;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let by = on_whose_account(work);
        decide(work, self.customer_id, &CustomerCommand::Reinstate { by }).await
    }
}

/// What the product suspends by itself it suspends for not paying.
fn on_whose_account(work: &Work<'_>) -> CustomerSuspendedBy {
    match work.context.actor.role {
        Role::System | Role::Provider => CustomerSuspendedBy::Dunning,
        Role::Customer | Role::Reseller | Role::Operator | Role::Auditor | Role::Service => {
            CustomerSuspendedBy::Operator
        }
    }
}

async fn decide(work: &mut Work<'_>, id: Uuid, command: &CustomerCommand) -> Result<Answer, Failure> {
    work.customer(id).await?;
    work.decide::<CustomerRules>(id, command, Some(id)).await?;
    Ok(Answer::resource(200, StreamId::new(AggregateType::Customer, id)))
}
