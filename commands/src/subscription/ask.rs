//! What the changes of a subscription have in common: who may ask, what the rules need to know, what is answered.

use domain::customer::CustomerRules;
use domain::service::{ServiceRules, ServiceStatus};
use domain::subscription::{SubscriptionCommand, SubscriptionCore, SubscriptionRules, Surroundings, SuspendedBy};
use domain::{Actor, AggregateType, Role, StreamId};
use uuid::Uuid;

use crate::customer::is_suspended;
use crate::{Answer, Failure, Work};

/// The subscription, for a caller who may do this to it.
pub(super) async fn permitted(work: &mut Work<'_>, subscription_id: Uuid) -> Result<SubscriptionCore, Failure> {
    let core = known(work, subscription_id).await?;
    work.customer(core.started.customer_id).await?;
    Ok(core)
}

/// The subscription, whoever asks.
pub(super) async fn known(work: &mut Work<'_>, subscription_id: Uuid) -> Result<SubscriptionCore, Failure> {
    let subscription = work.read::<SubscriptionRules>(subscription_id).await?;
    Ok(subscription.state.known().ok_or(Failure::NotFound)?.core.clone())
}

/// How things stand around the subscription on the day of the command.
pub(super) async fn surroundings(work: &mut Work<'_>, core: &SubscriptionCore) -> Result<Surroundings, Failure> {
    let customer = work.read::<CustomerRules>(core.started.customer_id).await?;
    let customer = customer.state.known().ok_or(Failure::NotFound)?;
    Ok(Surroundings {
        today: work.bus().seller().entity(&customer.seller_entity).day_at(work.context.at),
        customer_suspended: is_suspended(work, customer).await?,
        service_withdrawn: is_withdrawn(work, core).await?,
    })
}

pub(super) async fn is_withdrawn(work: &mut Work<'_>, core: &SubscriptionCore) -> Result<bool, Failure> {
    let service = work.read::<ServiceRules>(core.started.service_id).await?;
    Ok(service.state.known().is_none_or(|service| service.status == ServiceStatus::Withdrawn))
}

/// Lets the subscription decide. Answered 202 when the provider now has to confirm this very change, else 200: it is
/// complete.
pub(super) async fn decide(
    work: &mut Work<'_>,
    core: &SubscriptionCore,
    command: &SubscriptionCommand,
) -> Result<Answer, Failure> {
    let (id, customer_id) = (core.started.subscription_id, core.started.customer_id);
    work.decide::<SubscriptionRules>(id, command, Some(customer_id)).await?;
    let change = known(work, id).await?.change;
    let status = if change.is_some() && change != core.change { 202 } else { 200 };
    Ok(Answer::resource(status, StreamId::new(AggregateType::Subscription, id)))
}

/// On whose account a suspension or its end is booked. The product itself suspends for one reason: nobody has paid.
pub(super) fn on_behalf(actor: &Actor) -> SuspendedBy {
    match actor.role {
        Role::Customer | Role::Reseller => SuspendedBy::Customer,
        Role::Operator | Role::Auditor | Role::Service => SuspendedBy::Operator,
        Role::System => SuspendedBy::Dunning,
        Role::Provider => SuspendedBy::Provider,
    }
}
