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
#[derive(Debug, Clone)]
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

#[derive(FromRow)]
struct Raw {
    position: i64,
    ordinal: Option<i32>,
    licence_id: Option<Uuid>,
    key_subject: Option<Uuid>,
    key_revision: Option<i32>,
    added_on: Option<NaiveDate>,
}

impl Raw {
    fn row(self) -> Option<LicenceRow> {
        Some(LicenceRow {
            ordinal: self.ordinal?,
            licence_id: self.licence_id?,
            key_subject: self.key_subject?,
            key_revision: self.key_revision?,
            added_on: self.added_on?,
        })
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
    // In one statement: between two of them a rebuild could replace the generation.
    let raws: Vec<Raw> = sqlx::query_as(
        "select r.position, t.* from readers r left join lateral ( \
            select t.ordinal, t.licence_id, t.key_subject, t.key_revision, t.added_on from read_licences t \
            where t.generation = r.generation and t.subscription_id = $2 and t.ordinal > $3 \
            order by t.ordinal limit $4) t on true \
         where r.name = $1 order by t.ordinal",
    )
    .bind(SUBSCRIPTIONS)
    .bind(subscription)
    .bind(i32::try_from(after).unwrap_or(i32::MAX))
    .bind(limit + 1)
    .fetch_all(pool)
    .await?;
    let position = raws.first().map_or(0, |raw| raw.position);
    let mut rows: Vec<LicenceRow> = raws.into_iter().filter_map(Raw::row).collect();
    let more = i64::try_from(rows.len()).is_ok_and(|n| n > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|row| i64::from(row.ordinal));
    Ok(LicencesShown { position, rows, next })
}
