//! `cqrs_es`'s event store over our append: same traits, same stored shape, one round trip.

use std::collections::HashMap;
use std::time::Duration;

use cqrs_es::{AggregateContext, AggregateError, EventEnvelope, EventStore};
use domain::decider::{Fact, Folded};
use domain::{Decider, StreamId};
use sqlx::PgPool;
use uuid::Uuid;

use crate::append::{NewEvent, Submission, Verdict};
use crate::{Batcher, LogError, Ticket, stream};

/// How long a commit waits for its verdict.
const PATIENCE: Duration = Duration::from_secs(10);

/// Loads from the log and commits through the batcher.
#[derive(Debug, Clone)]
pub struct LogStore {
    pool: PgPool,
    batcher: Batcher,
    new_key: fn() -> Uuid,
}

impl LogStore {
    /// `new_key` makes the key of each commit; the traits have no place for a caller's own.
    pub fn new(pool: PgPool, batcher: Batcher, new_key: fn() -> Uuid) -> Self {
        Self { pool, batcher, new_key }
    }
}

/// A loaded aggregate and the version it has.
#[derive(Debug)]
pub struct Loaded<D: Decider> {
    id: String,
    version: i64,
    folded: Folded<D>,
}

impl<D: Decider> AggregateContext<Folded<D>> for Loaded<D> {
    fn aggregate(&mut self) -> &mut Folded<D> {
        &mut self.folded
    }
}

impl<D: Decider> EventStore<Folded<D>> for LogStore {
    type AC = Loaded<D>;

    async fn load_events(&self, id: &str) -> Result<Vec<EventEnvelope<Folded<D>>>, AggregateError<domain::Refusal>> {
        let rows = stream::events(&self.pool, D::TYPE.name(), id, 0).await.map_err(database)?;
        rows.iter().map(envelope::<D>).collect()
    }

    async fn load_aggregate(&self, id: &str) -> Result<Loaded<D>, AggregateError<domain::Refusal>> {
        let loaded = stream::load::<D, _>(&self.pool, id, stream::Versioned::default()).await.map_err(database)?;
        Ok(Loaded { id: id.to_owned(), version: loaded.version, folded: Folded(loaded.state) })
    }

    async fn commit(
        &self,
        events: Vec<D::Event>,
        context: Loaded<D>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<Folded<D>>>, AggregateError<domain::Refusal>> {
        let stored = serde_json::to_string(&metadata).map_err(unexpected)?;
        let stream = StreamId::new(D::TYPE, &context.id);
        let mut submission = Submission {
            id: (self.new_key)(),
            fingerprint: Vec::new(),
            status: 200,
            result: None,
            outcome: None,
            reads: Vec::new(),
            events: Vec::with_capacity(events.len()),
            personal: Vec::new(),
            ticket: Ticket::default(),
            depends_on: Vec::new(),
        };
        for (sequence, event) in (context.version + 1..).zip(&events) {
            let event = event.clone().into();
            let new = NewEvent::encode(stream.clone(), sequence, &event, stored.clone(), None).map_err(unexpected)?;
            submission.events.push(new);
        }
        match self.batcher.append(submission, PATIENCE).await.map_err(unexpected)? {
            Verdict::Appended { .. } => Ok(events
                .into_iter()
                .zip(context.version + 1..)
                .map(|(payload, sequence)| EventEnvelope {
                    aggregate_id: context.id.clone(),
                    sequence: usize::try_from(sequence).unwrap_or_default(),
                    payload,
                    metadata: metadata.clone(),
                })
                .collect()),
            Verdict::Conflict | Verdict::Done(_) => Err(AggregateError::AggregateConflict),
        }
    }
}

fn envelope<D: Decider>(
    recorded: &crate::Recorded,
) -> Result<EventEnvelope<Folded<D>>, AggregateError<domain::Refusal>> {
    let event = recorded.event().map_err(|error| unexpected(error.clone()))?;
    let payload = D::Event::of(event).cloned().ok_or_else(|| unexpected(std::io::Error::other("a foreign event")))?;
    Ok(EventEnvelope {
        aggregate_id: recorded.aggregate_id.clone(),
        sequence: usize::try_from(recorded.sequence).unwrap_or_default(),
        payload,
        metadata: serde_json::from_str(&recorded.metadata).map_err(unexpected)?,
    })
}

fn database(error: LogError) -> AggregateError<domain::Refusal> {
    AggregateError::DatabaseConnectionError(Box::new(error))
}

fn unexpected(error: impl std::error::Error + Send + Sync + 'static) -> AggregateError<domain::Refusal> {
    AggregateError::UnexpectedError(Box::new(error))
}
