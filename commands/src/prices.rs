//! The price rules and exchange rates that may matter to a buyer, loaded from their streams.

use std::collections::BTreeSet;

use domain::exchange_rates::ExchangeRatesRules;
use domain::ids;
use domain::price_rule::{PriceRuleRules, Scope};
use domain::pricing::{self, Buyer, Rates, RuleBook};
use domain::service::ServiceRules;
use uuid::Uuid;

use crate::{Failure, Work, index};

/// Every rule and rate for this buyer and these services. The index says which scopes exist; their streams say what
/// holds, and their versions are checked at the append.
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
    Ok(RuleBook::new(rules).with_rates(rates(work, buyer, services).await?))
}

/// The rates between the currencies these services are priced in and the buyer's.
async fn rates(work: &mut Work<'_>, buyer: &Buyer, services: &[Uuid]) -> Result<Rates, Failure> {
    let mut bases = BTreeSet::new();
    for id in services {
        if let Some(service) = work.read::<ServiceRules>(id).await?.state.known() {
            bases.extend([service.unit_cost.currency().code(), service.list_price.currency().code()]);
        }
    }
    bases.remove(buyer.currency.code());
    let mut rates = Rates::default();
    for base in bases {
        let pair = work.read::<ExchangeRatesRules>(ids::exchange_rates(base, buyer.currency.code())).await?;
        for set in pair.state.rates() {
            rates.set((set.base, set.quote), set.effective_from, set.rate);
        }
    }
    Ok(rates)
}
