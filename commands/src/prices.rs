//! The price rules that may matter to a buyer, loaded from their streams.

use domain::price_rule::{PriceRuleRules, Scope};
use domain::pricing::{self, Buyer, RuleBook};
use uuid::Uuid;

use crate::{Failure, Work, index};

/// Every rule for this buyer and these services. The index says which scopes exist; their streams say what holds, and
/// their versions are checked at the append.
///
/// # Errors
/// [`Failure::Log`].
pub async fn rule_book(work: &mut Work<'_>, buyer: &Buyer, services: &[Uuid]) -> Result<RuleBook, Failure> {
    let scopes: Vec<Uuid> = pricing::scopes(buyer, services).iter().map(Scope::stream).collect();
    let existing = index::existing_scopes(work.bus().pool(), &scopes).await?;
    let mut rules = Vec::new();
    for scope in existing {
        rules.extend(work.read::<PriceRuleRules>(scope).await?.state.rules().cloned());
    }
    Ok(RuleBook::new(rules))
}
