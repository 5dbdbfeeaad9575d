//! The catalogue: rows and queries.

use domain::service::{ServiceRules, ServiceState};
use domain::{AggregateType, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::listing::Listing;
use crate::model::DIRECTORY;
use crate::noun::{self, Noun};
use crate::page::{Page, Row, Scope, Shown};
use crate::upsert::Upsert;

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
        noun::evolve::<ServiceRules>(state, event);
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<ServiceState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, ServiceState::known)
            .fixed("sku", |service| service.sku.as_str())
            .changing("term", |service| service.offer.term.code())
            .changing("status", |service| service.status.name())
            .changing("name", |service| service.offer.name.as_str());
        Box::pin(rows.write(tx))
    }
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
    Listing::<Services>::of(Scope::ALL)
        .contains(&["name", "sku"], filter.q.as_deref())
        .equals("term", filter.term.as_deref())
        .one_of("status", &filter.status)
        .page(pool, filter.before, filter.limit)
        .await
}
