//! Differences between the provider and us: rows and queries. Only the seller's staff asks.

use domain::drift::{DriftRules, DriftState};
use domain::{AggregateType, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::listing::Listing;
use crate::model::SUBSCRIPTIONS;
use crate::noun::{self, Noun};
use crate::page::{Page, Row, Scope, Shown};
use crate::upsert::Upsert;

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
        noun::evolve::<DriftRules>(state, event);
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<DriftState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, DriftState::known)
            .fixed("customer_id", |drift| drift.customer_id)
            .fixed("subscription_id", |drift| drift.subscription_id)
            .fixed("field", |drift| drift.field.name())
            .changing("status", |drift| drift.status());
        Box::pin(rows.write(tx))
    }
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
    Listing::<Drifts>::of(Scope::ALL)
        .equals("customer_id", filter.customer_id)
        .equals("subscription_id", filter.subscription_id)
        .one_of("status", &filter.status)
        .one_of("field", &filter.field)
        .page(pool, filter.before, filter.limit)
        .await
}
