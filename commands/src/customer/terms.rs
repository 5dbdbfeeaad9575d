//! Setting a customer's commercial terms.

use domain::customer::{CustomerCommand, CustomerRules, Terms};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

/// Replaces all terms.
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
        work.decide::<CustomerRules>(id, &CustomerCommand::SetTerms { terms }, Some(id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Customer, id)))
    }
}
