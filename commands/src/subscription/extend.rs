//! Prolonging the running term.

use chrono::NaiveDate;
use domain::Refusal;
use domain::subscription::{SubscriptionCommand, SubscriptionCore, SubscriptionRules};
use uuid::Uuid;

use super::ask;
use crate::{Answer, Command, Failure, Operation, Work};

/// The provider has to confirm it.
#[derive(Debug)]
pub struct ExtendSubscription {
    pub subscription_id: Uuid,
    pub change_id: Uuid,
    pub to: NewEnd,
}

/// Where the term is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewEnd {
    /// The first day after it.
    On(NaiveDate),
    /// Together with another subscription of the same account.
    With(Uuid),
}

impl Command for ExtendSubscription {
    const OPERATION: Operation = Operation::ExtendSubscription;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let core = ask::permitted(work, self.subscription_id).await?;
        let version = work.read::<SubscriptionRules>(self.subscription_id).await?.version;
        work.must_match(version)?;
        let ends_on = match self.to {
            NewEnd::On(day) => day,
            NewEnd::With(other) => end_of(work, &core, other).await?,
        };
        let surroundings = ask::surroundings(work, &core).await?;
        let extend = SubscriptionCommand::Extend { change_id: self.change_id, ends_on, surroundings };
        ask::decide(work, &core, &extend).await
    }
}

/// A foreign subscription is absent; one the caller may see but of another account ends whenever it likes.
async fn end_of(work: &mut Work<'_>, core: &SubscriptionCore, other: Uuid) -> Result<NaiveDate, Failure> {
    let other = ask::permitted(work, other).await?;
    if other.started.account_id != core.started.account_id {
        return Err(Refusal::OtherAccount.into());
    }
    Ok(other.ends_on)
}
