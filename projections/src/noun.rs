//! One kind of row: how it is folded, and how it is written.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::decider::Fact;
use domain::{AggregateType, Decider, Event, Metadata};
use event_log::stream::{Mark, Versioned};
use event_log::{ApplyError, Recorded};
use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::moves;

/// Rows written in one statement.
const CHUNK: usize = 2_000;

/// A noun of the API: one row per stream of one aggregate type.
pub trait Noun: Send + Sync + 'static {
    const TYPE: AggregateType;
    /// The table with columns `generation`, `id`, `doc` and those that `write` fills.
    const TABLE: &'static str;
    /// The read model that keeps it.
    const MODEL: &'static str;
    /// The condition that puts a row of table `t` in scope of customer `$3`: by default its own, and its end customers'.
    const OWNED: &'static str = "(t.customer_id = $3 or t.reseller_id = $3)";
    /// Whether rows have the columns `customer_id` and `reseller_id` of that default, and so go with a customer that
    /// moves to another reseller.
    const FOLLOWS_MOVES: bool = true;
    type State: Default + Clone + Serialize + DeserializeOwned + Send + Sync + Unpin;

    fn evolve(state: &mut Self::State, event: &Event);

    /// Upserts rows.
    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<Self::State>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>>;

    /// What else the events mean, beyond the row. A rebuild calls it too, page by page in order of the log.
    fn also<'a>(
        _tx: &'a mut PgConnection,
        _generation: i32,
        _events: &'a [Mine<'a>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async { Ok(()) })
    }

    /// Empties a generation.
    fn clear(tx: &mut PgConnection, generation: i32) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        Box::pin(clear_table(tx, Self::TABLE, generation))
    }
}

/// Folds an event as the domain does.
pub fn evolve<D: Decider>(state: &mut D::State, event: &Event) {
    if let Some(event) = Fact::of(event) {
        D::evolve(state, event);
    }
}

/// Deletes all rows of one generation.
///
/// # Errors
/// Any database error.
pub async fn clear_table(tx: &mut PgConnection, table: &'static str, generation: i32) -> Result<(), sqlx::Error> {
    sqlx::query(&format!("delete from {table} where generation = $1")).bind(generation).execute(tx).await?;
    Ok(())
}

/// A [`Noun`] whose type is forgotten, so that a read model can have several.
pub trait AnyNoun: Send + Sync {
    fn aggregate(&self) -> AggregateType;

    /// Whether the event can change any of its rows.
    fn concerns(&self, event: &Recorded) -> bool;

    /// Loads the rows concerned, folds the events on, writes them back.
    fn apply<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>>;

    /// A fold of everything, in memory.
    fn fold(&self) -> Box<dyn AnyFold>;

    fn clear<'a>(&'a self, tx: &'a mut PgConnection, generation: i32) -> BoxFuture<'a, Result<(), sqlx::Error>>;
}

/// A noun's rows in memory while a rebuild reads the log.
pub trait AnyFold: Send + Sync {
    fn add<'a>(
        &'a mut self,
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>>;

    fn write<'a>(&'a mut self, tx: &'a mut PgConnection, generation: i32) -> BoxFuture<'a, Result<(), sqlx::Error>>;
}

/// The one implementation of both.
pub struct Of<N>(pub PhantomData<N>);

impl<N> Of<N> {
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<N> Default for Of<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: Noun> AnyNoun for Of<N> {
    fn aggregate(&self) -> AggregateType {
        N::TYPE
    }

    fn concerns(&self, event: &Recorded) -> bool {
        event.aggregate_type == N::TYPE.name() || (N::FOLLOWS_MOVES && moves::is_move(event))
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            if N::FOLLOWS_MOVES {
                moves::apply(tx, N::TABLE, generation, events).await?;
            }
            let events = mine::<N>(events)?;
            if events.is_empty() {
                return Ok(());
            }
            let mut rows = load::<N>(tx, generation, &events).await?;
            fold::<N>(&mut rows, &events)?;
            write::<N>(tx, generation, &rows).await?;
            N::also(tx, generation, &events).await
        })
    }

    fn fold(&self) -> Box<dyn AnyFold> {
        Box::new(Rows::<N>(HashMap::new()))
    }

    fn clear<'a>(&'a self, tx: &'a mut PgConnection, generation: i32) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            moves::clear(tx, N::TABLE, generation).await?;
            N::clear(tx, generation).await
        })
    }
}

