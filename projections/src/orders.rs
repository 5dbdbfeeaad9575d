//! Orders: rows and queries.

use chrono::{DateTime, Utc};
use domain::decider::Fact;
use domain::order::{OrderRules, OrderState};
use domain::{AggregateType, Decider, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::ORDERS;
use crate::noun::{Noun, born};
use crate::page::{self, Page, Row, Scope, Shown};

#[derive(Debug)]
pub struct Orders;

impl Noun for Orders {
    const TYPE: AggregateType = AggregateType::Order;
    const TABLE: &'static str = "read_orders";
    const MODEL: &'static str = ORDERS;
    type State = OrderState;

    fn evolve(state: &mut OrderState, event: &Event) {
        if let Some(event) = Fact::of(event) {
            OrderRules::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<OrderState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }
}

async fn write(
    tx: &mut PgConnection,
    generation: i32,
    rows: &[(Uuid, &Versioned<OrderState>)],
) -> Result<(), sqlx::Error> {
    let known: Vec<_> = rows.iter().filter_map(|(id, row)| Some((*id, *row, row.state.known()?))).collect();
    sqlx::query(
        "insert into read_orders (generation, id, born, customer_id, reseller_id, account_id, status, name, ordered_at, \
            doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], \
            $9::timestamptz[], $10::jsonb[]) \
         on conflict (generation, id) do update set reseller_id = excluded.reseller_id, status = excluded.status, \
            doc = excluded.doc",
    )
    .bind(generation)
    .bind(known.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| born(row)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., order)| order.details.customer_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., order)| order.details.reseller_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., order)| order.details.account_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., order)| order.status.name()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., order)| order.details.name.as_deref()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., order)| order.details.ordered_at).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of the name, in any case.
    pub name: Option<String>,
    pub customer_id: Option<Uuid>,
    pub account_id: Option<Uuid>,
    pub status: Vec<String>,
    /// Half-open range of the time it was ordered.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of orders, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, scope: Scope, filter: &Filter) -> Result<Shown<Page<Row<OrderState>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.id, t.born, t.doc from readers r left join lateral ( \
            select t.id, t.born, t.doc from read_orders t where t.generation = r.generation \
            and ($2::uuid is null or t.customer_id = $2 or t.reseller_id = $2) \
            and ($3::text is null or position(lower($3) in lower(t.name)) > 0) \
            and ($4::uuid is null or t.customer_id = $4) and ($5::uuid is null or t.account_id = $5) \
            and (cardinality($6::text[]) = 0 or t.status = any($6)) \
            and ($7::timestamptz is null or t.ordered_at >= $7) and ($8::timestamptz is null or t.ordered_at < $8) \
            and ($9::bigint is null or t.born < $9) order by t.born desc limit $10) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(ORDERS)
    .bind(scope.customer)
    .bind(&filter.name)
    .bind(filter.customer_id)
    .bind(filter.account_id)
    .bind(&filter.status)
    .bind(filter.from)
    .bind(filter.to)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    page::listed(raws, filter.limit)
}
