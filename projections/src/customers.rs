//! Customers: rows and queries.

use domain::customer::{CustomerRules, CustomerState};
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
pub struct Customers;

impl Noun for Customers {
    const TYPE: AggregateType = AggregateType::Customer;
    const TABLE: &'static str = "read_customers";
    const MODEL: &'static str = DIRECTORY;
    const OWNED: &'static str = "(t.id = $3 or t.reseller_id = $3)";
    const FOLLOWS_MOVES: bool = false;
    type State = CustomerState;

    fn evolve(state: &mut CustomerState, event: &Event) {
        noun::evolve::<CustomerRules>(state, event);
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<CustomerState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, CustomerState::known)
            .changing("reseller_id", |customer| customer.reseller_id)
            .fixed("kind", |customer| customer.kind.name())
            .changing("status", |customer| customer.status.name())
            .changing("name", |customer| customer.name.as_str());
        Box::pin(rows.write(tx))
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
    Listing::<Customers>::of(scope)
        .contains(&["name"], filter.q.as_deref())
        .equals("kind", filter.kind.as_deref())
        .equals("reseller_id", filter.reseller_id)
        .equals("id", filter.customer_id)
        .one_of("status", &filter.status)
        .page(pool, filter.before, filter.limit)
        .await
}
