//! What a run makes of a difference.

use domain::drift::{DetectDrift, DriftCommand, DriftResolution, DriftRules};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

/// A difference was seen; seen again it is no news.
#[derive(Debug)]
pub struct RecordDrift {
    pub seen: DetectDrift,
}

impl Command for RecordDrift {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let id = self.seen.drift_id;
        let detect = DriftCommand::Detect(Box::new(self.seen.clone()));
        work.decide::<DriftRules>(id, &detect, self.seen.customer_id).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Drift, id)))
    }
}

/// The two sides agree again. One that an operator resolved meanwhile stays as it is.
#[derive(Debug)]
pub struct CloseDrift {
    pub drift_id: Uuid,
    pub resolution: DriftResolution,
}

impl Command for CloseDrift {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let drift = work.read::<DriftRules>(self.drift_id).await?;
        let known = drift.state.known().ok_or(Failure::NotFound)?;
        if known.is_open() {
            let resolve = DriftCommand::Resolve { resolution: self.resolution, account_id: None, note: None };
            work.decide::<DriftRules>(self.drift_id, &resolve, known.customer_id).await?;
        }
        Ok(Answer::resource(200, StreamId::new(AggregateType::Drift, self.drift_id)))
    }
}
