//! What is to happen at the end of the term.

use domain::subscription::{RenewalAction, SubscriptionCommand, Surroundings};
use uuid::Uuid;

use super::ask;
use crate::{Answer, Command, Failure, Operation, Work};

/// Complete in itself; that the provider has taken it is shown beside it later.
#[derive(Debug)]
pub struct SetRenewal {
    pub subscription_id: Uuid,
    pub action: RenewalAction,
    /// Seats from the renewal on; `None` follows the quantity of that day.
    pub quantity: Option<u32>,
}

impl Command for SetRenewal {
    const OPERATION: Operation = Operation::SetRenewal;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let core = ask::permitted(work, self.subscription_id).await?;
        let Surroundings { service_withdrawn, customer_suspended, .. } = ask::surroundings(work, &core).await?;
        let (action, quantity) = (self.action, self.quantity);
        let set = SubscriptionCommand::SetRenewal { action, quantity, service_withdrawn, customer_suspended };
        ask::decide(work, &core, &set).await
    }
}
