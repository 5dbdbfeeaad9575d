//! Payments: rows and queries.

use domain::decider::Fact;
use domain::payment::{Payable, Payment, PaymentRules, PaymentState};
use domain::{AggregateType, Decider, Event, ids};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::BILLING;
use crate::noun::{Noun, born};
use crate::page::{self, Page, Row, Scope, Shown};

#[derive(Debug)]
pub struct Payments;

impl Noun for Payments {
    const TYPE: AggregateType = AggregateType::Payment;
    const TABLE: &'static str = "read_payments";
    const MODEL: &'static str = BILLING;
    type State = PaymentState;

    fn evolve(state: &mut PaymentState, event: &Event) {
        if let Some(event) = Fact::of(event) {
            PaymentRules::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<PaymentState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }
}

async fn write(
    tx: &mut PgConnection,
    generation: i32,
    rows: &[(Uuid, &Versioned<PaymentState>)],
) -> Result<(), sqlx::Error> {
    let known: Vec<_> = rows.iter().filter_map(|(id, row)| Some((*id, *row, row.state.known()?))).collect();
    sqlx::query(
        "insert into read_payments (generation, id, born, customer_id, reseller_id, invoice_id, order_id, status, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[], \
            $9::jsonb[]) \
         on conflict (generation, id) do update set reseller_id = excluded.reseller_id, status = excluded.status, \
            doc = excluded.doc",
    )
    .bind(generation)
    .bind(known.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| born(row)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., payment)| payment.started.customer_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., payment)| payment.started.reseller_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., payment)| invoice(payment)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., payment)| order(payment)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., payment)| payment.status.name()).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// What it pays, or would pay: also the invoice that a prepaid order gets with its payment.
fn invoice(payment: &Payment) -> Uuid {
    match payment.started.payable {
        Payable::Invoice(id) => id,
        Payable::Order(id) => ids::order_invoice(id),
    }
}

const fn order(payment: &Payment) -> Option<Uuid> {
    match payment.started.payable {
        Payable::Invoice(_) => None,
        Payable::Order(id) => Some(id),
    }
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub customer_id: Option<Uuid>,
    /// Also those of the order that it is the invoice of.
    pub invoice_id: Option<Uuid>,
    pub order_id: Option<Uuid>,
    pub status: Vec<String>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of payments, newest first. In the scope of a customer its own only: how its end customers pay is nothing to a
/// reseller.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, scope: Scope, filter: &Filter) -> Result<Shown<Page<Row<PaymentState>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.id, t.born, t.doc from readers r left join lateral ( \
            select t.id, t.born, t.doc from read_payments t where t.generation = r.generation \
            and ($2::uuid is null or t.customer_id = $2) and ($3::uuid is null or t.customer_id = $3) \
            and ($4::uuid is null or t.invoice_id = $4) and ($5::uuid is null or t.order_id = $5) \
            and (cardinality($6::text[]) = 0 or t.status = any($6)) \
            and ($7::bigint is null or t.born < $7) order by t.born desc limit $8) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(BILLING)
    .bind(scope.customer)
    .bind(filter.customer_id)
    .bind(filter.invoice_id)
    .bind(filter.order_id)
    .bind(&filter.status)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    page::listed(raws, filter.limit)
}
