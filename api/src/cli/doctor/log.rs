//! The log itself, read from end to end.

use sqlx::PgConnection;

use super::Finding;
use super::nats::Log;

pub async fn head(connection: &mut PgConnection) -> Result<Log, sqlx::Error> {
    let (id, head) = sqlx::query_as("select log_id, position from log_head").fetch_one(connection).await?;
    Ok(Log { id, head })
}

/// What must never be found, each as a count and what it counts.
const INVARIANTS: [(&str, &str); 4] = [
    (
        "positions missing",
        "select h.position - (select count(*) from events where position between 1 and h.position) from log_head h",
    ),
    ("positions beyond the head", "select count(*) from events where position > (select position from log_head)"),
    (
        "streams with holes",
        "select count(*) from (select from events group by aggregate_type, aggregate_id \
         having min(sequence) <> 1 or max(sequence) <> count(*)) holes",
    ),
    ("readers ahead of the log", "select count(*) from readers where position > (select position from log_head)"),
];

pub async fn look(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = Vec::new();
    for (what, sql) in INVARIANTS {
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
        let found = format!("{count} {what}");
        findings.push(match count {
            0 => Finding::ok("log", found),
            _ => Finding::wrong("log", found, "stop every process and restore the database: the log was changed"),
        });
    }
    Ok(findings)
}
