//! What the provider will do at the end of the term becomes our instruction.

use domain::subscription::{RenewalAction, SubscriptionCommand, SubscriptionRules};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

#[derive(Debug)]
pub struct AdoptRenewal {
    pub subscription_id: Uuid,
    pub action: RenewalAction,
    pub provider_revision: i64,
}

impl Command for AdoptRenewal {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let subscription = work.read::<SubscriptionRules>(self.subscription_id).await?;
        let customer = subscription.state.known().ok_or(Failure::NotFound)?.core.started.customer_id;
        let (action, provider_revision) = (self.action, self.provider_revision);
        let (quantity, service_withdrawn, customer_suspended) = (None, false, false);
        let set = SubscriptionCommand::SetRenewal { action, quantity, service_withdrawn, customer_suspended };
        let confirm = SubscriptionCommand::ConfirmRenewalInstruction { action, quantity: None, provider_revision };
        for command in [set, confirm] {
            work.decide::<SubscriptionRules>(self.subscription_id, &command, Some(customer)).await?;
        }
        Ok(Answer::resource(200, StreamId::new(AggregateType::Subscription, self.subscription_id)))
    }
}
