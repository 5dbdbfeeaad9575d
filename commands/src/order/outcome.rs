//! What the provider made of an order.

use domain::order::{LineOutcome, OrderCommand, OrderRules};
use domain::subscription::{StartSubscription, SubscriptionCommand, SubscriptionRules};
use domain::{AggregateType, StreamId, ids};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

/// The provider has accepted it.
#[derive(Debug)]
pub struct MarkSubmitted {
    pub order_id: Uuid,
    pub provider_order_id: String,
}

impl Command for MarkSubmitted {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let mark = OrderCommand::MarkSubmitted { provider_order_id: self.provider_order_id.clone() };
        decide(work, self.order_id, &mark).await
    }
}

/// The provider would not take it.
#[derive(Debug)]
pub struct RefuseAtSubmission {
    pub order_id: Uuid,
    /// The line it named, counted from 1.
    pub line: Option<u32>,
    /// In our words.
    pub reason: String,
}

impl Command for RefuseAtSubmission {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let refuse = OrderCommand::RefuseAtSubmission { line: self.line, reason: self.reason.clone() };
        decide(work, self.order_id, &refuse).await
    }
}

/// Lines that came to nothing.
#[derive(Debug)]
pub struct RecordLines {
    pub order_id: Uuid,
    pub lines: Vec<(u32, LineOutcome)>,
}

impl Command for RecordLines {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        decide(work, self.order_id, &OrderCommand::RecordOutcome { lines: self.lines.clone() }).await
    }
}

/// One line is provisioned: the order and the new subscription, in one append.
#[derive(Debug)]
pub struct RecordProvisioned {
    pub start: StartSubscription,
}

impl Command for RecordProvisioned {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let started = &self.start.started;
        let outcome = LineOutcome::Provisioned {
            subscription_id: started.subscription_id,
            provider_subscription_id: started.provider_subscription_id.clone(),
        };
        let record = OrderCommand::RecordOutcome { lines: vec![(started.line, outcome)] };
        let answer = decide(work, started.order_id, &record).await?;
        let start = SubscriptionCommand::Start(Box::new(self.start.clone()));
        work.decide::<SubscriptionRules>(started.subscription_id, &start, Some(started.customer_id)).await?;
        Ok(answer)
    }
}

/// One line is provisioned although the order was cancelled here on its way there: the order and the subscription in one
/// append, and with them the subscription's end, at once where that is allowed, else with its term.
#[derive(Debug)]
pub struct RecordLate {
    pub start: StartSubscription,
}

impl Command for RecordLate {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let started = &self.start.started;
        let record = OrderCommand::RecordLate {
            line: started.line,
            subscription_id: started.subscription_id,
            provider_subscription_id: started.provider_subscription_id.clone(),
        };
        let answer = decide(work, started.order_id, &record).await?;
        let change_id = ids::derived(&["late", &started.subscription_id.to_string()]);
        let start = SubscriptionCommand::Start(Box::new(self.start.clone()));
        for command in [start, SubscriptionCommand::Cancel { change_id, effective: None }] {
            work.decide::<SubscriptionRules>(started.subscription_id, &command, Some(started.customer_id)).await?;
        }
        Ok(answer)
    }
}

async fn decide(work: &mut Work<'_>, order_id: Uuid, command: &OrderCommand) -> Result<Answer, Failure> {
    let order = work.read::<OrderRules>(order_id).await?;
    let customer_id = order.state.known().ok_or(Failure::NotFound)?.details.customer_id;
    work.decide::<OrderRules>(order_id, command, Some(customer_id)).await?;
    Ok(Answer::resource(200, StreamId::new(AggregateType::Order, order_id)))
}
