//! Prepaid orders that nobody pays: after fourteen days they are cancelled.

use chrono::Days;
use domain::order::{OrderCommand, OrderRules, UNPAID_DAYS};
use domain::{AggregateType, Refusal, StreamId};
use tracing::warn;
use uuid::Uuid;

use crate::index::{self, UnpaidOrder};
use crate::{Answer, Bus, Command, Context, Failure, Key, Operation, Rejection, Trace, Work, bus};

/// Orders looked up at once.
const PAGE: i64 = 200;

/// It was not paid in time. Refused while a payment is on its way, so that its key stays free.
#[derive(Debug)]
pub struct CancelUnpaidOrder {
    pub order_id: Uuid,
}

impl Command for CancelUnpaidOrder {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let order = work.read::<OrderRules>(self.order_id).await?;
        let customer_id = order.state.known().ok_or(Failure::NotFound)?.details.customer_id;
        work.decide::<OrderRules>(self.order_id, &OrderCommand::CancelUnpaid, Some(customer_id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Order, self.order_id)))
    }
}

/// Cancels every prepaid order that was placed fourteen days ago or earlier and is not paid. Any number of callers at
/// once cancel each order once. One whose payment is on its way is looked at again by the next call.
///
/// # Errors
/// [`Rejection`] when the log is busy or away; the next call goes on from there.
pub async fn expire_unpaid_orders(bus: &Bus) -> Result<(), Rejection> {
    let Some(until) = bus.now().checked_sub_days(Days::new(UNPAID_DAYS)) else { return Ok(()) };
    let mut after: Option<UnpaidOrder> = None;
    loop {
        let unpaid = index::orders_unpaid_since(bus.pool(), until, after.as_ref(), PAGE).await;
        let unpaid = unpaid.map_err(|error| bus::rejection(Failure::from(error)))?;
        for order in &unpaid {
            cancel(bus, order).await?;
        }
        after = unpaid.last().cloned();
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn cancel(bus: &Bus, order: &UnpaidOrder) -> Result<(), Rejection> {
    let key = format!("order/{}/unpaid", order.order_id);
    let trace = Trace { correlation_id: order.correlation_id.clone(), causation_id: key.clone(), traceparent: None };
    let context = Context::system("orders", bus.now(), Key::system(key), trace);
    match bus.execute(&context, &CancelUnpaidOrder { order_id: order.order_id }).await {
        Ok(_) | Err(Rejection::Refused(Refusal::PaymentInProgress)) => Ok(()),
        Err(busy) if busy.passes() => Err(busy),
        Err(rejection) => {
            // One order must not hold up the others.
            warn!(order_id = %order.order_id, %rejection, "an unpaid order was not cancelled");
            Ok(())
        }
    }
}
