//! Invoices: rows and queries.

use domain::billing::Period;
use domain::invoice::{InvoiceRules, InvoiceState};
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
pub struct Invoices;

impl Noun for Invoices {
    const TYPE: AggregateType = AggregateType::Invoice;
    const TABLE: &'static str = "read_invoices";
    const MODEL: &'static str = BILLING;
    /// What was never issued is nobody's but the seller's.
    const OWNED: &'static str = "(t.issued and (t.customer_id = $3 or t.reseller_id = $3))";
    type State = InvoiceState;

    fn evolve(state: &mut InvoiceState, event: &Event) {
        noun::evolve::<InvoiceRules>(state, event);
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<InvoiceState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, InvoiceState::known)
            .owned_by(|invoice| invoice.contents.customer_id, |invoice| invoice.contents.reseller_id)
            .changing("status", |invoice| invoice.status.name())
            .fixed("period", |invoice| invoice.contents.period.to_string())
            .changing("overdue", |invoice| invoice.overdue)
            .changing("issued", |invoice| invoice.issue.is_some())
            .changing_array("end_customers", "::uuid[]", |invoice| {
                charges::end_customers(invoice.contents.lines.iter())
            });
        Box::pin(rows.write(tx))
    }
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
    Listing::<Invoices>::of(scope)
        .equals("customer_id", filter.customer_id)
        .one_of("status", &filter.status)
        .equals("period", filter.period.map(|period| period.to_string()))
        .equals("overdue", filter.overdue)
        .page(pool, filter.before, filter.limit)
        .await
}
