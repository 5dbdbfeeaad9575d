//! Removing a price rule.

use domain::price_rule::{Author, PriceRuleCommand, PriceRuleRules};
use domain::{AggregateType, Role, StreamId};
use uuid::Uuid;

use super::set::owner;
use crate::{Answer, Command, Failure, Operation, Work, index};

/// What was priced by it keeps its price to the end of its term.
#[derive(Debug)]
pub struct RemovePriceRule {
    pub rule_id: Uuid,
}

impl Command for RemovePriceRule {
    const OPERATION: Operation = Operation::RemovePriceRule;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let found = index::price_rule(work.bus().pool(), self.rule_id).await?.ok_or(Failure::NotFound)?;
        let author = Author::parse(&found.author).ok_or(Failure::NotFound)?;
        let actor = &work.context.actor;
        if actor.role == Role::Reseller && actor.customer_id != owner(author) {
            return Err(Failure::NotFound);
        }
        let remove = PriceRuleCommand::Remove { rule_id: self.rule_id };
        work.decide::<PriceRuleRules>(found.scope_id, &remove, owner(author)).await?;
        Ok(Answer::resource(204, StreamId::new(AggregateType::PriceRule, found.scope_id)))
    }
}
