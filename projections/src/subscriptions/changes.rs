//! Change requests: one row each, also for what the provider changed without being asked.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::Event;
use event_log::ApplyError;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use super::meaning::{Meaning, meaning};
use crate::model::SUBSCRIPTIONS;
use crate::noun::Mine;
use crate::page::{Page, Shown};

/// A row as a batch of events leaves it.
struct Noted {
    position: i64,
    at: DateTime<Utc>,
    meaning: Meaning,
}

type Changes = BTreeMap<(Uuid, Uuid), Noted>;

pub(super) async fn write(tx: &mut PgConnection, generation: i32, events: &[Mine<'_>]) -> Result<(), ApplyError> {
    let mut changes = Changes::new();
    for mine in events {
        let Event::Subscription(event) = mine.event else { continue };
        let Some((change_id, meaning)) = meaning(event) else { continue };
        // What nobody here asked for counts from when we heard of it.
        let at = meaning.requested_at.map_or_else(|| mine.at(), Ok)?;
        let position = mine.recorded.position;
        let noted = changes.entry((mine.id, change_id)).and_modify(|noted| noted.meaning.go_on(&meaning));
        noted.or_insert_with(|| Noted { position, at, meaning });
    }
    if changes.is_empty() {
        return Ok(());
    }
    Ok(upsert(tx, generation, &changes).await?)
}

/// What is there keeps its place and the time it was asked for; a rejection does not repeat what was asked.
async fn upsert(tx: &mut PgConnection, generation: i32, changes: &Changes) -> Result<(), sqlx::Error> {
    let json = |value: &Option<Value>| value.clone().map(Json);
    sqlx::query(
        "insert into read_changes (generation, subscription_id, id, position, kind, from_value, to_value, state, \
            requested_at, reason) \
         select $1, * from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::jsonb[], $7::jsonb[], \
            $8::text[], $9::timestamptz[], $10::text[]) \
         on conflict (generation, subscription_id, id) do update set state = excluded.state, reason = excluded.reason, \
            from_value = coalesce(excluded.from_value, read_changes.from_value), \
            to_value = coalesce(excluded.to_value, read_changes.to_value)",
    )
    .bind(generation)
    .bind(changes.keys().map(|(subscription, _)| *subscription).collect::<Vec<_>>())
    .bind(changes.keys().map(|(_, change)| *change).collect::<Vec<_>>())
    .bind(changes.values().map(|noted| noted.position).collect::<Vec<_>>())
    .bind(changes.values().map(|noted| noted.meaning.kind).collect::<Vec<_>>())
    .bind(changes.values().map(|noted| json(&noted.meaning.from)).collect::<Vec<_>>())
    .bind(changes.values().map(|noted| json(&noted.meaning.to)).collect::<Vec<_>>())
    .bind(changes.values().map(|noted| noted.meaning.state).collect::<Vec<_>>())
    .bind(changes.values().map(|noted| noted.at).collect::<Vec<_>>())
    .bind(changes.values().map(|noted| noted.meaning.reason.clone()).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// A change request and what came of it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ChangeRow {
    pub id: Uuid,
    /// Of its first event.
    pub position: i64,
    /// `quantity`, `cancellation`, `extension`, `suspension` or `resumption`.
    pub kind: String,
    /// Seats, or a day; `None` where the kind says it all.
    pub from_value: Option<Value>,
    pub to_value: Option<Value>,
    /// `requested`, `confirmed` or `rejected`.
    pub state: String,
    /// Business time.
    pub requested_at: DateTime<Utc>,
    /// Why it was rejected.
    pub reason: Option<String>,
}

#[derive(FromRow)]
struct Raw {
    shown: i64,
    id: Option<Uuid>,
    position: Option<i64>,
    kind: Option<String>,
    from_value: Option<Value>,
    to_value: Option<Value>,
    state: Option<String>,
    requested_at: Option<DateTime<Utc>>,
    reason: Option<String>,
}

impl Raw {
    fn row(self) -> Option<ChangeRow> {
        Some(ChangeRow {
            id: self.id?,
            position: self.position?,
            kind: self.kind?,
            from_value: self.from_value,
            to_value: self.to_value,
            state: self.state?,
            requested_at: self.requested_at?,
            reason: self.reason,
        })
    }
}

/// A page of a subscription's changes, newest first, before a position. The caller has made sure that it may be seen.
///
/// # Errors
/// Any database error.
pub async fn list(
    pool: &PgPool,
    subscription: Uuid,
    before: Option<i64>,
    limit: i64,
) -> Result<Shown<Page<ChangeRow>>, sqlx::Error> {
    let raws: Vec<Raw> = sqlx::query_as(
        "select r.position as shown, t.* from readers r left join lateral ( \
            select t.id, t.position, t.kind, t.from_value, t.to_value, t.state, t.requested_at, t.reason \
            from read_changes t where t.generation = r.generation and t.subscription_id = $2 \
            and ($3::bigint is null or t.position < $3) order by t.position desc limit $4) t on true \
         where r.name = $1 order by t.position desc",
    )
    .bind(SUBSCRIPTIONS)
    .bind(subscription)
    .bind(before)
    .bind(limit + 1)
    .fetch_all(pool)
    .await?;
    let position = raws.first().map_or(0, |raw| raw.shown);
    let rows = raws.into_iter().filter_map(Raw::row).collect();
    Ok(Shown { position, content: Page::cut(rows, limit, |row: &ChangeRow| row.position) })
}
