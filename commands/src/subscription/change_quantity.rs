//! More seats, or fewer.

use domain::subscription::{Effective, SubscriptionCommand};
use uuid::Uuid;

use super::ask;
use crate::{Answer, Command, Failure, Operation, Work};

/// Now, or at the renewal; see [`SubscriptionCommand::ChangeQuantity`].
#[derive(Debug)]
pub struct ChangeQuantity {
    pub subscription_id: Uuid,
    /// Of the change request, should the provider have to confirm it.
    pub change_id: Uuid,
    /// Seats.
    pub to: u32,
    pub effective: Option<Effective>,
}

impl Command for ChangeQuantity {
    const OPERATION: Operation = Operation::ChangeQuantity;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let core = ask::permitted(work, self.subscription_id).await?;
        let surroundings = ask::surroundings(work, &core).await?;
        let (change_id, to, effective) = (self.change_id, self.to, self.effective);
        let change = SubscriptionCommand::ChangeQuantity { change_id, to, effective, surroundings };
        ask::decide(work, &core, &change).await
    }
}
