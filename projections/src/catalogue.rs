//! When something last changed that the catalogue's prices are made of: what was shown before still holds if nothing has.

use std::sync::Arc;

use domain::customer::CustomerEvent;
use domain::{AggregateType, Event};
use event_log::{ApplyError, Recorded};
use futures::future::BoxFuture;
use sqlx::{FromRow, PgConnection, PgPool};

use crate::model::DIRECTORY;
use crate::noun::{self, AnyFold, AnyNoun};

const TABLE: &str = "read_catalogue_changes";

/// How far the directory is, and where the catalogue or its prices last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Standing {
    pub generation: i32,
    /// Of the last event applied.
    pub position: i64,
    /// Of the last event that could have changed what anybody is shown.
    pub changed: i64,
}

/// Where the directory stands, in one statement.
///
/// # Errors
/// Any database error.
pub async fn standing(pool: &PgPool) -> Result<Standing, sqlx::Error> {
    let standing: Option<Standing> = sqlx::query_as(
        "select r.generation, r.position, coalesce(c.position, 0) as changed from readers r \
         left join read_catalogue_changes c on c.generation = r.generation where r.name = $1",
    )
    .bind(DIRECTORY)
    .fetch_optional(pool)
    .await?;
    Ok(standing.unwrap_or(Standing { generation: 0, position: 0, changed: 0 }))
}

/// Whether an event can change the catalogue, or the price of anything in it for anybody.
fn matters(event: &Event) -> bool {
    match event {
        Event::Service(_) | Event::PriceRule(_) | Event::ExchangeRates(_) => true,
        Event::Customer(event) => matters_of_customer(event),
        Event::Account(_)
        | Event::Order(_)
        | Event::Subscription(_)
        | Event::Drift(_)
        | Event::Calendar(_)
        | Event::Invoice(_)
        | Event::CreditNote(_)
        | Event::Balance(_)
        | Event::NumberSeries(_)
        | Event::ChargeLedger(_)
        | Event::BillingRun(_)
        | Event::CommissionAccount(_)
        | Event::Payment(_)
        | Event::NotificationPreferences(_) => false,
    }
}

/// The currency and the reseller decide; a new customer has not been shown anything yet.
fn matters_of_customer(event: &CustomerEvent) -> bool {
    match event {
        CustomerEvent::CommercialTermsSet { .. } | CustomerEvent::CustomerMoved { .. } => true,
        CustomerEvent::CustomerRegistered(_)
        | CustomerEvent::CustomerDetailsChanged(_)
        | CustomerEvent::CustomerSuspended { .. }
        | CustomerEvent::CustomerReinstated {}
        | CustomerEvent::CustomerClosed {}
        | CustomerEvent::PersonalDataErased { .. } => false,
    }
}

fn last_change(events: &[Arc<Recorded>]) -> Option<i64> {
    let changes = events.iter().filter(|recorded| recorded.event().is_ok_and(matters));
    changes.map(|recorded| recorded.position).max()
}

/// The position as a table of one row, kept by the directory with everything else it applies.
#[derive(Debug)]
pub struct CatalogueChanges;

impl AnyNoun for CatalogueChanges {
    fn aggregate(&self) -> AggregateType {
        AggregateType::Service
    }

    fn concerns(&self, event: &Recorded) -> bool {
        event.event().is_ok_and(matters)
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let Some(position) = last_change(events) else { return Ok(()) };
            // An event that was parked comes late: it changes what was shown at positions it lies before.
            let reached: Option<i64> = sqlx::query_scalar("select position from readers where name = $1")
                .bind(DIRECTORY)
                .fetch_optional(&mut *tx)
                .await?;
            write(tx, generation, position.max(reached.unwrap_or(0) + 1)).await?;
            Ok(())
        })
    }

    fn fold(&self) -> Box<dyn AnyFold> {
        Box::new(Last(None))
    }

    fn clear<'a>(&'a self, tx: &'a mut PgConnection, generation: i32) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(noun::clear_table(tx, TABLE, generation))
    }
}

struct Last(Option<i64>);

impl AnyFold for Last {
    fn add<'a>(
        &'a mut self,
        _tx: &'a mut PgConnection,
        _generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        self.0 = self.0.max(last_change(events));
        Box::pin(async { Ok(()) })
    }

    fn write<'a>(&'a mut self, tx: &'a mut PgConnection, generation: i32) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            match self.0 {
                Some(position) => write(tx, generation, position).await,
                None => Ok(()),
            }
        })
    }
}

async fn write(tx: &mut PgConnection, generation: i32, position: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into read_catalogue_changes (generation, position) values ($1, $2) \
         on conflict (generation) do update set position = greatest(read_catalogue_changes.position, excluded.position)",
    )
    .bind(generation)
    .bind(position)
    .execute(tx)
    .await?;
    Ok(())
}
