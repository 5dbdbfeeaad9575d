//! The effects table.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::process::{Effect, Lane};
use sqlx::{FromRow, PgConnection, PgExecutor, types::Json};
use uuid::Uuid;

/// The process of effects that end what waits for one that was given up.
pub const GIVE_UP: &str = "give_up";

/// An effect that is due and leased to one worker.
#[derive(Debug, Clone)]
pub struct Due {
    /// The idempotency key of every try.
    pub op_id: Uuid,
    pub effect: Effect,
    /// Tries so far that reached the provider.
    pub attempts: u32,
    /// Polls so far, and calls that nobody was there for.
    pub asked: u32,
    /// Position of the event it follows from.
    pub position: Option<i64>,
    /// The request it all belongs to, when it follows from one.
    pub correlation_id: Option<String>,
    /// The provider's name for what goes on there, once it has accepted it.
    pub reference: Option<String>,
    /// An earlier try may have sent it.
    pub sent: bool,
    /// It is not to be done: an operator has given it up, and whoever waits for it is to be told.
    pub gives_up: bool,
    pub(super) lease: Uuid,
    /// When it was due as it was taken; a hint moves this while the effect is performed.
    pub(super) due_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct DueRow {
    op_id: Uuid,
    effect: Json<Effect>,
    attempts: i32,
    asked: i32,
    position: Option<i64>,
    correlation_id: Option<String>,
    reference: Option<String>,
    sent: bool,
    gives_up: bool,
    due_at: DateTime<Utc>,
}

/// An effect somebody wants.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    pub process: &'a str,
    pub op_id: Uuid,
    /// Of the event it follows from.
    pub position: Option<i64>,
    /// Of that event's command.
    pub correlation_id: Option<&'a str>,
    pub effect: &'a Effect,
    /// How long after now it is due.
    pub delay: Duration,
}

/// Asks for an effect. A second time with the same `op_id` changes nothing.
///
/// # Errors
/// Any database error.
pub async fn ask_in_tx<'e, E: PgExecutor<'e>>(executor: E, wanted: &Wanted<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into effects (op_id, process, position, kind, subject, effect, due_at, correlation_id, lane) \
         values ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7, $8, $9) on conflict (op_id) do nothing",
    )
    .bind(wanted.op_id)
    .bind(wanted.process)
    .bind(wanted.position)
    .bind(wanted.effect.name())
    .bind(wanted.effect.subject())
    .bind(Json(wanted.effect))
    .bind(wanted.delay)
    .bind(wanted.correlation_id)
    .bind(wanted.effect.lane().name())
    .execute(executor)
    .await?;
    Ok(())
}

/// Makes the open effects of one kind about one subject due now. True when there is one, be it settled already.
///
/// # Errors
/// Any database error.
pub async fn hasten<'e, E: PgExecutor<'e>>(executor: E, kind: &str, subject: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "with hastened as (update effects set due_at = clock_timestamp() \
             where subject = $1 and kind = $2 and state = 'due' returning 1) \
         select exists (select from hastened) or exists (select from effects where subject = $1 and kind = $2)",
    )
    .bind(subject)
    .bind(kind)
    .fetch_one(executor)
    .await
}

/// The same, but true only when one of them is still open.
///
/// # Errors
/// Any database error.
pub async fn hasten_open<'e, E: PgExecutor<'e>>(executor: E, kind: &str, subject: &str) -> Result<bool, sqlx::Error> {
    let hastened =
        sqlx::query("update effects set due_at = clock_timestamp() where subject = $1 and kind = $2 and state = 'due'")
            .bind(subject)
            .bind(kind)
            .execute(executor)
            .await?;
    Ok(hastened.rows_affected() > 0)
}

/// Whether an older effect of the same kind and subject is still open: what is asked later waits for it.
///
/// # Errors
/// Any database error.
pub async fn has_older<'e, E: PgExecutor<'e>>(executor: E, due: &Due) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from effects where subject = $1 and kind = $2 and state = 'due' and position < $3)",
    )
    .bind(due.effect.subject())
    .bind(due.effect.name())
    .bind(due.position)
    .fetch_one(executor)
    .await
}

/// Whether an effect of that kind about that subject is still open.
///
/// # Errors
/// Any database error.
pub async fn is_open<'e, E: PgExecutor<'e>>(executor: E, kind: &str, subject: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from effects where subject = $1 and kind = $2 and state = 'due')")
        .bind(subject)
        .bind(kind)
        .fetch_one(executor)
        .await
}

/// The subjects with an effect of that kind that is not over: it is still open, or waits for the operator, who may have
/// it tried again.
///
/// # Errors
/// Any database error.
pub async fn open_subjects<'e, E: PgExecutor<'e>>(executor: E, kind: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select subject from effects where kind = $1 and state in ('due', 'dead')")
        .bind(kind)
        .fetch_all(executor)
        .await
}

/// Leases due effects of a lane, oldest first.
pub(super) async fn take<'e, E: PgExecutor<'e>>(
    executor: E,
    lane: Lane,
    (lease, owner): (Uuid, &str),
    lease_time: Duration,
    limit: i64,
) -> Result<Vec<Due>, sqlx::Error> {
    let rows: Vec<DueRow> = sqlx::query_as(
        "update effects set lease = $1, owner = $4, lease_until = clock_timestamp() + $2 where op_id in ( \
            select op_id from effects where state = 'due' and lane = $5 and due_at <= clock_timestamp() \
            and (lease_until is null or lease_until < clock_timestamp()) \
            order by due_at limit $3 for update skip locked) \
         returning op_id, effect, attempts, asked, position, correlation_id, reference, \
            sent_at is not null as sent, process = $6 as gives_up, due_at",
    )
    .bind(lease)
    .bind(lease_time)
    .bind(limit)
    .bind(owner)
    .bind(lane.name())
    .bind(GIVE_UP)
    .fetch_all(executor)
    .await?;
    let count = |n: i32| u32::try_from(n).unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| Due {
            op_id: row.op_id,
            effect: row.effect.0,
            attempts: count(row.attempts),
            asked: count(row.asked),
            position: row.position,
            correlation_id: row.correlation_id,
            reference: row.reference,
            sent: row.sent,
            gives_up: row.gives_up,
            lease,
            due_at: row.due_at,
        })
        .collect())
}

