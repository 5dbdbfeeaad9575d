//! Beginning a run: by itself when a month has ended, or because somebody asks.

use domain::account::AccountRules;
use domain::billing::{Period, Route};
use domain::billing_run::{BillingRunCommand, BillingRunRules, StartedRun};
use domain::customer::CustomerRules;
use domain::{AggregateType, Refusal, StreamId, ids};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

/// The month has ended at that seller entity. Its run has the id that follows from both: it is started once.
#[derive(Debug)]
pub struct StartBillingRun {
    pub entity: String,
    pub period: Period,
}

impl Command for StartBillingRun {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let run = StartedRun {
            run_id: ids::billing_run(&self.entity, self.period),
            period: self.period,
            seller_entity: Some(self.entity.clone()),
            customer_id: None,
            on_demand: false,
            started_at: work.context.at,
        };
        start(work, run).await
    }
}

/// On demand, for everybody or for one billed party: that of a customer, or of an account. The run itself is an effect
/// of its start.
#[derive(Debug)]
pub struct GenerateInvoices {
    /// New for every request.
    pub run_id: Uuid,
    pub period: Period,
    /// Who is billed for this customer's services.
    pub customer_id: Option<Uuid>,
    /// Who is billed for this account; of the customer, where one is named too.
    pub account_id: Option<Uuid>,
}

impl Command for GenerateInvoices {
    const OPERATION: Operation = Operation::GenerateInvoices;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let customer = self.customer(work).await?;
        let party = match customer {
            Some(customer) => Some(billed_party(work, customer).await?),
            None => None,
        };
        self.period_is_over(work, party).await?;
        let run = StartedRun {
            run_id: self.run_id,
            period: self.period,
            seller_entity: None,
            customer_id: party,
            on_demand: true,
            started_at: work.context.at,
        };
        start(work, run).await
    }
}

impl GenerateInvoices {
    async fn customer(&self, work: &mut Work<'_>) -> Result<Option<Uuid>, Failure> {
        let Some(account_id) = self.account_id else { return Ok(self.customer_id) };
        let account = work.read::<AccountRules>(account_id).await?;
        let owner = account.state.known().ok_or(Failure::NotFound)?.customer_id;
        let is_theirs = match self.customer_id {
            Some(customer) => customer == owner || customer == billed_party(work, owner).await?,
            None => true,
        };
        if is_theirs { Ok(Some(owner)) } else { Err(Failure::NotFound) }
    }

    /// At the party's seller entity; where everybody is billed, at all of them.
    async fn period_is_over(&self, work: &mut Work<'_>, party: Option<Uuid>) -> Result<(), Failure> {
        let entity = match party {
            Some(party) => {
                let party = work.read::<CustomerRules>(party).await?;
                Some(party.state.known().ok_or(Failure::NotFound)?.seller_entity.clone())
            }
            None => None,
        };
        let seller = work.bus().seller();
        let is_over = seller
            .entities()
            .filter(|one| entity.as_ref().is_none_or(|id| seller.entity(id).id == one.id))
            .all(|entity| entity.day_at(work.context.at) >= self.period.end());
        if is_over { Ok(()) } else { Err(Refusal::PeriodOpen.into()) }
    }
}

async fn billed_party(work: &mut Work<'_>, customer: Uuid) -> Result<Uuid, Failure> {
    let customer = work.customer(customer).await?;
    let customer = customer.state.known().ok_or(Failure::NotFound)?;
    Ok(Route::of(customer.reseller_id, customer.terms.bill_to).billed_party(customer.id))
}

async fn start(work: &mut Work<'_>, run: StartedRun) -> Result<Answer, Failure> {
    let (run_id, customer_id) = (run.run_id, run.customer_id);
    work.decide::<BillingRunRules>(run_id, &BillingRunCommand::Start(Box::new(run)), customer_id).await?;
    Ok(Answer::resource(202, StreamId::new(AggregateType::BillingRun, run_id)))
}
