//! Customers: rows and queries.

use domain::customer::{CustomerKind, CustomerRules, CustomerState};
use domain::decider::Fact;
use domain::{AggregateType, Decider, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::DIRECTORY;
use crate::noun::{Noun, born};
use crate::page::{self, Page, Row, Scope, Shown};

#[derive(Debug)]
pub struct Customers;

impl Noun for Customers {
    const TYPE: AggregateType = AggregateType::Customer;
    const TABLE: &'static str = "read_customers";
    const MODEL: &'static str = DIRECTORY;
    const OWNED: &'static str = "(t.id = $3 or t.reseller_id = $3)";
    const FOLLOWS_MOVES: bool = false;
    type State = CustomerState;

    fn evolve(state: &mut CustomerState, event: &Event) {
        if let Some(event) = Fact::of(event) {
            CustomerRules::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<CustomerState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }
}

async fn write(
    tx: &mut PgConnection,
    generation: i32,
    rows: &[(Uuid, &Versioned<CustomerState>)],
) -> Result<(), sqlx::Error> {
    let known: Vec<_> = rows.iter().filter_map(|(id, row)| Some((*id, *row, row.state.known()?))).collect();
    sqlx::query(
        "insert into read_customers (generation, id, born, reseller_id, kind, status, name, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::jsonb[]) \
         on conflict (generation, id) do update set reseller_id = excluded.reseller_id, status = excluded.status, \
            name = excluded.name, doc = excluded.doc",
    )
    .bind(generation)
    .bind(known.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| born(row)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., customer)| customer.reseller_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., customer)| kind(customer.kind)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., customer)| customer.status.name()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., customer)| customer.name.as_str()).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// As the API says it.
pub const fn kind(kind: CustomerKind) -> &'static str {
    match kind {
        CustomerKind::Direct => "direct",
        CustomerKind::Reseller => "reseller",
    }
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of the name, in any case.
    pub q: Option<String>,
    pub kind: Option<String>,
    pub reseller_id: Option<Uuid>,
    pub customer_id: Option<Uuid>,
    pub status: Vec<String>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of customers, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(
    pool: &PgPool,
    scope: Scope,
    filter: &Filter,
) -> Result<Shown<Page<Row<CustomerState>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.id, t.born, t.doc from readers r left join lateral ( \
            select t.id, t.born, t.doc from read_customers t where t.generation = r.generation \
            and ($2::uuid is null or t.id = $2 or t.reseller_id = $2) \
            and ($3::text is null or position(lower($3) in lower(t.name)) > 0) \
            and ($4::text is null or t.kind = $4) and ($5::uuid is null or t.reseller_id = $5) \
            and ($6::uuid is null or t.id = $6) and (cardinality($7::text[]) = 0 or t.status = any($7)) \
            and ($8::bigint is null or t.born < $8) order by t.born desc limit $9) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(DIRECTORY)
    .bind(scope.customer)
    .bind(&filter.q)
    .bind(&filter.kind)
    .bind(filter.reseller_id)
    .bind(filter.customer_id)
    .bind(&filter.status)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    page::listed(raws, filter.limit)
}
