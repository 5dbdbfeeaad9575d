//! A log with its mirror, its tail and a reader, all of which can be started, stopped and killed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use async_nats::jetstream::stream::Info;
use commands::relay::Relay;
use event_log::lease::Owner;
use event_log::mirror::{Mirror, MirrorConfig};
use event_log::reader::Runner;
use event_log::source::Source;
use event_log::{Freshness, Recorded, Tail, append, page};
use sqlx::Connection;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::ledger::LEDGER;
use super::{Ledger, LogProcess, LogWorld, PATIENCE, eventually, rule_events};
use crate::world::{TestServers, unique_name};

/// The server reserves it; 32 MiB are plenty for a test.
const MAX_BYTES: i64 = 32 << 20;
/// Commands of one append when a log is filled.
const FILL_BATCH: usize = 250;
/// Streams a filled log has.
const FILL_STREAMS: usize = 50;

/// A log, one process that writes to it, and a stream of its own on a NATS server.
pub struct MirroredLog {
    pub log: LogWorld,
    pub process: LogProcess,
    pub config: MirrorConfig,
    pub nats: async_nats::Client,
    pub mirror: Mirror,
    pub freshness: Freshness,
}

impl std::fmt::Debug for MirroredLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MirroredLog").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Something that runs; dropping it stops it where it stands.
#[derive(Debug)]
pub struct Running {
    task: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Running {
    fn spawn<F: Future<Output = ()> + Send + 'static>(run: impl FnOnce(CancellationToken) -> F) -> Self {
        let shutdown = CancellationToken::new();
        Self { task: tokio::spawn(run(shutdown.clone())), shutdown }
    }

