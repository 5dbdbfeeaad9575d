//! The end of a run: the resellers' commission statements, then its completion.

use std::collections::BTreeSet;

use domain::billing_run::{BillingRunCommand, BillingRunRules, StartedRun};
use domain::customer::CustomerRules;
use domain::{AggregateType, Currency, StreamId};
use uuid::Uuid;

use super::scope;
use crate::{Answer, Command, Failure, Operation, Work, commission};

/// The statements of these resellers and currencies, where something waits for one. Only runs for everybody have any.
#[derive(Debug)]
pub struct IssueStatements {
    pub run_id: Uuid,
    pub resellers: Vec<(Uuid, Currency)>,
}

impl Command for IssueStatements {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let run = work.read::<BillingRunRules>(self.run_id).await?;
        let started = run.state.known().ok_or(Failure::NotFound)?.started.clone();
        drop(run);
        for (reseller, currency) in &self.resellers {
            let customer = work.read::<CustomerRules>(reseller).await?;
            let Some(entity) = customer.state.known().map(|customer| customer.seller_entity.clone()) else { continue };
            if is_for(work, &started, &entity) {
                let issued_on = scope::book_date(work.bus().seller(), &entity, &started);
                commission::issue_statement_in(work, *reseller, *currency, started.period, issued_on).await?;
            }
        }
        Ok(Answer::resource(200, StreamId::new(AggregateType::BillingRun, self.run_id)))
    }
}

fn is_for(work: &Work<'_>, run: &StartedRun, entity: &str) -> bool {
    let of_run = run.seller_entity.as_ref();
    run.customer_id.is_none() && of_run.is_none_or(|id| work.bus().seller().entity(entity).id == *id)
}

/// Everybody is billed but those with parked accounts. When others are parked now than the caller has seen, because
/// they are to be tried again, the run goes on and nothing happens.
#[derive(Debug)]
pub struct CompleteRun {
    pub run_id: Uuid,
    /// The accounts that are parked.
    pub parked: BTreeSet<Uuid>,
}

impl Command for CompleteRun {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let run = work.read::<BillingRunRules>(self.run_id).await?;
        let known = run.state.known().ok_or(Failure::NotFound)?;
        if known.parked.keys().eq(self.parked.iter()) {
            let customer_id = known.started.customer_id;
            work.decide::<BillingRunRules>(self.run_id, &BillingRunCommand::Complete, customer_id).await?;
        }
        Ok(Answer::resource(200, StreamId::new(AggregateType::BillingRun, self.run_id)))
    }
}
