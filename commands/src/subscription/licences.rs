//! Who uses a licence.

use domain::subscription::{LicenceUser, SubscriptionCommand, SubscriptionRules};
use uuid::Uuid;

use super::ask;
use crate::customer::known;
use crate::{Answer, Command, Failure, Operation, Work};

/// The resource that is answered is the subscription, as with every change of it.
#[derive(Debug)]
pub struct AssignLicence {
    pub subscription_id: Uuid,
    pub licence_id: Uuid,
    pub user: LicenceUser,
}

impl Command for AssignLicence {
    const OPERATION: Operation = Operation::AssignLicence;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let core = ask::permitted(work, self.subscription_id).await?;
        let now = self.user_now(work).await?;
        let assign = SubscriptionCommand::Assign { licence_id: self.licence_id, user: self.user.clone(), now };
        ask::decide(work, &core, &assign).await
    }
}

impl AssignLicence {
    async fn user_now(&self, work: &mut Work<'_>) -> Result<Option<LicenceUser>, Failure> {
        let subscription = work.read::<SubscriptionRules>(self.subscription_id).await?;
        let licence = subscription.state.known().and_then(|held| held.licences.by_id(self.licence_id));
        known(work, licence.and_then(|licence| licence.assigned_to)).await
    }
}

/// Of a licence nobody uses: nothing happens.
#[derive(Debug)]
pub struct UnassignLicence {
    pub subscription_id: Uuid,
    pub licence_id: Uuid,
}

impl Command for UnassignLicence {
    const OPERATION: Operation = Operation::UnassignLicence;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let core = ask::permitted(work, self.subscription_id).await?;
        ask::decide(work, &core, &SubscriptionCommand::Unassign { licence_id: self.licence_id }).await
    }
}
