//! What the provider made of a change or of a renewal instruction.

use domain::subscription::{RenewalAction, SubscriptionCommand};
use uuid::Uuid;

use super::ask;
use crate::{Answer, Command, Failure, Operation, Work};

/// The provider will not do the change.
#[derive(Debug)]
pub struct RejectChange {
    pub subscription_id: Uuid,
    pub change_id: Uuid,
    /// In our words.
    pub reason: String,
}

impl Command for RejectChange {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let core = ask::known(work, self.subscription_id).await?;
        let reject = SubscriptionCommand::RejectChange { change_id: self.change_id, reason: self.reason.clone() };
        ask::decide(work, &core, &reject).await
    }
}

/// The provider has taken this instruction; one that was set meanwhile is not confirmed by it.
#[derive(Debug)]
pub struct ConfirmRenewal {
    pub subscription_id: Uuid,
    pub action: RenewalAction,
    pub quantity: Option<u32>,
    pub provider_revision: i64,
}

impl Command for ConfirmRenewal {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let core = ask::known(work, self.subscription_id).await?;
        let confirm = SubscriptionCommand::ConfirmRenewalInstruction {
            action: self.action,
            quantity: self.quantity,
            provider_revision: self.provider_revision,
        };
        ask::decide(work, &core, &confirm).await
    }
}
