//! Exchange rates: by pair for pricing what is shown, and one by one for showing them.

mod items;

pub use items::{RateRow, list};

use domain::exchange_rates::{ExchangeRatesRules, ExchangeRatesState};
use domain::pricing::Rates;
use domain::{AggregateType, Event};
use event_log::ApplyError;
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::DIRECTORY;
use crate::noun::{self, Mine, Noun};
use crate::upsert::Upsert;

#[derive(Debug)]
pub struct ExchangeRates;

impl Noun for ExchangeRates {
    const TYPE: AggregateType = AggregateType::ExchangeRates;
    const TABLE: &'static str = "read_exchange_rates";
    const MODEL: &'static str = DIRECTORY;
    /// Everybody may know them.
    const OWNED: &'static str = "true";
    const FOLLOWS_MOVES: bool = false;
    type State = ExchangeRatesState;

    fn evolve(state: &mut ExchangeRatesState, event: &Event) {
        noun::evolve::<ExchangeRatesRules>(state, event);
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<ExchangeRatesState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, Some);
        Box::pin(rows.write(tx))
    }

    fn also<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Mine<'a>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(items::write(tx, generation, events))
    }

    fn clear(tx: &mut PgConnection, generation: i32) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        Box::pin(async move {
            noun::clear_table(tx, "read_exchange_rate_items", generation).await?;
            noun::clear_table(tx, Self::TABLE, generation).await
        })
    }
}

/// Every rate there is. Pairs are few, and so are their days.
///
/// # Errors
/// Any database error.
pub async fn all(pool: &PgPool) -> Result<Rates, sqlx::Error> {
    let docs: Vec<Json<Versioned<ExchangeRatesState>>> = sqlx::query_scalar(
        "select t.doc from readers r join read_exchange_rates t on t.generation = r.generation where r.name = $1",
    )
    .bind(DIRECTORY)
    .fetch_all(pool)
    .await?;
    let rates = docs.iter().flat_map(|doc| doc.0.state.rates());
    Ok(rates.map(|rate| ((rate.base, rate.quote), rate.effective_from, rate.rate)).collect())
}
