//! Closing a customer.

use domain::account::{AccountRules, AccountStatus};
use domain::balance::BalanceRules;
use domain::customer::{CustomerCommand, CustomerRules};
use domain::invoice::{InvoiceRules, InvoiceStatus};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::account::has_open_orders;
use crate::entry::Entry;
use crate::{Answer, Command, Failure, Operation, Work, index};

#[derive(Debug)]
pub struct CloseCustomer {
    pub customer_id: Uuid,
}

impl Command for CloseCustomer {
    const OPERATION: Operation = Operation::CloseCustomer;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let id = self.customer_id;
        work.customer(id).await?;
        let close = CustomerCommand::Close {
            has_open_accounts: has_open_accounts(work, id).await?,
            has_balance: owes(work, id).await? || is_owed(work, id).await?,
        };
        work.decide::<CustomerRules>(id, &close, Some(id)).await?;
        // What is opened, issued or credited meanwhile is a stream that it did not find: no version tells of it.
        work.log.entry = (!work.log.events.is_empty()).then_some(Entry::Closing { customer_id: id });
        Ok(Answer::resource(200, StreamId::new(AggregateType::Customer, id)))
    }
}

/// An account the provider has refused never came to be; it holds nobody up. But for orders that wait for it, paid ones
/// perhaps: they end with the account, which nobody could link any more once its customer is closed.
async fn has_open_accounts(work: &mut Work<'_>, customer_id: Uuid) -> Result<bool, Failure> {
    for account_id in index::accounts(work.bus().pool(), customer_id).await? {
        let account = work.read::<AccountRules>(account_id).await?;
        let is_open = match account.state.known().map(|account| account.status) {
            Some(AccountStatus::Pending | AccountStatus::Active) => true,
            Some(AccountStatus::Refused) => has_open_orders(work, account_id).await?,
            Some(AccountStatus::Closed) | None => false,
        };
        if is_open {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What nobody expects to be paid any more holds nobody up either.
async fn owes(work: &mut Work<'_>, customer_id: Uuid) -> Result<bool, Failure> {
    for invoice in index::open_invoices(work.bus().pool(), customer_id).await? {
        let invoice = work.read::<InvoiceRules>(invoice).await?;
        if invoice.state.known().is_some_and(|invoice| invoice.status == InvoiceStatus::Issued) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn is_owed(work: &mut Work<'_>, customer_id: Uuid) -> Result<bool, Failure> {
    for balance in index::balances(work.bus().pool(), customer_id).await? {
        let balance = work.read::<BalanceRules>(balance).await?;
        if balance.state.amount().is_some_and(|amount| !amount.amount().is_zero()) {
            return Ok(true);
        }
    }
    Ok(false)
}
