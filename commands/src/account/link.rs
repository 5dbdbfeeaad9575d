//! What the provider made of an account.

use domain::account::{AccountCommand, AccountRules};
use domain::customer::CustomerStatus;
use domain::{AggregateType, Refusal, StreamId};
use uuid::Uuid;

use crate::entry::Entry;
use crate::{Answer, Command, Failure, Operation, Work, index};

/// The provider has it. Refused where another account of ours has the same one: that is for an operator.
#[derive(Debug)]
pub struct LinkAccount {
    pub account_id: Uuid,
    pub provider_account_id: String,
}

impl Command for LinkAccount {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let provider_account_id = self.provider_account_id.clone();
        // By an operator, perhaps, while the provider's answer was lost.
        let taken = index::is_linked_elsewhere(work.bus().pool(), &provider_account_id, self.account_id).await?;
        decide(work, self.account_id, &AccountCommand::Link { provider_account_id, taken }).await
    }
}

/// An operator says which of the provider's accounts it is.
#[derive(Debug)]
pub struct LinkExistingAccount {
    pub account_id: Uuid,
    pub provider_account_id: String,
}

impl Command for LinkExistingAccount {
    const OPERATION: Operation = Operation::LinkExistingAccount;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let account = work.read::<AccountRules>(self.account_id).await?;
        let customer_id = account.state.known().ok_or(Failure::NotFound)?.customer_id;
        let customer = work.customer(customer_id).await?;
        work.must_match(account.version)?;
        if customer.state.known().is_some_and(|customer| customer.status == CustomerStatus::Closed) {
            return Err(Refusal::CustomerClosed.into());
        }
        let provider_account_id = self.provider_account_id.clone();
        let taken = index::is_linked_elsewhere(work.bus().pool(), &provider_account_id, self.account_id).await?;
        let link = AccountCommand::LinkExisting { provider_account_id: provider_account_id.clone(), taken };
        let answer = decide(work, self.account_id, &link).await?;
        // Another account that is linked to it meanwhile is a stream that it has not read: no version tells of it.
        let links = !work.log.events.is_empty();
        work.log.entry = links.then_some(Entry::Linking { account_id: self.account_id, provider_account_id });
        Ok(answer)
    }
}

/// The provider will not have it.
#[derive(Debug)]
pub struct RefuseAccount {
    pub account_id: Uuid,
    /// In our words.
    pub reason: String,
}

impl Command for RefuseAccount {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        decide(work, self.account_id, &AccountCommand::Refuse { reason: self.reason.clone() }).await
    }
}

async fn decide(work: &mut Work<'_>, account_id: Uuid, command: &AccountCommand) -> Result<Answer, Failure> {
    let account = work.read::<AccountRules>(account_id).await?;
    let customer_id = account.state.known().ok_or(Failure::NotFound)?.customer_id;
    work.decide::<AccountRules>(account_id, command, Some(customer_id)).await?;
    Ok(Answer::resource(200, StreamId::new(AggregateType::Account, account_id)))
}
