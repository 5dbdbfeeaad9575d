//! Resolving by hand what nobody knows.

use domain::payment::{PaymentCommand, PaymentRules, ResolvedBy};
use uuid::Uuid;

use super::outcome::decide_in;
use super::{answer, today};
use crate::{Answer, Command, Failure, Operation, Work};

/// An operator has found out what came of a payment whose outcome is unknown.
#[derive(Debug)]
pub struct ResolvePayment {
    pub payment_id: Uuid,
    /// Otherwise nothing was charged, and it may be tried again.
    pub charged: bool,
    pub by: ResolvedBy,
}

impl Command for ResolvePayment {
    const OPERATION: Operation = Operation::ResolvePayment;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let payment = work.read::<PaymentRules>(self.payment_id).await?;
        let payment = payment.state.known().ok_or(Failure::NotFound)?;
        work.customer(payment.started.customer_id).await?;
        let received_on = today(work, &payment.started);
        let resolve = PaymentCommand::Resolve { charged: self.charged, received_on, by: self.by.clone() };
        decide_in(work, payment, &resolve).await?;
        Ok(answer(200, self.payment_id))
    }
}
