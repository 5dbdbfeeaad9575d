//! The customer was told how its order ended.

use chrono::{DateTime, Utc};
use domain::order::{OrderCommand, OrderRules};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

/// It was told, or wanted no word of it.
#[derive(Debug)]
pub struct NoteNotified {
    pub order_id: Uuid,
    /// When the order ended.
    pub ended_at: DateTime<Utc>,
    /// It wanted to be told and could not be.
    pub failed: bool,
}

impl Command for NoteNotified {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let order = work.read::<OrderRules>(self.order_id).await?;
        let customer_id = order.state.known().ok_or(Failure::NotFound)?.details.customer_id;
        let note = OrderCommand::NoteNotified { ended_at: self.ended_at, failed: self.failed };
        work.decide::<OrderRules>(self.order_id, &note, Some(customer_id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Order, self.order_id)))
    }
}
