//! What is due by the business clock. Keys make each of it once, however many processes ask for it.

use commands::billing::waits::hasten_waiting;
use commands::calendar::end_days;
use commands::catalogue::ask_for_sync;
use commands::collection::{run_collection, run_dunning};
use commands::invoice::note_overdue;
use commands::order::{expire_unpaid_orders, start_due_orders};
use commands::payment::asks;
use commands::subscription::ask_due_looks;
use commands::{Bus, Rejection};
use thiserror::Error;

use crate::clock::Wakes;

/// Why not everything due was done; what was done stays, and the next call goes on from there.
#[derive(Debug, Error)]
pub enum DueError {
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
}

/// Ends the days that are over, notes what was not paid by then, collects and duns, starts the orders whose day it is,
/// cancels those that nobody paid, and asks for what is done once a day or after an hour.
///
/// # Errors
/// [`DueError`].
pub async fn run(bus: &Bus, wakes: &Wakes) -> Result<(), DueError> {
    end_days(bus).await?;
    note_overdue(bus).await?;
    run_collection(bus).await?;
    run_dunning(bus).await?;
    start_due_orders(bus).await?;
    expire_unpaid_orders(bus).await?;
    let today = bus.now().date_naive();
    ask_for_sync(bus.pool(), &format!("day/{today}")).await?;
    ask_due_looks(bus.pool(), today).await?;
    hasten_waiting(bus.pool(), bus.now()).await?;
    asks::hasten_due(bus.pool(), bus.now()).await?;
    wakes.effects.wake();
    Ok(())
}
