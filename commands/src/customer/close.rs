//! Closing a customer.

use domain::account::{AccountRules, AccountStatus};
use domain::balance::BalanceRules;
use domain::customer::{CustomerCommand, CustomerRules};
use domain::invoice::{InvoiceRules, InvoiceStatus};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

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
        Ok(Answer::resource(200, StreamId::new(AggregateType::Customer, id)))
    }
}

/// An account the provider has refused never came to be; it holds nobody up.
async fn has_open_accounts(work: &mut Work<'_>, customer_id: Uuid) -> Result<bool, Failure> {
    for account in index::open_accounts(work.bus().pool(), customer_id).await? {
        let account = work.read::<AccountRules>(account).await?;
        match account.state.known().map(|account| account.status) {
            Some(AccountStatus::Pending | AccountStatus::Active) => return Ok(true),
            Some(AccountStatus::Refused | AccountStatus::Closed) | None => {}
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
