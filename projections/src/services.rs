//! The catalogue: rows and queries.

use domain::decider::Fact;
use domain::service::{ServiceRules, ServiceState};
use domain::{AggregateType, Decider, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::DIRECTORY;
use crate::noun::{Noun, born};
use crate::page::{self, Page, Row, Shown};

#[derive(Debug)]
pub struct Services;

impl Noun for Services {
    const TYPE: AggregateType = AggregateType::Service;
    const TABLE: &'static str = "read_services";
    const MODEL: &'static str = DIRECTORY;
    /// The catalogue is everybody's.
    const OWNED: &'static str = "true";
    const FOLLOWS_MOVES: bool = false;
    type State = ServiceState;

    fn evolve(state: &mut ServiceState, event: &Event) {
        if let Some(event) = Fact::of(event) {
            ServiceRules::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<ServiceState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }
}

async fn write(
    tx: &mut PgConnection,
    generation: i32,
    rows: &[(Uuid, &Versioned<ServiceState>)],
) -> Result<(), sqlx::Error> {
    let known: Vec<_> = rows.iter().filter_map(|(id, row)| Some((*id, *row, row.state.known()?))).collect();
    sqlx::query(
        "insert into read_services (generation, id, born, sku, term, status, name, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[]) \
         on conflict (generation, id) do update set term = excluded.term, status = excluded.status, \
            name = excluded.name, doc = excluded.doc",
    )
    .bind(generation)
    .bind(known.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| born(row)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., service)| service.sku.as_str()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., service)| service.offer.term.code()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., service)| service.status.name()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., service)| service.offer.name.as_str()).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of name or SKU, in any case.
    pub q: Option<String>,
    pub term: Option<String>,
    pub status: Vec<String>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of services, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, filter: &Filter) -> Result<Shown<Page<Row<ServiceState>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.id, t.born, t.doc from readers r left join lateral ( \
            select t.id, t.born, t.doc from read_services t where t.generation = r.generation \
            and ($2::text is null or position(lower($2) in lower(t.name)) > 0 or position(lower($2) in lower(t.sku)) > 0) \
            and ($3::text is null or t.term = $3) and (cardinality($4::text[]) = 0 or t.status = any($4)) \
            and ($5::bigint is null or t.born < $5) order by t.born desc limit $6) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(DIRECTORY)
    .bind(&filter.q)
    .bind(&filter.term)
    .bind(&filter.status)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    page::listed(raws, filter.limit)
}
