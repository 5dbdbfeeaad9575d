//! How the provider's bill and ours differ, one row per difference a billing run found. Only the seller's staff asks.

mod rows;

pub(crate) use rows::write;
pub use rows::{Difference, DiscrepancyRow, of_log};

use domain::PersonalRef;
use event_log::stream::Mark;
use sqlx::{FromRow, PgPool, types::Json};
use uuid::Uuid;

use crate::model::BILLING;
use crate::page::{Page, Shown};

pub(crate) const TABLE: &str = "read_billing_discrepancies";

#[derive(FromRow)]
struct Raw {
    position: i64,
    id: Option<Uuid>,
    found: Option<Json<Difference>>,
    status: Option<String>,
    note: Option<Json<PersonalRef>>,
    made: Option<Json<Mark>>,
    touched: Option<Json<Mark>>,
    version: Option<i64>,
    #[sqlx(default)]
    parked: bool,
}

impl Raw {
    fn row(self) -> Option<DiscrepancyRow> {
        Some(DiscrepancyRow {
            id: self.id?,
            found: self.found?.0,
            status: self.status?,
            note: self.note.map(|note| note.0),
            made: self.made?.0,
            touched: self.touched?.0,
            version: self.version?,
        })
    }
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub run_id: Option<Uuid>,
    pub status: Vec<String>,
    pub kind: Vec<String>,
    pub customer_id: Option<Uuid>,
    pub account_id: Option<Uuid>,
    /// Only rows born before this position.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of differences, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, filter: &Filter) -> Result<Shown<Page<DiscrepancyRow>>, sqlx::Error> {
    let raws: Vec<Raw> = sqlx::query_as(
        "select r.position, t.* from readers r left join lateral ( \
            select t.born, t.id, t.found, t.status, t.note, t.made, t.touched, (s.doc->>'version')::bigint as version \
            from read_billing_discrepancies t \
            join read_billing_runs s on s.generation = t.generation and s.id = t.run_id \
            where t.generation = r.generation and ($2::uuid is null or t.run_id = $2) \
            and (cardinality($3::text[]) = 0 or t.status = any($3)) \
            and (cardinality($4::text[]) = 0 or t.kind = any($4)) \
            and ($5::uuid is null or t.customer_id = $5) and ($6::uuid is null or t.account_id = $6) \
            and ($7::bigint is null or t.born < $7) order by t.born desc limit $8) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(BILLING)
    .bind(filter.run_id)
    .bind(&filter.status)
    .bind(&filter.kind)
    .bind(filter.customer_id)
    .bind(filter.account_id)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    let position = raws.first().map_or(0, |raw| raw.position);
    let rows = raws.into_iter().filter_map(Raw::row).collect();
    Ok(Shown { position, content: Page::cut(rows, filter.limit, |row: &DiscrepancyRow| row.made.position) })
}

/// What came of looking for one.
#[derive(Debug, Clone)]
pub enum Found {
    Row(Box<DiscrepancyRow>),
    Absent,
    /// An event of its run could not be applied: what is shown would be old.
    Parked,
}

/// One difference.
///
/// # Errors
/// Any database error.
pub async fn get(pool: &PgPool, id: Uuid) -> Result<Shown<Found>, sqlx::Error> {
    let raw: Option<Raw> = sqlx::query_as(
        "select r.position, t.id, t.found, t.status, t.note, t.made, t.touched, \
            (s.doc->>'version')::bigint as version, exists (select 1 from dead_letters d where d.reader = r.name \
            and d.generation = r.generation and d.aggregate_type = 'billing_run' \
            and d.aggregate_id = t.run_id::text) as parked \
         from readers r left join read_billing_discrepancies t on t.generation = r.generation and t.id = $2 \
         left join read_billing_runs s on s.generation = t.generation and s.id = t.run_id where r.name = $1",
    )
    .bind(BILLING)
    .bind(id)
    .fetch_optional(pool)
    .await?;
    let Some(raw) = raw else { return Ok(Shown { position: 0, content: Found::Absent }) };
    let (position, parked) = (raw.position, raw.parked);
    let content = match raw.row() {
        Some(_) if parked => Found::Parked,
        Some(row) => Found::Row(Box::new(row)),
        None => Found::Absent,
    };
    Ok(Shown { position, content })
}
