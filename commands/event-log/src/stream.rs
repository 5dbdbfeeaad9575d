//! One stream: loaded and folded.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::decider::Fact;
use domain::{Decider, Metadata, StreamId};
use serde::{Deserialize, Serialize};
use sqlx::{PgExecutor, postgres::PgRow};

use crate::recorded::COLUMNS;
use crate::{LogError, Recorded};

/// An aggregate's state with its stream's version and the times of its first and last event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Versioned<S> {
    pub state: S,
    /// 0: no event yet.
    pub version: i64,
    pub born: Option<Mark>,
    pub touched: Option<Mark>,
}

/// Business time and actor of one event, and where it stands in the log (0 while it is not written yet).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    pub at: DateTime<Utc>,
    pub by: String,
    pub position: i64,
}

impl Mark {
    pub fn of(metadata: &Metadata, position: i64) -> Self {
        Self { at: metadata.at, by: metadata.actor.clone(), position }
    }
}

impl<S: Default> Default for Versioned<S> {
    fn default() -> Self {
        Self { state: S::default(), version: 0, born: None, touched: None }
    }
}

impl<S> Versioned<S> {
    /// Notes one more event of the stream; the state itself is evolved by the caller.
    pub fn mark(&mut self, sequence: i64, mark: Mark) {
        self.version = sequence;
        if self.born.is_none() {
            self.born = Some(mark.clone());
        }
        self.touched = Some(mark);
    }
}

/// Loads what a stream has after `base` and folds it on.
///
/// # Errors
/// [`LogError`] when the database fails, an event does not decode, or the stream has a hole.
pub async fn load<'e, D: Decider, E: PgExecutor<'e>>(
    executor: E,
    id: &str,
    base: Versioned<D::State>,
) -> Result<Versioned<D::State>, LogError> {
    load_until::<D, E>(executor, id, base, i64::MAX).await
}

/// The same, up to and including `version`.
///
/// # Errors
/// As [`load`].
pub async fn load_until<'e, D: Decider, E: PgExecutor<'e>>(
    executor: E,
    id: &str,
    base: Versioned<D::State>,
    version: i64,
) -> Result<Versioned<D::State>, LogError> {
    let sql = format!(
        "select {COLUMNS} from events where aggregate_type = $1 and aggregate_id = $2 and sequence > $3 \
         and sequence <= $4 order by sequence"
    );
    let rows: Vec<PgRow> =
        sqlx::query(&sql).bind(D::TYPE.name()).bind(id).bind(base.version).bind(version).fetch_all(executor).await?;
    let mut folded = base;
    for row in &rows {
        let recorded = <Recorded as sqlx::FromRow<PgRow>>::from_row(row)?;
        fold_one::<D>(&mut folded, &recorded)?;
    }
    Ok(folded)
}

/// Loads several streams of one kind at once, by id; what does not exist is left out.
///
/// # Errors
/// As [`load`].
pub async fn load_all<'e, D: Decider, E: PgExecutor<'e>>(
    executor: E,
    ids: &[String],
) -> Result<HashMap<String, Versioned<D::State>>, LogError> {
    let sql = format!(
        "select {COLUMNS} from events where aggregate_type = $1 and aggregate_id = any($2) \
         order by aggregate_id, sequence"
    );
    let rows: Vec<Recorded> = sqlx::query_as(&sql).bind(D::TYPE.name()).bind(ids).fetch_all(executor).await?;
    let mut folded: HashMap<String, Versioned<D::State>> = HashMap::new();
    for recorded in &rows {
        fold_one::<D>(folded.entry(recorded.aggregate_id.clone()).or_default(), recorded)?;
    }
    Ok(folded)
}

/// Folds one stored event of this aggregate.
///
/// # Errors
/// [`LogError`] when it does not follow on or does not decode.
pub fn fold_one<D: Decider>(folded: &mut Versioned<D::State>, recorded: &Recorded) -> Result<(), LogError> {
    if recorded.sequence != folded.version + 1 {
        let stream = StreamId::new(D::TYPE, &recorded.aggregate_id).to_string();
        return Err(LogError::Hole { stream, sequence: folded.version + 1 });
    }
    let unreadable = |source| LogError::Codec { position: recorded.position, source };
    let event = recorded.event().map_err(|error| unreadable(error.clone()))?;
    let metadata = recorded.meta().map_err(|error| unreadable(undecodable(recorded, &error)))?;
    if let Some(event) = D::Event::of(event) {
        D::evolve(&mut folded.state, event);
    }
    folded.mark(recorded.sequence, Mark::of(&metadata, recorded.position));
    Ok(())
}

fn undecodable(recorded: &Recorded, error: &serde_json::Error) -> domain::codec::CodecError {
    domain::codec::CodecError::Undecodable {
        aggregate: recorded.aggregate_type.clone(),
        name: recorded.event_type.clone(),
        reason: format!("metadata: {error}"),
    }
}

/// Where in the log the event is that made a stream's version; `None` without such an event.
///
/// # Errors
/// [`LogError::Database`].
pub async fn position<'e, E: PgExecutor<'e>>(
    executor: E,
    stream: &StreamId,
    version: i64,
) -> Result<Option<i64>, LogError> {
    let sql = "select position from events where aggregate_type = $1 and aggregate_id = $2 and sequence = $3";
    let found = sqlx::query_scalar(sql).bind(stream.aggregate.name()).bind(&stream.id).bind(version);
    Ok(found.fetch_optional(executor).await?)
}

/// The events of one stream after `sequence`, in order.
///
/// # Errors
/// [`LogError::Database`].
pub async fn events<'e, E: PgExecutor<'e>>(
    executor: E,
    aggregate: &str,
    id: &str,
    sequence: i64,
) -> Result<Vec<Recorded>, LogError> {
    let sql = format!(
        "select {COLUMNS} from events where aggregate_type = $1 and aggregate_id = $2 and sequence > $3 \
         order by sequence"
    );
    Ok(sqlx::query_as(&sql).bind(aggregate).bind(id).bind(sequence).fetch_all(executor).await?)
}
