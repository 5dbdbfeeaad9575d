//! Opening a management account.

use domain::account::{AccountCommand, AccountRules};
use domain::customer::ContactDetails;
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::customer::in_good_standing;
use crate::{Answer, Command, Failure, Operation, Work};

#[derive(Debug)]
pub struct OpenAccount {
    pub account_id: Uuid,
    pub customer_id: Uuid,
    pub name: String,
    pub contact: Option<ContactDetails>,
}

impl Command for OpenAccount {
    const OPERATION: Operation = Operation::OpenAccount;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let customer = work.customer(self.customer_id).await?;
        let known = customer.state.known().ok_or(Failure::NotFound)?;
        in_good_standing(work, known).await?;
        let open = AccountCommand::Open(domain::account::OpenAccount {
            account_id: self.account_id,
            customer_id: self.customer_id,
            reseller_id: known.reseller_id,
            name: self.name.clone(),
            contact: self.contact.clone(),
        });
        work.begin::<AccountRules>(self.account_id, &open, Some(self.customer_id)).await?;
        Ok(Answer::resource(201, StreamId::new(AggregateType::Account, self.account_id)))
    }
}
