//! From a folder and an address to a running simulator, and back.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use axum::Router;
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::journal::Journal;
use super::memory::Remembered;
use super::world::Sim;
use super::{Model, clock, delivery, runner, server};

/// Where a simulator is, in space and time.
#[derive(Clone, Debug)]
pub struct Place {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Its memory; the same folder again means the same simulator.
    pub data: PathBuf,
    /// Where business time begins in a new folder; real time without.
    pub clock: Option<DateTime<Utc>>,
}

impl Place {
    /// A free loopback port, in real time.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), data: data.into(), clock: None }
    }
}

/// A running simulator. Dropping it ends its tasks at the next opportunity; `stop` waits for them.
pub struct Running<M: Model> {
    address: SocketAddr,
    sim: Sim<M>,
    stop: CancellationToken,
    server: JoinHandle<()>,
    runner: JoinHandle<()>,
}

/// Reads the folder, binds the port and serves. `state` is what is known without the folder.
///
/// # Errors
/// When the folder cannot be read or is in use, or the port cannot be bound.
pub async fn start<M: Model>(
    place: &Place,
    own: M::Own,
    mut state: M,
    router: fn(Sim<M>) -> Router,
) -> anyhow::Result<Running<M>> {
    let mut is_new = true;
    let journal = Journal::open(&place.data, |row| {
        is_new = false;
        state.apply(row);
    })?;
    if is_new {
        begin_time(&mut state, &journal, place.clock).await?;
    }
    let listener = TcpListener::bind(place.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", place.listen))?;
    let client = delivery::client()?;
    let (address, stop) = (listener.local_addr()?, CancellationToken::new());
    let sim = Sim::new(own, state, journal);
    let server = tokio::spawn(server::serve(listener, router(sim.clone()), stop.clone()));
    let runner = tokio::spawn(runner::run(sim.clone(), client, stop.clone()));
    Ok(Running { address, sim, stop, server, runner })
}

async fn begin_time<M: Model>(state: &mut M, journal: &Journal, begin: Option<DateTime<Utc>>) -> anyhow::Result<()> {
    let real_now = clock::real_now();
    let begin = begin.unwrap_or(real_now);
    let offset = Remembered::Offset(begin.signed_duration_since(real_now).num_milliseconds());
    let rows: Vec<M::Row> = std::iter::once(offset.into()).chain(M::beginning(begin)).collect();
    rows.iter().cloned().for_each(|row| state.apply(row));
    journal.append(&rows).await.context("cannot write the journal")
}

impl<M: Model> Running<M> {
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
