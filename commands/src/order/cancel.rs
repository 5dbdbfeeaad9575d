//! Cancelling an order.

use domain::order::{OrderCommand, OrderRules, OrderStatus};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

/// At once before it is submitted; afterwards the provider is asked.
#[derive(Debug)]
pub struct CancelOrder {
    pub order_id: Uuid,
}

impl Command for CancelOrder {
    const OPERATION: Operation = Operation::CancelOrder;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let before = work.read::<OrderRules>(self.order_id).await?;
        let order = before.state.known().ok_or(Failure::NotFound)?;
        let customer_id = order.details.customer_id;
        work.customer(customer_id).await?;
        let status = if order.status == OrderStatus::Submitted { 202 } else { 200 };
        work.decide::<OrderRules>(self.order_id, &OrderCommand::Cancel, Some(customer_id)).await?;
        Ok(Answer::resource(status, StreamId::new(AggregateType::Order, self.order_id)))
    }
}

/// Its account was closed before it went out. One that no longer waits to go out has an end of its own.
#[derive(Debug)]
pub struct CancelStrandedOrder {
    pub order_id: Uuid,
}

impl Command for CancelStrandedOrder {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let order = work.read::<OrderRules>(self.order_id).await?;
        let customer_id = order.state.known().ok_or(Failure::NotFound)?.details.customer_id;
        work.decide::<OrderRules>(self.order_id, &OrderCommand::CancelStranded, Some(customer_id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Order, self.order_id)))
    }
}
