//! Registering a customer.

use domain::customer::{CustomerCommand, CustomerRules};
use domain::{AggregateType, Refusal, Role, StreamId};

use super::standing;
use crate::{Answer, Command, Failure, Operation, Work};

/// A reseller makes end customers of its own; an operator makes any.
#[derive(Debug)]
pub struct RegisterCustomer {
    pub details: domain::customer::RegisterCustomer,
}

impl Command for RegisterCustomer {
    const OPERATION: Operation = Operation::RegisterCustomer;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let mut details = self.details.clone();
        if work.context.actor.role == Role::Reseller {
            let own = work.context.actor.customer_id;
            if details.reseller.is_some_and(|named| Some(named) != own) {
                return Err(Failure::Refused(Refusal::ResellerUnknown));
            }
            details.reseller = own;
        }
        if let Some(reseller) = details.reseller {
            standing::taken_on_by(work, reseller).await?;
        }
        let id = details.customer_id;
        work.begin::<CustomerRules>(id, &CustomerCommand::Register(details), Some(id)).await?;
        Ok(Answer::resource(201, StreamId::new(AggregateType::Customer, id)))
    }
}
