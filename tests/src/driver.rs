//! A load with a memory: many clients, each request written down before it is sent, each answer after it came.
//!
//! Unknown outcomes are asked for again under the same key until they are known, as a careful client would do.

mod caller;
mod journal;
mod life;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use journal::{Journal, Line, Received, Request, Stories, Story};

use crate::client::Client;
use crate::world::description::Site;
use crate::world::{World, random_hex};
use caller::Caller;
use life::{Life, Placed};

const LOOK: Duration = Duration::from_millis(5);
/// How long all clients together may take to come to an end.
const ENDING: Duration = Duration::from_secs(120);

/// What was answered so far.
#[derive(Debug, Default)]
pub struct Counts {
    accepted: AtomicU64,
    refused: AtomicU64,
    unknown: AtomicU64,
}

impl Counts {
    fn answered(&self, success: bool) {
        let count = if success { &self.accepted } else { &self.refused };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn unknown(&self) {
        self.unknown.fetch_add(1, Ordering::Relaxed);
    }

    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Tries without an answer.
    pub fn unknowns(&self) -> u64 {
        self.unknown.load(Ordering::Relaxed)
    }
}

/// Where the load goes and how much of it there is.
#[derive(Debug, Clone)]
pub struct Load {
    pub site: Site,
    /// The operator's token.
    pub staff_token: String,
    /// Ids of services that any number of seats from 1 to 30 can be ordered of.
    pub services: Vec<String>,
    pub clients: usize,
}

impl Load {
    /// Some clients on a test's world.
    ///
    /// # Errors
    /// When the world's catalogue lacks what is ordered.
    pub fn on(world: &World, clients: usize) -> anyhow::Result<Self> {
        let wanted = ["office-business", "mail-guard", "office-enterprise", "archive-storage", "team-storage"];
        let found: Vec<String> = wanted.iter().filter_map(|sku| world.service(sku).ok().map(str::to_owned)).collect();
        anyhow::ensure!(!found.is_empty(), "the catalogue has none of {wanted:?}");
        let staff_token = world.tokens.operator.clone();
        Ok(Self { site: world.site(), staff_token, services: found, clients })
    }

    /// Starts the clients.
    ///
    /// # Errors
    /// When the journal cannot be opened.
    pub fn start(self, journal: &Path) -> anyhow::Result<Driver> {
        let (counts, stop, placed) = (Arc::new(Counts::default()), CancellationToken::new(), Placed::default());
        let journal = Journal::open(journal)?;
        let client = Client::new(&self.site.api, &self.staff_token)?;
        let staff = Caller { client, tenant: "seller".to_owned(), journal: journal.clone(), counts: counts.clone() };
        let run = random_hex(4);
        let mut clients = JoinSet::new();
        for n in 0..self.clients {
            let life = Life {
                staff: staff.clone(),
                site: self.site.clone(),
                services: self.services.clone(),
                name: format!("{run}/{n}"),
                placed: Arc::clone(&placed),
                stop: stop.clone(),
                count: 0,
                asked: Vec::new(),
            };
            clients.spawn(life.live());
        }
        Ok(Driver { counts, journal, stop, clients })
    }
}

/// A running load. Dropping it ends it at once.
#[derive(Debug)]
pub struct Driver {
    counts: Arc<Counts>,
    journal: Journal,
    stop: CancellationToken,
    clients: JoinSet<anyhow::Result<()>>,
}

impl Driver {
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Waits until that many more requests were accepted.
    ///
    /// # Errors
    /// When they are not within `limit`.
    pub async fn progress(&self, more: u64, limit: Duration) -> anyhow::Result<()> {
        let (wanted, deadline) = (self.counts.accepted() + more, Instant::now() + limit);
        while self.counts.accepted() < wanted {
            if Instant::now() >= deadline {
                bail!("only {} of {wanted} requests were accepted within {limit:?}", self.counts.accepted());
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Lets every client finish what it has begun.
    ///
    /// # Errors
    /// With what a client found wrong, or when they do not come to an end.
    pub async fn finish(mut self) -> anyhow::Result<Journal> {
        self.stop.cancel();
        let ended = async {
            while let Some(client) = self.clients.join_next().await {
                client.context("a client died")??;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(ENDING, ended).await.context("the clients did not come to an end")??;
        Ok(self.journal.clone())
    }
}
