//! The log itself, as auditors read it. Personal data stays references.

use chrono::{DateTime, Utc};
use event_log::{LogError, Recorded, page};
use sqlx::PgPool;

/// Which events to list. Absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub aggregate: Option<String>,
    pub aggregate_id: Option<String>,
    pub event_type: Option<String>,
    pub actor: Option<String>,
    pub correlation: Option<String>,
    pub customer_id: Option<uuid::Uuid>,
    /// Half-open range of `recorded_at`.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub after_position: i64,
    pub limit: i64,
}

/// Events in order of position, and the log's head as of then.
///
/// # Errors
/// [`LogError::Database`].
pub async fn events(pool: &PgPool, filter: &Filter) -> Result<(i64, Vec<Recorded>), LogError> {
    let head = page::head(pool).await?;
    let sql = format!(
        "select {} from events where position > $1 and position <= $2 \
         and ($3::text is null or aggregate_type = $3) and ($4::text is null or aggregate_id = $4) \
         and ($5::text is null or event_type = $5) and ($6::text is null or metadata->>'actor' = $6) \
         and ($7::text is null or metadata->>'correlation_id' = $7) and ($8::uuid is null or customer_id = $8) \
         and ($9::timestamptz is null or recorded_at >= $9) and ($10::timestamptz is null or recorded_at < $10) \
         order by position limit $11",
        event_log::recorded::COLUMNS
    );
    let rows = sqlx::query_as(&sql)
        .bind(filter.after_position)
        .bind(head)
        .bind(&filter.aggregate)
        .bind(&filter.aggregate_id)
        .bind(&filter.event_type)
        .bind(&filter.actor)
        .bind(&filter.correlation)
        .bind(filter.customer_id)
        .bind(filter.from)
        .bind(filter.to)
        .bind(filter.limit)
        .fetch_all(pool)
        .await?;
    Ok((head, rows))
}
