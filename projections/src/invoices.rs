//! Invoices: rows and queries.

use std::collections::BTreeSet;

use domain::billing::Period;
use domain::decider::Fact;
use domain::invoice::{Invoice, InvoiceRules, InvoiceState};
use domain::{AggregateType, Decider, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::BILLING;
use crate::noun::{Noun, born};
use crate::page::{self, Page, Row, Scope, Shown};

#[derive(Debug)]
pub struct Invoices;

impl Noun for Invoices {
    const TYPE: AggregateType = AggregateType::Invoice;
    const TABLE: &'static str = "read_invoices";
    const MODEL: &'static str = BILLING;
    /// What was never issued is nobody's but the seller's.
    const OWNED: &'static str = "(t.issued and (t.customer_id = $3 or t.reseller_id = $3))";
    type State = InvoiceState;

    fn evolve(state: &mut InvoiceState, event: &Event) {
        if let Some(event) = Fact::of(event) {
            InvoiceRules::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<InvoiceState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }
}

async fn write(
    tx: &mut PgConnection,
    generation: i32,
    rows: &[(Uuid, &Versioned<InvoiceState>)],
) -> Result<(), sqlx::Error> {
    let known: Vec<_> = rows.iter().filter_map(|(id, row)| Some((*id, *row, row.state.known()?))).collect();
    sqlx::query(
        "insert into read_invoices (generation, id, born, customer_id, reseller_id, status, period, overdue, issued, \
            end_customers, doc) \
         select $1, id, born, customer_id, reseller_id, status, period, overdue, issued, end_customers::uuid[], doc \
         from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::boolean[], \
            $9::boolean[], $10::text[], $11::jsonb[]) \
            as t (id, born, customer_id, reseller_id, status, period, overdue, issued, end_customers, doc) \
         on conflict (generation, id) do update set reseller_id = excluded.reseller_id, status = excluded.status, \
            overdue = excluded.overdue, issued = excluded.issued, end_customers = excluded.end_customers, \
            doc = excluded.doc",
    )
    .bind(generation)
    .bind(known.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| born(row)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., invoice)| invoice.contents.customer_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., invoice)| invoice.contents.reseller_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., invoice)| invoice.status.name()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., invoice)| invoice.contents.period.to_string()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., invoice)| invoice.overdue).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., invoice)| invoice.issue.is_some()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., invoice)| end_customers(invoice)).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// As the database writes an array: many of them do not go into one parameter otherwise.
fn end_customers(invoice: &Invoice) -> String {
    let named = invoice.contents.lines.iter().filter_map(|line| line.end_customer_id);
    let ids: Vec<String> = named.collect::<BTreeSet<Uuid>>().iter().map(Uuid::to_string).collect();
    format!("{{{}}}", ids.join(","))
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub customer_id: Option<Uuid>,
    pub status: Vec<String>,
    pub period: Option<Period>,
    pub overdue: Option<bool>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of invoices, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, scope: Scope, filter: &Filter) -> Result<Shown<Page<Row<InvoiceState>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.id, t.born, t.doc from readers r left join lateral ( \
            select t.id, t.born, t.doc from read_invoices t where t.generation = r.generation \
            and ($2::uuid is null or t.issued and (t.customer_id = $2 or t.reseller_id = $2)) \
            and ($3::uuid is null or t.customer_id = $3) and (cardinality($4::text[]) = 0 or t.status = any($4)) \
            and ($5::text is null or t.period = $5) and ($6::boolean is null or t.overdue = $6) \
            and ($7::bigint is null or t.born < $7) order by t.born desc limit $8) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(BILLING)
    .bind(scope.customer)
    .bind(filter.customer_id)
    .bind(&filter.status)
    .bind(filter.period.map(|period| period.to_string()))
    .bind(filter.overdue)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    page::listed(raws, filter.limit)
}

/// Every invoice of a period that charges somebody for this end customer's services, oldest first, of those in force. In
/// the scope of a customer only those it was billed with.
///
/// # Errors
/// Any database error.
pub async fn naming(
    pool: &PgPool,
    scope: Scope,
    end_customer: Uuid,
    period: Period,
) -> Result<Shown<Vec<Row<InvoiceState>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.id, t.born, t.doc from readers r left join read_invoices t \
            on t.generation = r.generation and t.end_customers <> '{}' and t.end_customers @> array[$3::uuid] \
            and t.period = $4 and t.status in ('issued', 'paid', 'uncollectible') \
            and ($2::uuid is null or t.customer_id = $2) \
         where r.name = $1 order by t.born",
    )
    .bind(BILLING)
    .bind(scope.customer)
    .bind(end_customer)
    .bind(period.to_string())
    .fetch_all(pool)
    .await?;
    let Shown { position, content } = page::listed(raws, i64::MAX)?;
    Ok(Shown { position, content: content.rows })
}
