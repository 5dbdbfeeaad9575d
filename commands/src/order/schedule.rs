//! Scheduled orders: on their day they are placed, or fail.

use domain::account::{AccountRules, AccountStatus};
use domain::customer::CustomerStatus;
use domain::order::{Order, OrderCommand, OrderRules};
use domain::service::{ServiceRules, ServiceStatus};
use domain::{AggregateType, Refusal, StreamId};
use tracing::warn;
use uuid::Uuid;

use crate::customer::is_suspended;
use crate::index::{self, ScheduledOrder};
use crate::{Answer, Bus, Command, Context, Failure, Key, Operation, Rejection, Trace, Work, bus};

/// Orders looked up at once.
const PAGE: i64 = 200;

/// The day of a scheduled order has come. Refused before its day at the seller, so that its key stays free.
#[derive(Debug)]
pub struct StartOrder {
    pub order_id: Uuid,
}

impl Command for StartOrder {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let order = work.read::<OrderRules>(self.order_id).await?;
        let order = order.state.known().ok_or(Failure::NotFound)?;
        let start = OrderCommand::Start(look_up(work, order).await?);
        work.decide::<OrderRules>(self.order_id, &start, Some(order.details.customer_id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Order, self.order_id)))
    }
}

/// How things are with customer, account and services on this day.
async fn look_up(work: &mut Work<'_>, order: &Order) -> Result<domain::order::StartOrder, Failure> {
    let customer = work.customer(order.details.customer_id).await?;
    let customer = customer.state.known().ok_or(Failure::NotFound)?;
    let account = work.read::<AccountRules>(order.details.account_id).await?;
    let mut withdrawn = Vec::new();
    for placed in order.open_lines() {
        let service = work.read::<ServiceRules>(placed.line.service_id).await?;
        if service.state.known().is_none_or(|service| service.status == ServiceStatus::Withdrawn) {
            withdrawn.push(placed.line.line);
        }
    }
    Ok(domain::order::StartOrder {
        today: work.bus().seller().entity(&customer.seller_entity).day_at(work.context.at),
        customer_suspended: is_suspended(work, customer).await?,
        customer_closed: customer.status == CustomerStatus::Closed,
        account: account.state.known().map_or(AccountStatus::Closed, |account| account.status),
        withdrawn,
    })
}

/// Starts every order whose day has come, also those whose day passed while nobody looked. Any number of callers at
/// once start each order once.
///
/// # Errors
/// [`Rejection`] when the log is busy or away; the next call goes on from there.
pub async fn start_due_orders(bus: &Bus) -> Result<(), Rejection> {
    let now = bus.now();
    let Some(latest) = bus.seller().entities().map(|entity| entity.day_at(now)).max() else { return Ok(()) };
    let mut after: Option<ScheduledOrder> = None;
    loop {
        let due = index::due_orders(bus.pool(), latest, after.as_ref(), PAGE).await;
        let due = due.map_err(|error| bus::rejection(Failure::from(error)))?;
        for order in &due {
            start(bus, order).await?;
        }
        after = due.last().cloned();
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn start(bus: &Bus, order: &ScheduledOrder) -> Result<(), Rejection> {
    let key = format!("order/{}/start", order.order_id);
    let trace = Trace { correlation_id: order.correlation_id.clone(), causation_id: key.clone(), traceparent: None };
    let context = Context::system("orders", bus.now(), Key::system(key), trace);
    match bus.execute(&context, &StartOrder { order_id: order.order_id }).await {
        // Its day comes later at its own seller entity.
        Ok(_) | Err(Rejection::Refused(Refusal::InvalidStartDate)) => Ok(()),
        Err(busy) if busy.passes() => Err(busy),
        Err(rejection) => {
            // One order must not hold up the others.
            warn!(order_id = %order.order_id, %rejection, "a scheduled order did not start");
            Ok(())
        }
    }
}
