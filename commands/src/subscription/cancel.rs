//! Ending a subscription.

use domain::subscription::{Effective, SubscriptionCommand};
use uuid::Uuid;

use super::ask;
use crate::{Answer, Command, Failure, Operation, Work};

/// Now, or at the end of its term; see [`SubscriptionCommand::Cancel`].
#[derive(Debug)]
pub struct CancelSubscription {
    pub subscription_id: Uuid,
    /// Of the change request, should the provider have to confirm it.
    pub change_id: Uuid,
    pub effective: Option<Effective>,
}

impl Command for CancelSubscription {
    const OPERATION: Operation = Operation::CancelSubscription;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let core = ask::permitted(work, self.subscription_id).await?;
        let cancel = SubscriptionCommand::Cancel { change_id: self.change_id, effective: self.effective };
        ask::decide(work, &core, &cancel).await
    }
}
