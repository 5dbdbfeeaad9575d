//! Commission statements, without the run that would issue them.

use commands::work::AnswerBody;
use commands::{Answer, Command, Failure, Operation, Work, commission};
use domain::Currency;
use domain::billing::Period;
use uuid::Uuid;

/// A reseller's statement in euros, if there is to be one; answers whether there is one now that was not there before.
#[derive(Debug, Clone, Copy)]
pub struct IssueStatement {
    pub reseller_id: Uuid,
    pub period: Period,
}

impl Command for IssueStatement {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let Self { reseller_id, period } = *self;
        let made = commission::issue_statement_in(work, reseller_id, Currency::EUR, period, period.end()).await?;
        Ok(Answer { status: 200, body: AnswerBody::Other(made.into()) })
    }
}