type Folded<N> = HashMap<Uuid, Versioned<<N as Noun>::State>>;

struct Rows<N: Noun>(Folded<N>);

impl<N: Noun> AnyFold for Rows<N> {
    fn add<'a>(
        &'a mut self,
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            if N::FOLLOWS_MOVES {
                moves::note(tx, N::TABLE, generation, events).await?;
            }
            let events = mine::<N>(events)?;
            fold::<N>(&mut self.0, &events)?;
            N::also(tx, generation, &events).await
        })
    }

    fn write<'a>(&'a mut self, tx: &'a mut PgConnection, generation: i32) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write::<N>(tx, generation, &self.0))
    }
}

/// An event of this noun, with its stream's id.
#[derive(Debug)]
pub struct Mine<'a> {
    pub id: Uuid,
    pub recorded: &'a Recorded,
    pub event: &'a Event,
}

impl Mine<'_> {
    fn meta(&self) -> Result<Metadata, ApplyError> {
        self.recorded.meta().map_err(|error| ApplyError::Poison(format!("metadata: {error}")))
    }

    /// Business time.
    ///
    /// # Errors
    /// [`ApplyError::Poison`] when the stored metadata is not what we write.
    pub fn at(&self) -> Result<DateTime<Utc>, ApplyError> {
        Ok(self.meta()?.at)
    }
}

fn mine<N: Noun>(events: &[Arc<Recorded>]) -> Result<Vec<Mine<'_>>, ApplyError> {
    let concerned = events.iter().filter(|recorded| recorded.aggregate_type == N::TYPE.name());
    concerned
        .map(|recorded| {
            let event = recorded.event().map_err(|error| ApplyError::Poison(error.to_string()))?;
            let id = Uuid::parse_str(&recorded.aggregate_id)
                .map_err(|_| ApplyError::Poison(format!("{} is no uuid", recorded.aggregate_id)))?;
            Ok(Mine { id, recorded, event })
        })
        .collect()
}

async fn load<N: Noun>(tx: &mut PgConnection, generation: i32, events: &[Mine<'_>]) -> Result<Folded<N>, ApplyError> {
    // A stream whose first event is among these has no row yet.
    let known: Vec<Uuid> = events.iter().filter(|mine| mine.recorded.sequence > 1).map(|mine| mine.id).collect();
    if known.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!("select id, doc from {} where generation = $1 and id = any($2)", N::TABLE);
    let rows: Vec<(Uuid, Json<Versioned<N::State>>)> =
        sqlx::query_as(&sql).bind(generation).bind(known).fetch_all(tx).await?;
    Ok(rows.into_iter().map(|(id, doc)| (id, doc.0)).collect())
}

fn fold<N: Noun>(rows: &mut Folded<N>, events: &[Mine<'_>]) -> Result<(), ApplyError> {
    for mine @ Mine { id, recorded, event } in events {
        let row = rows.entry(*id).or_default();
        if recorded.sequence != row.version + 1 {
            let reason = format!("{}/{id} is at version {}, not before this event", N::TYPE, row.version);
            return Err(ApplyError::Poison(reason));
        }
        let metadata = mine.meta()?;
        N::evolve(&mut row.state, event);
        row.mark(recorded.sequence, Mark::of(&metadata, recorded.position));
    }
    Ok(())
}

async fn write<N: Noun>(tx: &mut PgConnection, generation: i32, rows: &Folded<N>) -> Result<(), sqlx::Error> {
    let mut rows: Vec<(Uuid, &Versioned<N::State>)> = rows.iter().map(|(id, row)| (*id, row)).collect();
    // In order of birth: rows and index pages are filled one after the other, and twins lock in the same order.
    rows.sort_by_key(|(_, row)| row.born.as_ref().map_or(0, |mark| mark.position));
    for chunk in rows.chunks(CHUNK) {
        N::write(tx, generation, chunk).await?;
    }
    Ok(())
}

/// The position of a row's first event.
pub fn born<S>(row: &Versioned<S>) -> i64 {
    row.born.as_ref().map_or(0, |mark| mark.position)
}