    /// Lets it end in order.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        let _ = (&mut self.task).await;
    }

    /// Ends it at its next await, as a kill would: nothing is given back.
    pub async fn kill(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl MirroredLog {
    /// On the servers all tests share.
    ///
    /// # Errors
    /// When they cannot be started or reached.
    pub async fn new() -> anyhow::Result<Self> {
        let servers = TestServers::get().await?;
        Self::with_nats(&servers.nats_url).await
    }

    /// On that NATS server.
    ///
    /// # Errors
    /// When a server cannot be reached.
    pub async fn with_nats(nats_url: &str) -> anyhow::Result<Self> {
        let log = LogWorld::new().await?;
        Ledger::prepare(&log.owner).await?;
        let process = log.process().await?;
        let stream = unique_name("EVENTS");
        let config = MirrorConfig { subject_prefix: format!("evt-{stream}"), stream, max_bytes: MAX_BYTES };
        let nats = quick_client(nats_url).await?;
        let mirror = Mirror::new(nats.clone(), config.clone());
        Ok(Self { log, process, config, nats, mirror, freshness: Freshness::default() })
    }

    pub fn new_relay(&self) -> Relay {
        let committed = self.process.batcher.committed();
        Relay::new(self.process.pool.clone(), self.nats.clone(), self.config.clone(), committed)
    }

    pub fn relay(&self) -> Running {
        let relay = self.new_relay();
        Running::spawn(|shutdown| relay.run(shutdown))
    }

    pub fn tail(&self) -> (Tail, Running) {
        let tail = Tail::new();
        let (nats, config, pool) = (self.nats.clone(), self.config.clone(), self.process.pool.clone());
        let running = Running::spawn(|shutdown| tail.run(nats, config, pool, shutdown));
        (tail, running)
    }

    /// One that is never live: the reader has Postgres alone.
    pub fn reader_without_mirror(&self) -> Running {
        self.reader(&Tail::new(), "test-a", Ledger::open())
    }

    /// A ledger that reads on behalf of that node.
    pub fn reader(&self, tail: &Tail, node: &str, ledger: Ledger) -> Running {
        let pool = self.process.pool.clone();
        let runner = Runner {
            reader: Arc::new(ledger),
            pool: pool.clone(),
            source: Source::new(pool, tail.clone(), self.process.batcher.committed()),
            freshness: self.freshness.clone(),
            owner: Owner::this_process(node),
        };
        Running::spawn(|shutdown| runner.run(shutdown))
    }

    /// Appends `count` events of one command each, spread over streams, as another process would.
    ///
    /// # Errors
    /// When one of them is not appended.
    pub async fn fill(&self, count: usize) -> anyhow::Result<()> {
        let mut connection = sqlx::PgConnection::connect(&self.log.urls.app).await?;
        let run = unique_name("fill");
        let mut versions = self.versions().await?;
        let mut left: Vec<usize> = (0..count).collect();
        while !left.is_empty() {
            let batch: Vec<usize> = left.drain(..FILL_BATCH.min(left.len())).collect();
            let submissions = batch.into_iter().map(|n| {
                let scope = n % FILL_STREAMS;
                let after = versions[scope];
                versions[scope] += 1;
                rule_events(&format!("{run} {n}"), scope, (after, 1))
            });
            let submissions = submissions.collect::<anyhow::Result<Vec<_>>>()?;
            let verdicts = append::append(&mut connection, &submissions).await?;
            let all = verdicts.iter().all(|verdict| matches!(verdict, append::Verdict::Appended { .. }));
            ensure!(all, "filling met somebody else: {verdicts:?}");
        }
        connection.close().await?;
        Ok(())
    }

    async fn versions(&self) -> anyhow::Result<Vec<i64>> {
        let sql = "select count(*) from events where aggregate_type = $1 and aggregate_id = $2";
        let mut versions = Vec::new();
        for n in 0..FILL_STREAMS {
            let stream = super::rule_stream(n);
            let query = sqlx::query_scalar(sql).bind(stream.aggregate.name()).bind(stream.id);
            versions.push(query.fetch_one(&self.log.app).await?);
        }
        Ok(versions)
    }

    /// Waits until the reader has applied everything there is, and checks that it did so once and in order.
    ///
    /// # Errors
    /// When it does not get there, or differs.
    pub async fn read_to_the_end(&self) -> anyhow::Result<()> {
        let head = self.log.head().await?;
        let there = self.freshness.wait(&self.log.app, LEDGER, head, PATIENCE).await?;
        let at: Option<i64> = sqlx::query_scalar("select position from readers where name = $1")
            .bind(LEDGER)
            .fetch_optional(&self.log.app)
            .await?;
        ensure!(there, "the reader is at {at:?}, the log at {head}");
        Ledger::check(&self.log.app).await
    }

    /// Waits until the stream ends where the log does.
    ///
    /// # Errors
    /// When it does not get there in time.
    pub async fn mirrored_to_the_end(&self) -> anyhow::Result<Info> {
        let head = self.log.head().await?.unsigned_abs();
        let what = format!("the mirror to reach {head}");
        eventually(&what, PATIENCE, async || Ok(self.info().await?.is_some_and(|i| i.state.last_sequence == head)))
            .await
            .context("the mirror is behind")?;
        self.info().await?.context("the stream is gone again")
    }

    /// The stream as it is; none also while the server is away.
    async fn info(&self) -> anyhow::Result<Option<Info>> {
        Ok(self.mirror.info().await.ok().flatten())
    }

    /// Checks that the stream holds from its first sequence on exactly the log, message by message.
    ///
    /// # Errors
    /// With the first message that differs.
    pub async fn check_mirror(&self) -> anyhow::Result<Info> {
        let info = self.mirrored_to_the_end().await?;
        let (first, last) = (info.state.first_sequence, info.state.last_sequence);
        ensure!(info.state.messages == last + 1 - first, "the mirror has holes: {:?}", info.state);
        let log_id = page::log_id(&self.log.app).await?;
        let events = self.events(i64::try_from(first)? - 1).await?;
        let positions: Vec<i64> = events.iter().map(|event| event.position).collect();
        for positions in positions.chunks(500) {
            let differing = self.mirror.differing(&self.log.app, (log_id, &info), positions).await?;
            ensure!(differing.is_empty(), "the mirror differs at {differing:?}");
        }
        Ok(info)
    }

    /// Every event after `position`.
    ///
    /// # Errors
    /// Any database error.
    pub async fn events(&self, position: i64) -> anyhow::Result<Vec<Arc<Recorded>>> {
        Ok(page::after(&self.log.app, position, i64::MAX).await?)
    }
}

/// A client that tries again at once when its server is away.
///
/// # Errors
/// When the server is not there to begin with.
pub async fn quick_client(url: &str) -> anyhow::Result<async_nats::Client> {
    let address: async_nats::ServerAddr = url.parse()?;
    let (user, password) = (address.username().map(str::to_owned), address.password().map(str::to_owned));
    let options = async_nats::ConnectOptions::new().reconnect_delay_callback(|_| Duration::from_millis(25));
    let options = match user.zip(password) {
        Some((user, password)) => options.user_and_password(user, password),
        None => options,
    };
    options.connect(address).await.context("cannot reach the NATS server")
}
