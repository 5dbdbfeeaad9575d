//! Billing runs: rows and queries. Only the seller's staff asks. What they found has a table of its own.

use domain::billing_run::RunSummary;
use domain::decider::Fact;
use domain::{AggregateType, Event};
use event_log::ApplyError;
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::discrepancies;
use crate::model::BILLING;
use crate::noun::{self, Mine, Noun, born};
use crate::page::{self, Page, Row, Shown};

#[derive(Debug)]
pub struct BillingRuns;

impl Noun for BillingRuns {
    const TYPE: AggregateType = AggregateType::BillingRun;
    const TABLE: &'static str = "read_billing_runs";
    const MODEL: &'static str = BILLING;
    const OWNED: &'static str = "t.customer_id = $3";
    const FOLLOWS_MOVES: bool = false;
    type State = Option<RunSummary>;

    fn evolve(state: &mut Self::State, event: &Event) {
        if let Some(event) = Fact::of(event) {
            RunSummary::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<Self::State>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }

    fn also<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Mine<'a>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(discrepancies::write(tx, generation, events))
    }

    fn clear(tx: &mut PgConnection, generation: i32) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        Box::pin(async move {
            noun::clear_table(tx, discrepancies::TABLE, generation).await?;
            noun::clear_table(tx, Self::TABLE, generation).await
        })
    }
}

async fn write(
    tx: &mut PgConnection,
    generation: i32,
    rows: &[(Uuid, &Versioned<Option<RunSummary>>)],
) -> Result<(), sqlx::Error> {
    let known: Vec<_> = rows.iter().filter_map(|(id, row)| Some((*id, *row, row.state.as_ref()?))).collect();
    sqlx::query(
        "insert into read_billing_runs (generation, id, born, customer_id, period, status, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::jsonb[]) \
         on conflict (generation, id) do update set status = excluded.status, doc = excluded.doc",
    )
    .bind(generation)
    .bind(known.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| born(row)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., run)| run.started.customer_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., run)| run.started.period.to_string()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., run)| run.status.name()).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Vec<String>,
    /// As it is written, `2026-10`.
    pub period: Option<String>,
    /// Runs for this billed party alone.
    pub customer_id: Option<Uuid>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of runs, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, filter: &Filter) -> Result<Shown<Page<Row<Option<RunSummary>>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.id, t.born, t.doc from readers r left join lateral ( \
            select t.id, t.born, t.doc from read_billing_runs t where t.generation = r.generation \
            and (cardinality($2::text[]) = 0 or t.status = any($2)) and ($3::text is null or t.period = $3) \
            and ($4::uuid is null or t.customer_id = $4) \
            and ($5::bigint is null or t.born < $5) order by t.born desc limit $6) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(BILLING)
    .bind(&filter.status)
    .bind(&filter.period)
    .bind(filter.customer_id)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    page::listed(raws, filter.limit)
}
