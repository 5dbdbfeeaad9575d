//! Orders: rows and queries.

use chrono::{DateTime, Utc};
use domain::order::{OrderRules, OrderState};
use domain::{AggregateType, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::listing::Listing;
use crate::model::ORDERS;
use crate::noun::{self, Noun};
use crate::page::{Page, Row, Scope, Shown};
use crate::upsert::Upsert;

#[derive(Debug)]
pub struct Orders;

impl Noun for Orders {
    const TYPE: AggregateType = AggregateType::Order;
    const TABLE: &'static str = "read_orders";
    const MODEL: &'static str = ORDERS;
    type State = OrderState;

    fn evolve(state: &mut OrderState, event: &Event) {
        noun::evolve::<OrderRules>(state, event);
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<OrderState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, OrderState::known)
            .owned_by(|order| order.details.customer_id, |order| order.details.reseller_id)
            .fixed("account_id", |order| order.details.account_id)
            .changing("status", |order| order.status.name())
            .fixed("name", |order| order.details.name.as_deref())
            .fixed("ordered_at", |order| order.details.ordered_at);
        Box::pin(rows.write(tx))
    }
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
    Listing::<Orders>::of(scope)
        .contains(&["name"], filter.name.as_deref())
        .equals("customer_id", filter.customer_id)
        .equals("account_id", filter.account_id)
        .one_of("status", &filter.status)
        .at_least("ordered_at", filter.from)
        .below("ordered_at", filter.to)
        .page(pool, filter.before, filter.limit)
        .await
}
