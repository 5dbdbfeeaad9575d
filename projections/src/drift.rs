//! Differences between the provider and us: rows and queries. Only the seller's staff asks.

use domain::decider::Fact;
use domain::drift::{DriftRules, DriftState};
use domain::{AggregateType, Decider, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::SUBSCRIPTIONS;
use crate::noun::{Noun, born};
use crate::page::{self, Page, Row, Shown};

#[derive(Debug)]
pub struct Drifts;

impl Noun for Drifts {
    const TYPE: AggregateType = AggregateType::Drift;
    const TABLE: &'static str = "read_drift";
    const MODEL: &'static str = SUBSCRIPTIONS;
    const OWNED: &'static str = "t.customer_id = $3";
    const FOLLOWS_MOVES: bool = false;
    type State = DriftState;

    fn evolve(state: &mut DriftState, event: &Event) {
        if let Some(event) = Fact::of(event) {
            DriftRules::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<DriftState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }
}

async fn write(
    tx: &mut PgConnection,
    generation: i32,
    rows: &[(Uuid, &Versioned<DriftState>)],
) -> Result<(), sqlx::Error> {
    let known: Vec<_> = rows.iter().filter_map(|(id, row)| Some((*id, *row, row.state.known()?))).collect();
    sqlx::query(
        "insert into read_drift (generation, id, born, customer_id, subscription_id, field, status, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::jsonb[]) \
         on conflict (generation, id) do update set status = excluded.status, doc = excluded.doc",
    )
    .bind(generation)
    .bind(known.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| born(row)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., drift)| drift.customer_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., drift)| drift.subscription_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., drift)| drift.field.name()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., drift)| drift.status()).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub customer_id: Option<Uuid>,
    pub subscription_id: Option<Uuid>,
    pub status: Vec<String>,
    pub field: Vec<String>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of differences, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, filter: &Filter) -> Result<Shown<Page<Row<DriftState>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.id, t.born, t.doc from readers r left join lateral ( \
            select t.id, t.born, t.doc from read_drift t where t.generation = r.generation \
            and ($2::uuid is null or t.customer_id = $2) and ($3::uuid is null or t.subscription_id = $3) \
            and (cardinality($4::text[]) = 0 or t.status = any($4)) \
            and (cardinality($5::text[]) = 0 or t.field = any($5)) \
            and ($6::bigint is null or t.born < $6) order by t.born desc limit $7) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(SUBSCRIPTIONS)
    .bind(filter.customer_id)
    .bind(filter.subscription_id)
    .bind(&filter.status)
    .bind(&filter.field)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    page::listed(raws, filter.limit)
}
