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
mod clock;
mod completion;
mod connection_faults;
mod control;
mod days;
mod delivery;
mod faults;
mod hooks;
mod journal;
mod operations;
mod orders;
mod paging;
mod routes;
mod rows;
mod runner;
mod seats;
mod server;
mod signature;
mod state;
mod subscriptions;
mod table;
mod terms;
mod windows;
mod world;
mod writes;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use journal::Journal;
use rows::Row;
use state::State;
use world::Sim;

/// How a simulator is started.
#[derive(Clone)]
pub struct Settings {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Its memory; the same folder again means the same provider.
    pub data: PathBuf,
    pub client_id: String,
    pub client_secret: String,
    /// Where business time begins in a new folder; real time without.
    pub clock: Option<DateTime<Utc>>,
    /// From acceptance to completion of an order or operation, in real time.
    pub completion_ms: u32,
    /// Life of an access token.
    pub token_seconds: u32,
}

impl Settings {
    /// A provider on a free loopback port with the usual delays.
    pub fn new(data: impl Into<PathBuf>, client_id: &str, client_secret: &str) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: data.into(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            clock: None,
            completion_ms: 300,
            token_seconds: 3_600,
        }
    }
}

/// A running simulator. Dropping it ends its tasks at the next opportunity; `stop` waits for them.
pub struct CcpSim {
    address: SocketAddr,
    sim: Sim,
    stop: CancellationToken,
    server: JoinHandle<()>,
    runner: JoinHandle<()>,
}

/// Reads the folder, binds the port and serves.
///
/// # Errors
/// When the folder cannot be read or is in use, or the port cannot be bound.
pub async fn start(settings: Settings) -> anyhow::Result<CcpSim> {
    let mut state = State::default();
    catalogue_items::items().for_each(|item| state.apply(Row::Item(Box::new(item))));
    let mut is_new = true;
    let journal = Journal::open(&settings.data, |row| {
        is_new = false;
        state.apply(row);
    })?;
    if is_new {
        begin_time(&mut state, &journal, settings.clock).await?;
    }
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", settings.listen))?;
    let client = delivery::client()?;
    let (address, stop) = (listener.local_addr()?, CancellationToken::new());
    let sim = Sim::new(settings, state, journal);
    let server = tokio::spawn(server::serve(listener, routes::router(sim.clone()), stop.clone()));
    let runner = tokio::spawn(runner::run(sim.clone(), client, stop.clone()));
    Ok(CcpSim { address, sim, stop, server, runner })
}

async fn begin_time(state: &mut State, journal: &Journal, begin: Option<DateTime<Utc>>) -> anyhow::Result<()> {
    let real_now = clock::real_now();
    let begin = begin.unwrap_or(real_now);
    let offset = Row::Offset(begin.signed_duration_since(real_now).num_milliseconds());
    let rows = [offset, Row::Today(begin.date_naive())];
    rows.iter().cloned().for_each(|row| state.apply(row));
    journal.append(&rows).await.context("cannot write the journal")
}

impl CcpSim {
    /// `http://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets answers under way go out, then releases the port and the folder.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in [self.server, self.runner] {
            if task.await.is_err() {
                tracing::error!("a task of the simulator failed");
            }
        }
        self.sim.journal.close();
    }
}
