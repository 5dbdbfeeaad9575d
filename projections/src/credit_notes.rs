//! Credit notes: rows and queries.

use domain::credit_note::{CreditNoteRules, CreditNoteState};
use domain::decider::Fact;
use domain::{AggregateType, Decider, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::BILLING;
use crate::noun::{Noun, born};
use crate::page::{self, Page, Row, Scope, Shown};

#[derive(Debug)]
pub struct CreditNotes;

impl Noun for CreditNotes {
    const TYPE: AggregateType = AggregateType::CreditNote;
    const TABLE: &'static str = "read_credit_notes";
    const MODEL: &'static str = BILLING;
    type State = CreditNoteState;

    fn evolve(state: &mut CreditNoteState, event: &Event) {
        if let Some(event) = Fact::of(event) {
            CreditNoteRules::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<CreditNoteState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }
}

async fn write(
    tx: &mut PgConnection,
    generation: i32,
    rows: &[(Uuid, &Versioned<CreditNoteState>)],
) -> Result<(), sqlx::Error> {
    let known: Vec<_> = rows.iter().filter_map(|(id, row)| Some((*id, *row, row.state.known()?))).collect();
    let invoices = known.iter().map(|(.., note)| note.issued.invoice.as_ref().map(|invoice| invoice.invoice_id));
    sqlx::query(
        "insert into read_credit_notes (generation, id, born, customer_id, reseller_id, invoice_id, status, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::jsonb[]) \
         on conflict (generation, id) do update set reseller_id = excluded.reseller_id, status = excluded.status, \
            doc = excluded.doc",
    )
    .bind(generation)
    .bind(known.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| born(row)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., note)| note.issued.customer_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., note)| note.issued.reseller_id).collect::<Vec<_>>())
    .bind(invoices.collect::<Vec<_>>())
    .bind(known.iter().map(|(.., note)| note.status()).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub customer_id: Option<Uuid>,
    /// What they correct.
    pub invoice_id: Option<Uuid>,
    pub status: Vec<String>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of credit notes, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(
    pool: &PgPool,
    scope: Scope,
    filter: &Filter,
) -> Result<Shown<Page<Row<CreditNoteState>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.id, t.born, t.doc from readers r left join lateral ( \
            select t.id, t.born, t.doc from read_credit_notes t where t.generation = r.generation \
            and ($2::uuid is null or t.customer_id = $2 or t.reseller_id = $2) \
            and ($3::uuid is null or t.customer_id = $3) and ($4::uuid is null or t.invoice_id = $4) \
            and (cardinality($5::text[]) = 0 or t.status = any($5)) \
            and ($6::bigint is null or t.born < $6) order by t.born desc limit $7) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(BILLING)
    .bind(scope.customer)
    .bind(filter.customer_id)
    .bind(filter.invoice_id)
    .bind(&filter.status)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    page::listed(raws, filter.limit)
}
