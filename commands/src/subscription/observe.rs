//! What the provider shows of a subscription.

use domain::customer::CustomerRules;
use domain::pricing::{self, Buyer, Quote};
use domain::service::{Service, ServiceRules};
use domain::subscription::{Observation, RenewalTerms, SubscriptionCommand, SubscriptionCore};
use uuid::Uuid;

use super::ask;
use crate::{Answer, Command, Failure, Operation, Work, prices};

/// The observation as read; what a new term costs is looked up here.
#[derive(Debug)]
pub struct ObserveSubscription {
    pub subscription_id: Uuid,
    pub seen: Observation,
}

impl Command for ObserveSubscription {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let core = ask::known(work, self.subscription_id).await?;
        let mut seen = self.seen.clone();
        if seen.starts_on >= core.ends_on {
            seen.renewal = new_term(work, &core, &seen).await?;
        }
        ask::decide(work, &core, &SubscriptionCommand::Observe(Box::new(seen))).await
    }
}

/// The price of the day the new term begins on, for whoever the customer and its reseller are now. Where there is none
/// any more, the provider has renewed all the same: it goes on at the price it had.
async fn new_term(
    work: &mut Work<'_>,
    core: &SubscriptionCore,
    seen: &Observation,
) -> Result<Option<RenewalTerms>, Failure> {
    let service_id = core.started.service_id;
    let service = work.read::<ServiceRules>(service_id).await?;
    let customer = work.read::<CustomerRules>(core.started.customer_id).await?;
    let (Some(service), Some(customer)) = (service.state.known(), customer.state.known()) else { return Ok(None) };
    let buyer =
        Buyer { customer_id: customer.id, reseller_id: customer.reseller_id, currency: customer.terms.currency };
    let book = prices::rule_book(work, &buyer, &[service_id]).await?;
    let price = pricing::price(&book, service, &buyer, seen.starts_on)?;
    Ok(Some(match price {
        Some(price) => RenewalTerms::of(service, price, customer.reseller_id),
        None => RenewalTerms::of(service, as_before(core, service), core.price_reseller()),
    }))
}

fn as_before(core: &SubscriptionCore, service: &Service) -> Quote {
    Quote {
        unit_price: core.unit_price,
        reseller_unit_price: core.reseller_unit_price,
        unit_cost: service.unit_cost,
        discountable: core.discountable,
        exchange_rate: core.exchange_rate,
    }
}
