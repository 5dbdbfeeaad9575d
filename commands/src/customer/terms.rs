//! Setting a customer's commercial terms.

use domain::customer::{CustomerCommand, CustomerRules, Terms};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::collection::replan_in;
use crate::{Answer, Command, Failure, Operation, Work};

/// Replaces all terms. What is not paid is from now on collected as they say.
#[derive(Debug)]
pub struct SetCommercialTerms {
    pub customer_id: Uuid,
    pub terms: Terms,
    /// No currency was named: it stays the one there is.
    pub keeps_currency: bool,
}

impl Command for SetCommercialTerms {
    const OPERATION: Operation = Operation::SetCommercialTerms;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let id = self.customer_id;
        let state = work.customer(id).await?;
        let mut terms = self.terms.clone();
        if self.keeps_currency {
            terms.currency = state.state.known().ok_or(Failure::NotFound)?.terms.currency;
        }
        let before = state.state.known().map(|customer| customer.terms.collection);
        let collection = terms.collection;
        // The customer first: it is the resource that the caller's `If-Match` is about.
        work.decide::<CustomerRules>(id, &CustomerCommand::SetTerms { terms }, Some(id)).await?;
        if before != Some(collection) {
            replan_in(work, id, collection).await?;
        }
        Ok(Answer::resource(200, StreamId::new(AggregateType::Customer, id)))
    }
}
