//! What must hold of a log whatever was done to it.

use anyhow::ensure;
use sqlx::PgPool;
use uuid::Uuid;

/// Each counts what must not be there.
const NEVER: [(&str, &str); 8] = [
    (
        "a hole or a doublet in the positions",
        "select count(*) from (select position, row_number() over (order by position) n from events) e \
         where position <> n",
    ),
    (
        "a head that is not the last position",
        "select count(*) from log_head h \
         where h.position <> (select count(*) from events)",
    ),
    (
        "a hole in a stream, or events of a stream out of order",
        "select count(*) from (select sequence, row_number() over \
            (partition by aggregate_type, aggregate_id order by position) n from events) e where sequence <> n",
    ),
    (
        "a time that goes back",
        "select count(*) from (select recorded_at, lag(recorded_at) over (order by position) before from events) e \
         where recorded_at < before",
    ),
    (
        "an event without its command's outcome",
        "select count(*) from events e \
         where not exists (select from command_results r where r.id = e.command_id)",
    ),
    (
        "an event outside of its command's positions",
        "select count(*) from events e join command_results r on r.id = e.command_id \
         where e.position not between r.first_position and r.last_position",
    ),
    (
        "an outcome whose version its stream never had",
        "select count(*) from command_results r where r.aggregate_id is not null and r.version > \
            (select count(*) from events e where (e.aggregate_type, e.aggregate_id) = (r.aggregate_type, r.aggregate_id))",
    ),
    ("an event twice", "select count(*) from (select event_id from events group by event_id having count(*) > 1) e"),
];

/// Checks everything that must hold of any log.
///
/// # Errors
/// With what does not hold.
pub async fn check_log(pool: &PgPool) -> anyhow::Result<()> {
    for (what, sql) in NEVER {
        let found: i64 = sqlx::query_scalar(sql).fetch_one(pool).await?;
        ensure!(found == 0, "{what}: {found} times");
    }
    Ok(())
}

/// Position and sequence of every event of a command, in order.
///
/// # Errors
/// Any database error.
pub async fn rows_of(pool: &PgPool, command_id: Uuid) -> anyhow::Result<Vec<(i64, i64)>> {
    let sql = "select position, sequence from events where command_id = $1 order by position";
    Ok(sqlx::query_as(sql).bind(command_id).fetch_all(pool).await?)
}
