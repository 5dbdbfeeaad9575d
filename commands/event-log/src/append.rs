//! Many commands in one round trip: flat arrays in, one verdict per command out. One that comes alone goes a shorter way.

mod arguments;
mod arrays;
mod json;
mod one;
pub(crate) mod session;

use domain::{Event, PersonalData, StreamId, codec};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use self::arrays::Arrays;
use self::one::One;
use crate::Ticket;

/// One command's wish: what it read, what it wants written, and under which key its outcome is kept.
#[derive(Debug)]
pub struct Submission {
    /// UUIDv5 of tenant and key (`domain::ids::outcome`); also the events' `command_id`.
    pub id: Uuid,
    /// Tells this request from another one with the same key.
    pub fingerprint: Vec<u8>,
    /// HTTP status of the success.
    pub status: u16,
    /// The resource that is the answer, with its version after this command.
    pub result: Option<(StreamId, i64)>,
    /// The answer, when it is no stream's resource.
    pub outcome: Option<String>,
    /// Streams read but not written, with the version they had.
    pub reads: Vec<(StreamId, i64)>,
    pub events: Vec<NewEvent>,
    pub personal: Vec<PersonalData>,
    /// What others hold who decide on its result before it is written.
    pub ticket: Ticket,
    /// Earlier commands whose pending state this one was decided on.
    pub depends_on: Vec<Ticket>,
}

/// An event about to be appended.
#[derive(Debug)]
pub struct NewEvent {
    pub stream: StreamId,
    /// The stream's version after this event.
    pub sequence: i64,
    pub event_type: &'static str,
    pub event_version: &'static str,
    /// JSON with the event's name as tag.
    pub payload: String,
    /// JSON object of strings.
    pub metadata: String,
    pub event_id: Uuid,
    /// Whose data it is; `None` for the seller's own.
    pub customer_id: Option<Uuid>,
}

impl NewEvent {
    /// Encodes an event of ours for the log.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn encode(
        stream: StreamId,
        sequence: i64,
        event: &Event,
        metadata: String,
        customer_id: Option<Uuid>,
    ) -> Result<Self, serde_json::Error> {
        let event_id = domain::ids::derived(&["event", stream.aggregate.name(), &stream.id, &sequence.to_string()]);
        Ok(Self {
            payload: codec::encode(event)?,
            event_type: event.name(),
            event_version: event.version(),
            stream,
            sequence,
            metadata,
            event_id,
            customer_id,
        })
    }
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Written. Without events both positions are the log's as of that moment.
    Appended { first: i64, last: i64 },
    /// The key was used before; nothing was written now.
    Done(StoredOutcome),
    /// A stream it read or writes has moved on; nothing was written.
    Conflict,
}

/// The kept outcome of an earlier command with the same key.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct StoredOutcome {
    pub fingerprint: Vec<u8>,
    pub status: i16,
    pub aggregate_type: Option<String>,
    pub aggregate_id: Option<String>,
    pub version: i64,
    pub first_position: i64,
    pub last_position: i64,
    pub outcome: Option<String>,
}

/// Looks one outcome up.
///
/// # Errors
/// Any database error.
pub async fn stored_outcome<'e, E: sqlx::PgExecutor<'e>>(
    executor: E,
    id: Uuid,
) -> Result<Option<StoredOutcome>, sqlx::Error> {
    sqlx::query_as(
        "select fingerprint, status, aggregate_type, aggregate_id, version, first_position, last_position, \
         outcome::text as outcome from command_results where id = $1",
    )
    .bind(id)
    .fetch_optional(executor)
    .await
}

/// One transaction: writes what fits, answers one verdict per submission in their order.
///
/// # Errors
/// Any database error; then either all of it was committed or none, and sending the same batch [again] tells which.
pub async fn append(connection: &mut PgConnection, batch: &[Submission]) -> Result<Vec<Verdict>, sqlx::Error> {
    if let Some(one) = One::of(batch) {
        let (head,) = one.bound_to(sqlx::query_as(one::CALL)).fetch_one(&mut *connection).await?;
        if let Some(verdict) = verdict(head) {
            return Ok(vec![verdict]);
        }
    }
    again(connection, batch).await
}

/// As [`append`], for a batch that may have been written already: in one round trip whatever became of it.
///
/// # Errors
/// As [`append`].
pub async fn again(connection: &mut PgConnection, batch: &[Submission]) -> Result<Vec<Verdict>, sqlx::Error> {
    let arrays = Arrays::of(batch);
    let rows = arrays.bound_to(sqlx::query_as(arrays::CALL)).fetch_all(connection).await?;
    Ok(verdicts(&arrays, rows, batch.len()))
}

/// Keeps every other append waiting until this transaction ends, so that what it looks at is still so when it appends.
/// An append takes the same lock itself, which whoever holds it may do again.
///
/// # Errors
/// Any database error.
pub async fn hold_log_in_tx(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(1)").execute(tx).await.map(drop)
}

/// Of an event that went alone, by what the log's last position was before it.
fn verdict(head: Option<i64>) -> Option<Verdict> {
    head.map(|head| Verdict::Appended { first: head + 1, last: head + 1 })
}

#[derive(FromRow)]
struct Row {
    command: i32,
    verdict: String,
    /// A conflict has no positions.
    first_position: Option<i64>,
    last_position: Option<i64>,
    fingerprint: Option<Vec<u8>>,
    status: Option<i16>,
    aggregate_type: Option<String>,
    aggregate_id: Option<String>,
    version: Option<i64>,
    outcome: Option<String>,
}

fn verdicts(arrays: &Arrays<'_>, rows: Vec<Row>, commands: usize) -> Vec<Verdict> {
    if let [Row { command: 0, first_position: Some(head), .. }] = rows.as_slice() {
        let offsets = arrays.first_offsets.iter().zip(&arrays.last_offsets);
        return offsets
            .map(|(first, last)| Verdict::Appended { first: head + i64::from(*first), last: head + i64::from(*last) })
            .collect();
    }
    let mut verdicts = vec![Verdict::Conflict; commands];
    for row in rows {
        let slot = usize::try_from(row.command - 1).ok().and_then(|n| verdicts.get_mut(n));
        if let Some(slot) = slot {
            *slot = row.into_verdict();
        }
    }
    verdicts
}

impl Row {
    fn into_verdict(self) -> Verdict {
        let (first, last) = (self.first_position.unwrap_or_default(), self.last_position.unwrap_or_default());
        match self.verdict.as_str() {
            "appended" => Verdict::Appended { first, last },
            "done" => Verdict::Done(StoredOutcome {
                fingerprint: self.fingerprint.unwrap_or_default(),
                status: self.status.unwrap_or_default(),
                aggregate_type: self.aggregate_type,
                aggregate_id: self.aggregate_id,
                version: self.version.unwrap_or_default(),
                first_position: first,
                last_position: last,
                outcome: self.outcome,
            }),
            _ => Verdict::Conflict,
        }
    }
}
