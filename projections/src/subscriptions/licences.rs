//! Licences: one row per seat.

use chrono::NaiveDate;
use domain::subscription::SubscriptionEvent;
use domain::{Event, PersonalRef};
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use crate::model::SUBSCRIPTIONS;

/// Rows written in one statement.
const CHUNK: usize = 5_000;

struct Granted {
    subscription: Uuid,
    ordinal: i32,
    licence: Uuid,
    key: PersonalRef,
    added_on: NaiveDate,
}

pub(super) async fn write(
    tx: &mut PgConnection,
    generation: i32,
    events: &[(Uuid, &Event)],
) -> Result<(), sqlx::Error> {
    let granted: Vec<Granted> = events.iter().flat_map(|(id, event)| granted(*id, event)).collect();
    for chunk in granted.chunks(CHUNK) {
        insert(tx, generation, chunk).await?;
    }
    Ok(())
}

fn granted(subscription: Uuid, event: &Event) -> Vec<Granted> {
    let Event::Subscription(SubscriptionEvent::LicencesGranted { licences }) = event else { return Vec::new() };
    let one = |licence: &domain::subscription::GrantedLicence| Granted {
        subscription,
        ordinal: i32::try_from(licence.ordinal).unwrap_or(i32::MAX),
        licence: licence.licence_id,
        key: licence.key,
        added_on: licence.added_on,
    };
    licences.iter().map(one).collect()
}

async fn insert(tx: &mut PgConnection, generation: i32, rows: &[Granted]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into read_licences (generation, subscription_id, ordinal, licence_id, key_subject, key_revision, added_on) \
         select $1, * from unnest($2::uuid[], $3::integer[], $4::uuid[], $5::uuid[], $6::integer[], $7::date[])",
    )
    .bind(generation)
    .bind(rows.iter().map(|row| row.subscription).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.ordinal).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.licence).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.key.subject).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.key.revision).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.added_on).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// One licence; its key is joined when answering.
#[derive(Debug, Clone, FromRow)]
pub struct LicenceRow {
    pub ordinal: i32,
    pub licence_id: Uuid,
    pub key_subject: Uuid,
    pub key_revision: i32,
    pub added_on: NaiveDate,
}

impl LicenceRow {
    pub const fn key(&self) -> PersonalRef {
        PersonalRef { subject: self.key_subject, revision: self.key_revision }
    }
}

/// A page of licences by seat.
#[derive(Debug, Clone)]
pub struct LicencesShown {
    pub position: i64,
    pub rows: Vec<LicenceRow>,
    /// The last ordinal, when another page follows.
    pub next: Option<i64>,
}

/// The licences of a subscription after an ordinal, in order. The caller has made sure that it may be seen.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, subscription: Uuid, after: i64, limit: i64) -> Result<LicencesShown, sqlx::Error> {
    let (position, generation): (i64, i32) = sqlx::query_as("select position, generation from readers where name = $1")
        .bind(SUBSCRIPTIONS)
        .fetch_optional(pool)
        .await?
        .unwrap_or((0, 1));
    let mut rows: Vec<LicenceRow> = sqlx::query_as(
        "select ordinal, licence_id, key_subject, key_revision, added_on from read_licences \
         where generation = $1 and subscription_id = $2 and ordinal > $3 order by ordinal limit $4",
    )
    .bind(generation)
    .bind(subscription)
    .bind(i32::try_from(after).unwrap_or(i32::MAX))
    .bind(limit + 1)
    .fetch_all(pool)
    .await?;
    let more = i64::try_from(rows.len()).is_ok_and(|n| n > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|row| i64::from(row.ordinal));
    Ok(LicencesShown { position, rows, next })
}
