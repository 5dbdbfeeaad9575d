//! The effects table as operators read it.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgExecutor};
use uuid::Uuid;

/// An effect as the operator sees it.
#[derive(Debug, Clone, FromRow)]
pub struct EffectRow {
    pub op_id: Uuid,
    pub process: String,
    pub position: Option<i64>,
    pub kind: String,
    pub subject: String,
    pub state: String,
    pub attempts: i32,
    pub asked: i32,
    pub due_at: DateTime<Utc>,
    pub outcome: Option<String>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// What effects to list.
#[derive(Debug, Clone, Default)]
pub struct EffectFilter {
    /// Empty: all.
    pub states: Vec<String>,
    /// About something of this customer.
    pub customer_id: Option<Uuid>,
    /// Only what comes after this moment and id in the list.
    pub before: Option<(DateTime<Utc>, String)>,
    pub limit: i64,
}

/// A page of effects, newest first; of the same moment by id.
///
/// # Errors
/// Any database error.
pub async fn list<'e, E: PgExecutor<'e>>(executor: E, filter: &EffectFilter) -> Result<Vec<EffectRow>, sqlx::Error> {
    page(executor, filter, "created_at").await
}

/// A page of those that came to nothing, the last first.
///
/// # Errors
/// Any database error.
pub async fn dead<'e, E: PgExecutor<'e>>(executor: E, filter: &EffectFilter) -> Result<Vec<EffectRow>, sqlx::Error> {
    let dead = EffectFilter { states: vec!["dead".to_owned()], ..filter.clone() };
    page(executor, &dead, "settled_at").await
}

async fn page<'e, E: PgExecutor<'e>>(
    executor: E,
    filter: &EffectFilter,
    moment: &'static str,
) -> Result<Vec<EffectRow>, sqlx::Error> {
    let sql = format!(
        "select op_id, process, position, kind, subject, state, attempts, asked, due_at, outcome, created_at, settled_at \
         from effects f where (cardinality($1::text[]) = 0 or state = any($1)) \
         and ($2::timestamptz is null or ({moment}, op_id::text collate \"C\") < ($2, $3::text collate \"C\")) \
         and ($4::uuid is null or exists (select from events e where e.sequence = 1 \
            and e.aggregate_id in (f.subject, f.effect->>'payment_id') and e.customer_id = $4 \
            and e.aggregate_type in ('account', 'order', 'subscription', 'drift', 'invoice', 'payment'))) \
         order by {moment} desc, op_id::text collate \"C\" desc limit $5"
    );
    sqlx::query_as(&sql)
        .bind(&filter.states)
        .bind(filter.before.as_ref().map(|(moment, _)| *moment))
        .bind(filter.before.as_ref().map(|(_, id)| id))
        .bind(filter.customer_id)
        .bind(filter.limit)
        .fetch_all(executor)
        .await
}
