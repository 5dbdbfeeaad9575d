//! A day is over at a seller entity.

use chrono::NaiveDate;
use domain::calendar::{CalendarCommand, CalendarRules};
use domain::{AggregateType, StreamId};

use crate::{Answer, Command, Failure, Operation, Work};

/// Its month is over, too, when it is the month's last day. Only for days that have ended there.
#[derive(Debug)]
pub struct EndDay {
    pub entity: String,
    pub day: NaiveDate,
}

impl Command for EndDay {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let end = CalendarCommand::EndDay { entity: self.entity.clone(), day: self.day };
        work.decide::<CalendarRules>(&self.entity, &end, None).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Calendar, &self.entity)))
    }
}
