//! Changing and closing a management account.

use domain::account::{AccountCommand, AccountRules};
use domain::customer::{Change, ContactDetails};
use domain::order::OrderRules;
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::customer::known;
use crate::entry::Entry;
use crate::{Answer, Command, Failure, Operation, Work, index};

/// Replaces name and contact.
#[derive(Debug)]
pub struct ChangeAccount {
    pub account_id: Uuid,
    pub name: String,
    pub contact: Option<ContactDetails>,
}

impl Command for ChangeAccount {
    const OPERATION: Operation = Operation::ChangeAccount;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let account = work.read::<AccountRules>(self.account_id).await?;
        let now = account.state.known().ok_or(Failure::NotFound)?.contact;
        let contact = match &self.contact {
            None => Change::Remove,
            Some(contact) if known(work, now).await?.as_ref() == Some(contact) => Change::Keep,
            Some(contact) => Change::Replace(contact.clone()),
        };
        decide(work, self.account_id, &AccountCommand::ChangeDetails { name: self.name.clone(), contact }).await
    }
}

#[derive(Debug)]
pub struct CloseAccount {
    pub account_id: Uuid,
}

impl Command for CloseAccount {
    const OPERATION: Operation = Operation::CloseAccount;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        // Orders first: one that ends meanwhile is seen by what it has started.
        let has_open_orders = has_open_orders(work, self.account_id).await?;
        let has_live_subscriptions = index::has_live_subscriptions(work.bus().pool(), self.account_id).await?;
        let close = AccountCommand::Close { has_live_subscriptions, has_open_orders };
        let answer = decide(work, self.account_id, &close).await?;
        // What is ordered or started meanwhile is a stream that it did not find: no version tells of it.
        let found_nothing = !work.log.events.is_empty() && !has_open_orders;
        work.log.entry = found_nothing.then_some(Entry::ClosingAccount { account_id: self.account_id });
        Ok(answer)
    }
}

/// One that still waits for its day holds nobody up: then it finds the account closed, and fails.
pub(crate) async fn has_open_orders(work: &mut Work<'_>, account_id: Uuid) -> Result<bool, Failure> {
    for order in index::open_orders(work.bus().pool(), account_id).await? {
        let order = work.read::<OrderRules>(order).await?;
        if order.state.known().is_some_and(|order| !order.status.is_final()) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn decide(work: &mut Work<'_>, account_id: Uuid, command: &AccountCommand) -> Result<Answer, Failure> {
    let account = work.read::<AccountRules>(account_id).await?;
    let customer_id = account.state.known().ok_or(Failure::NotFound)?.customer_id;
    work.customer(customer_id).await?;
    work.decide::<AccountRules>(account_id, command, Some(customer_id)).await?;
    Ok(Answer::resource(200, StreamId::new(AggregateType::Account, account_id)))
}
