//! Subscriptions with their licences and changes: rows and queries. Licences have a table of their own, one row per
//! seat; so have change requests.

mod changes;
mod licences;
mod meaning;
mod seats;

pub use changes::{ChangeRow, list as list_changes};
pub use licences::{LicenceRow, LicencesShown, list as list_licences};

use chrono::NaiveDate;
use domain::decider::Fact;
use domain::subscription::SubscriptionCore;
use domain::{AggregateType, Event};
use event_log::ApplyError;
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::listing::Listing;
use crate::model::SUBSCRIPTIONS;
use crate::noun::{self, Mine, Noun};
use crate::page::{Page, Row, Scope, Shown};
use crate::upsert::Upsert;

#[derive(Debug)]
pub struct Subscriptions;

impl Noun for Subscriptions {
    const TYPE: AggregateType = AggregateType::Subscription;
    const TABLE: &'static str = "read_subscriptions";
    const MODEL: &'static str = SUBSCRIPTIONS;
    type State = Option<SubscriptionCore>;

    fn evolve(state: &mut Self::State, event: &Event) {
        if let Some(event) = Fact::of(event) {
            SubscriptionCore::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<Self::State>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, Option::as_ref)
            .owned_by(|core| core.started.customer_id, |core| core.started.reseller_id)
            .fixed("account_id", |core| core.started.account_id)
            .fixed("service_id", |core| core.started.service_id)
            .changing("status", |core| core.status.name())
            .changing("ends_on", |core| core.ends_on);
        Box::pin(rows.write(tx))
    }

    fn also<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Mine<'a>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            seats::write(tx, generation, events).await?;
            changes::write(tx, generation, events).await
        })
    }

    fn clear(tx: &mut PgConnection, generation: i32) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        Box::pin(async move {
            noun::clear_table(tx, "read_licences", generation).await?;
            noun::clear_table(tx, "read_changes", generation).await?;
            noun::clear_table(tx, Self::TABLE, generation).await
        })
    }
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub customer_id: Option<Uuid>,
    pub account_id: Option<Uuid>,
    pub service_id: Option<Uuid>,
    pub status: Vec<String>,
    pub expires_before: Option<NaiveDate>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of subscriptions, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(
    pool: &PgPool,
    scope: Scope,
    filter: &Filter,
) -> Result<Shown<Page<Row<Option<SubscriptionCore>>>>, sqlx::Error> {
    Listing::<Subscriptions>::of(scope)
        .equals("customer_id", filter.customer_id)
        .equals("account_id", filter.account_id)
        .equals("service_id", filter.service_id)
        .one_of("status", &filter.status)
        .below("ends_on", filter.expires_before)
        .page(pool, filter.before, filter.limit)
        .await
}
