//! Licences: one row per seat.

use chrono::{DateTime, NaiveDate, Utc};
use domain::PersonalRef;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::model::SUBSCRIPTIONS;

/// One licence; its key and its user are joined when answering.
#[derive(Debug, Clone, PartialEq)]
pub struct LicenceRow {
    pub ordinal: i32,
    pub licence_id: Uuid,
    pub key: PersonalRef,
    pub added_on: NaiveDate,
    pub assigned_to: Option<PersonalRef>,
    /// Business time.
    pub assigned_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct Raw {
    position: i64,
    ordinal: Option<i32>,
    licence_id: Option<Uuid>,
    key_subject: Option<Uuid>,
    key_revision: Option<i32>,
    added_on: Option<NaiveDate>,
    assigned_subject: Option<Uuid>,
    assigned_revision: Option<i32>,
    assigned_at: Option<DateTime<Utc>>,
}

impl Raw {
    fn row(self) -> Option<LicenceRow> {
        Some(LicenceRow {
            ordinal: self.ordinal?,
            licence_id: self.licence_id?,
            key: PersonalRef { subject: self.key_subject?, revision: self.key_revision? },
            added_on: self.added_on?,
            assigned_to: self.assigned_subject.zip(self.assigned_revision).map(reference),
            assigned_at: self.assigned_at,
        })
    }
}

const fn reference((subject, revision): (Uuid, i32)) -> PersonalRef {
    PersonalRef { subject, revision }
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
            select t.ordinal, t.licence_id, t.key_subject, t.key_revision, t.added_on, t.assigned_subject, \
                t.assigned_revision, t.assigned_at from read_licences t \
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
