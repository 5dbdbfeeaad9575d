//! Credit notes: rows and queries.

use domain::credit_note::{CreditNoteRules, CreditNoteState};
use domain::{AggregateType, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::charges;
use crate::listing::Listing;
use crate::model::BILLING;
use crate::noun::{self, Noun};
use crate::page::{Page, Row, Scope, Shown};
use crate::upsert::Upsert;

#[derive(Debug)]
pub struct CreditNotes;

impl Noun for CreditNotes {
    const TYPE: AggregateType = AggregateType::CreditNote;
    const TABLE: &'static str = "read_credit_notes";
    const MODEL: &'static str = BILLING;
    type State = CreditNoteState;

    fn evolve(state: &mut CreditNoteState, event: &Event) {
        noun::evolve::<CreditNoteRules>(state, event);
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<CreditNoteState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, CreditNoteState::known)
            .owned_by(|note| note.issued.customer_id, |note| note.issued.reseller_id)
            .fixed("invoice_id", |note| note.issued.invoice.as_ref().map(|invoice| invoice.invoice_id))
            .fixed("period", |note| note.issued.period.to_string())
            .changing("status", |note| note.status())
            .changing_array("end_customers", "::uuid[]", |note| {
                charges::end_customers(note.issued.lines.iter().map(|line| &line.of))
            });
        Box::pin(rows.write(tx))
    }
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
    Listing::<CreditNotes>::of(scope)
        .equals("customer_id", filter.customer_id)
        .equals("invoice_id", filter.invoice_id)
        .one_of("status", &filter.status)
        .page(pool, filter.before, filter.limit)
        .await
}