/// Who holds leases just now.
pub(super) async fn holders<'e, E: PgExecutor<'e>>(executor: E) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select distinct owner from effects where state = 'due' and owner is not null \
         and lease_until > clock_timestamp()",
    )
    .fetch_all(executor)
    .await
}

/// Ends the leases of a process that is gone. What it was doing is done again, under the same operation id.
pub(super) async fn release<'e, E: PgExecutor<'e>>(executor: E, owner: &str) -> Result<(), sqlx::Error> {
    sqlx::query("update effects set lease = null, lease_until = null, owner = null where state = 'due' and owner = $1")
        .bind(owner)
        .execute(executor)
        .await?;
    Ok(())
}

/// Ends one lease, whatever it holds: nobody came to know of it.
pub(super) async fn give_back<'e, E: PgExecutor<'e>>(executor: E, lease: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("update effects set lease = null, lease_until = null, owner = null where state = 'due' and lease = $1")
        .bind(lease)
        .execute(executor)
        .await?;
    Ok(())
}

/// How long until the next effect of a lane is due; `None` when none is open.
pub(super) async fn next_due<'e, E: PgExecutor<'e>>(executor: E, lane: Lane) -> Result<Option<f64>, sqlx::Error> {
    sqlx::query_scalar(
        "select extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at))) - clock_timestamp())::float8 \
         from effects where state = 'due' and lane = $1",
    )
    .bind(lane.name())
    .fetch_one(executor)
    .await
}

/// Writes down that it is going to be sent, for what must not be sent twice. False when the lease was lost to another
/// worker: then it must not be sent.
///
/// # Errors
/// Any database error: it must not be sent.
pub async fn mark_sent<'e, E: PgExecutor<'e>>(executor: E, due: &Due) -> Result<bool, sqlx::Error> {
    let marked = sqlx::query(
        "update effects set sent_at = coalesce(sent_at, clock_timestamp()) \
         where op_id = $1 and lease = $2 and state = 'due' and lease_until > clock_timestamp()",
    )
    .bind(due.op_id)
    .bind(due.lease)
    .execute(executor)
    .await?;
    Ok(marked.rows_affected() == 1)
}

/// Closes an effect; nothing happens when the lease was lost to another worker. A hint that came in while it was
/// performed may tell of something later than what was seen: then it is performed once more.
pub(super) async fn done(connection: &mut PgConnection, due: &Due, outcome: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update effects set outcome = $3, lease = null, lease_until = null, attempts = attempts + 1, \
         asked = asked + case when due_at = $4 then 0 else 1 end, state = case when due_at = $4 then 'done' else 'due' end, \
         settled_at = case when due_at = $4 then clock_timestamp() end where op_id = $1 and lease = $2",
    )
    .bind(due.op_id)
    .bind(due.lease)
    .bind(outcome)
    .bind(due.due_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives an effect to the operator; nothing happens when the lease was lost to another worker.
pub(super) async fn give_up(connection: &mut PgConnection, due: &Due, reason: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update effects set state = 'dead', outcome = $3, settled_at = clock_timestamp(), lease = null, \
         lease_until = null, attempts = attempts + 1 where op_id = $1 and lease = $2",
    )
    .bind(due.op_id)
    .bind(due.lease)
    .bind(reason)
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts an effect back for later, or for now if a hint came in meanwhile. Waiting does not count as a try; `asked` is
/// what it adds to the polls.
pub(super) async fn put_back(
    connection: &mut PgConnection,
    due: &Due,
    after: Duration,
    (tries, asked): (i32, i32),
    why: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update effects set due_at = case when due_at = $6 then clock_timestamp() + $3 else due_at end, \
         attempts = attempts + $4, asked = asked + $7, outcome = $5, lease = null, lease_until = null \
         where op_id = $1 and lease = $2",
    )
    .bind(due.op_id)
    .bind(due.lease)
    .bind(whole_micros(after))
    .bind(tries)
    .bind(why)
    .bind(due.due_at)
    .bind(asked)
    .execute(connection)
    .await?;
    Ok(())
}

/// The same after a look, together with the provider's name for what goes on there. Looks are counted from when that is
/// known: what was waited for before does not make it be looked at less often.
pub(super) async fn put_back_under(
    connection: &mut PgConnection,
    due: &Due,
    after: Duration,
    reference: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update effects set due_at = case when due_at = $4 then clock_timestamp() + $3 else due_at end, \
         asked = case when reference is null and $5::text is not null then 1 else asked + 1 end, \
         outcome = 'not over yet', reference = coalesce($5, reference), \
         lease = null, lease_until = null where op_id = $1 and lease = $2",
    )
    .bind(due.op_id)
    .bind(due.lease)
    .bind(whole_micros(after))
    .bind(due.due_at)
    .bind(reference)
    .execute(connection)
    .await?;
    Ok(())
}

/// Intervals in the database have microseconds.
fn whole_micros(time: Duration) -> Duration {
    Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}
