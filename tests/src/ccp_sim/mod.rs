//! The provider, simulated: its whole API over real HTTP, a ledger of every effect on disk, and faults on demand.

mod accounts;
mod answer;
mod auth;
mod bill_control;
mod billing;
mod calendar;
mod catalogue;
mod catalogue_items;
mod changes;
mod charges;
mod completion;
mod control;
mod days;
mod faults;
mod hooks;
mod operations;
mod orders;
mod paging;
mod routes;
mod rows;
mod seats;
mod state;
mod subscriptions;
mod terms;
mod windows;
mod world;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;

use rows::Row;
use state::State;
use world::Own;

use crate::sim::{self, Model, Place};

/// How the provider is started.
#[derive(Clone)]
pub struct Settings {
    pub place: Place,
    pub client_id: String,
    pub client_secret: String,
    /// From acceptance to completion of an order or operation, in real time.
    pub completion_ms: u32,
    /// Life of an access token.
    pub token_seconds: u32,
}

impl Settings {
    /// A provider on a free loopback port with the usual delays.
    pub fn new(data: impl Into<PathBuf>, client_id: &str, client_secret: &str) -> Self {
        Self {
            place: Place::new(data),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            completion_ms: 300,
            token_seconds: 3_600,
        }
    }
}

pub type CcpSim = sim::Running<State>;

/// Reads the folder, binds the port and serves.
///
/// # Errors
/// When the folder cannot be read or is in use, or the port cannot be bound.
pub async fn start(settings: Settings) -> anyhow::Result<CcpSim> {
    let mut state = State::default();
    catalogue_items::items().for_each(|item| state.apply(Row::Item(Box::new(item))));
    let place = settings.place.clone();
    sim::start(&place, Own { settings, tokens: Mutex::new(HashMap::new()) }, state, routes::router).await
}
