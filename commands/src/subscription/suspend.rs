//! Suspending a subscription, and resuming it. Its charges go on meanwhile.

use domain::subscription::SubscriptionCommand;
use uuid::Uuid;

use super::ask;
use crate::{Answer, Command, Failure, Operation, Work};

/// By the caller, or, asked by the product itself, because nobody pays. The provider has to confirm it.
#[derive(Debug)]
pub struct SuspendSubscription {
    pub subscription_id: Uuid,
    pub change_id: Uuid,
}

impl Command for SuspendSubscription {
    const OPERATION: Operation = Operation::SuspendSubscription;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let core = ask::permitted(work, self.subscription_id).await?;
        let by = ask::on_behalf(&work.context.actor);
        let suspend = SubscriptionCommand::Suspend { change_id: self.change_id, by };
        ask::decide(work, &core, &suspend).await
    }
}

/// The provider has to confirm it.
#[derive(Debug)]
pub struct ResumeSubscription {
    pub subscription_id: Uuid,
    pub change_id: Uuid,
}

impl Command for ResumeSubscription {
    const OPERATION: Operation = Operation::ResumeSubscription;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let core = ask::permitted(work, self.subscription_id).await?;
        let by = ask::on_behalf(&work.context.actor);
        let resume = SubscriptionCommand::Resume { change_id: self.change_id, by };
        ask::decide(work, &core, &resume).await
    }
}
