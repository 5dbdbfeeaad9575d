//! Billing runs: rows and queries. Only the seller's staff asks. What they found has a table of its own.

use domain::billing_run::RunSummary;
use domain::decider::Fact;
use domain::{AggregateType, Event};
use event_log::ApplyError;
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::discrepancies;
use crate::listing::Listing;
use crate::model::BILLING;
use crate::noun::{self, Mine, Noun};
use crate::page::{Page, Row, Scope, Shown};
use crate::upsert::Upsert;

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
        let rows = Upsert::of::<Self>(generation, rows, Option::as_ref)
            .fixed("customer_id", |run| run.started.customer_id)
            .fixed("period", |run| run.started.period.to_string())
            .changing("status", |run| run.status.name());
        Box::pin(rows.write(tx))
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
    Listing::<BillingRuns>::of(Scope::ALL)
        .one_of("status", &filter.status)
        .equals("period", filter.period.as_deref())
        .equals("customer_id", filter.customer_id)
        .page(pool, filter.before, filter.limit)
        .await
}
