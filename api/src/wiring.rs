//! The composition root: every connection and handle is made here, once, and handed out small.

mod front;
mod payments;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_nats::{ConnectOptions, ServerAddr};
use ccp_adapter::{Adapter, CcpClient, CcpConfig, CcpHook};
use commands::Bus;
use commands::effects::{Performer, Wake, Worker};
use commands::inbox::InboxWorker;
use commands::index::Indexes;
use commands::mail::Mailer;
use commands::reactor::Reactor;
use commands::relay::Relay;
use commands::seller::Seller;
use domain::process::Lane;
use event_log::lease::Owner;
use event_log::mirror::MirrorConfig;
use event_log::reader::Runner;
use event_log::source::Source;
use event_log::{Batcher, Freshness, Reader, Tail, patience};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::archive::{Archive, Keeper, Store};
use crate::clock::{self, BusinessClock, Followers, Wakes};
use crate::config::{Mode, Settings};
use crate::mail::{Postman, Smtp};
use crate::rebuilds;
use crate::reconcile;
use crate::roles::Role;
use crate::schedule;

/// How long a request waits for a database connection.
const ACQUIRE_TIMEOUT_S: u64 = 5;
/// How long a connection may owe the answer to a statement that nobody waits for any more.
const OVERDUE: Duration = Duration::from_secs(2);

/// Everything a process has, whatever its roles.
pub struct Parts {
    pub settings: Settings,
    pub pool: PgPool,
    pub nats: async_nats::Client,
    pub bus: Bus,
    pub batcher: Batcher,
    pub clock: BusinessClock,
    pub tail: Tail,
    pub freshness: Freshness,
    pub effects: Wake,
    pub arrived: Wake,
    /// Of the provider, once this process talks to it.
    pub provider: Arc<OnceLock<CcpClient>>,
    archive: OnceLock<Archive>,
    pub tasks: TaskTracker,
    /// Cancelled once every role runs.
    pub started: CancellationToken,
    pub shutdown: CancellationToken,
    /// Cancelled after everything that writes has ended.
    pub log_shutdown: CancellationToken,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Parts {
    /// Connects, checks what must hold before anything runs, and builds.
    ///
    /// # Errors
    /// With what is missing or unsafe, and what to do about it.
    pub async fn build(settings: Settings) -> anyhow::Result<Self> {
        let options: PgConnectOptions =
            settings.database_url.expose_secret().parse().context("database_url is no Postgres URL")?;
        let options = options.application_name("cloudsales");
        let pool = pool(&settings, options.clone()).await?;
        check_schema(&pool).await?;
        if settings.mode == Mode::Production {
            check_durability(&pool).await?;
        }
        let nats = nats(&settings).await?;
        let clock = match settings.mode {
            Mode::Development => BusinessClock::of_database(&pool, settings.clock_start).await?,
            Mode::Production => BusinessClock::default(),
        };
        let log_shutdown = CancellationToken::new();
        let (batcher, _) = Batcher::start(options, log_shutdown.clone());
        let Some(seller) = Seller::new(settings.sellers.clone()) else { bail!("no seller is configured") };
        let bus = Bus::new(pool.clone(), batcher.clone(), Arc::new(clock.clone()), Arc::new(seller));
        Ok(Self {
            settings,
            pool,
            nats,
            bus,
            batcher,
            clock,
            tail: Tail::new(),
            freshness: Freshness::default(),
            effects: Wake::default(),
            arrived: Wake::default(),
            provider: Arc::default(),
            archive: OnceLock::new(),
            tasks: TaskTracker::new(),
            started: CancellationToken::new(),
            shutdown: CancellationToken::new(),
            log_shutdown,
        })
    }

    /// Starts every role but HTTP.
    ///
    /// # Errors
    /// When a role lacks its configuration, or a read model cannot be brought to this build's version.
    pub async fn start(&self, roles: &[Role]) -> anyhow::Result<()> {
        let reads = roles.contains(&Role::Project) || roles.contains(&Role::React);
        if reads {
            let tail = self.tail.clone();
            self.tasks.spawn(tail.run(self.nats.clone(), self.mirror(), self.pool.clone(), self.shutdown.clone()));
        }
        if roles.contains(&Role::Relay) {
            let relay = Relay::new(self.pool.clone(), self.nats.clone(), self.mirror(), self.batcher.committed());
            let shutdown = self.shutdown.clone();
            self.tasks.spawn(async move { relay.run(shutdown).await });
        }
        if !roles.contains(&Role::Relay) {
            self.tasks.spawn(wake_relays(
                self.nats.clone(),
                self.mirror(),
                self.batcher.committed(),
                self.shutdown.clone(),
            ));
        }
        if roles.contains(&Role::React) {
            self.read(Arc::new(Reactor { wake: self.effects.clone() }));
            self.read(Arc::new(Indexes));
        }
        if roles.contains(&Role::Project) {
            for model in projections::all() {
                projections::rebuild::bring_up_to_date(&self.pool, &model).await?;
                self.read(Arc::new(model));
            }
            self.tasks.spawn(rebuilds::run(self.pool.clone(), self.shutdown.clone()));
        }
        if roles.contains(&Role::Ccp) {
            self.start_ccp()?;
        }
        if roles.contains(&Role::Payments) {
            self.start_payments()?;
        }
        if roles.contains(&Role::Documents) {
            self.perform(Lane::Documents, Arc::new(Keeper { archive: self.archive()? }));
        }
        if roles.contains(&Role::Notify) {
            self.start_notify()?;
        }
        if roles.contains(&Role::Reconcile) {
            let asking = reconcile::run(self.pool.clone(), self.effects.clone(), self.shutdown.clone());
            self.tasks.spawn(asking);
        }
        if roles.contains(&Role::Schedule) {
            let schedule = schedule::run(self.bus.clone(), self.clock.clone(), self.wakes(), self.shutdown.clone());
            self.tasks.spawn(schedule);
        }
        if self.settings.mode == Mode::Development {
            let following = self.followers().run(self.clock.clone(), self.wakes(), self.shutdown.clone());
            self.tasks.spawn(following);
        }
        Ok(())
    }

    fn mirror(&self) -> MirrorConfig {
        mirror(&self.settings)
    }

    fn followers(&self) -> Followers {
        Followers {
            pool: self.pool.clone(),
            nats: self.nats.clone(),
            subject: format!("{}.clock", self.settings.nats_subject_prefix),
            me: Owner::this_process(&self.settings.node),
        }
    }

    fn wakes(&self) -> Wakes {
        Wakes { effects: self.effects.clone(), arrived: self.arrived.clone() }
    }

    fn read(&self, reader: Arc<dyn Reader>) {
        let runner = Runner {
            reader,
            pool: self.pool.clone(),
            source: Source::new(self.pool.clone(), self.tail.clone(), self.batcher.committed()),
            freshness: self.freshness.clone(),
            owner: Owner::this_process(&self.settings.node),
        };
        self.tasks.spawn(runner.run(self.shutdown.clone()));
    }

    fn start_notify(&self) -> anyhow::Result<()> {
        let mailer = Smtp::configured(&self.settings)?.map(|smtp| Arc::new(smtp) as Arc<dyn Mailer>);
        let postman = Postman::new(self.bus.clone(), mailer, self.settings.public_url.as_deref())?;
        self.perform(Lane::Mail, Arc::new(postman));
        Ok(())
    }

    fn start_ccp(&self) -> anyhow::Result<()> {
        let url = self.settings.ccp_url.as_deref().context("ccp_url is needed by the role ccp")?;
        let secret = self.settings.ccp_client_secret.clone().context("ccp_client_secret is needed by the role ccp")?;
        let client = CcpClient::new(CcpConfig::new(url, self.settings.ccp_client_id.clone(), secret))?;
        // Set once: a process starts each role once.
        let _ = self.provider.set(client.clone());
        self.perform(Lane::Provider, Arc::new(Adapter { bus: self.bus.clone(), client: client.clone() }));
        let hook = CcpHook { pool: self.pool.clone(), wake: self.effects.clone() };
        let inbox = InboxWorker { pool: self.pool.clone(), applier: Arc::new(hook), arrived: self.arrived.clone() };
        self.tasks.spawn(inbox.run(self.shutdown.clone()));
        if let (Some(url), Some(secret)) = (&self.settings.ccp_webhook_url, &self.settings.ccp_webhook_secret) {
            // During a rotation the first is the new one.
            let newest = secret.expose_secret().split(' ').next().unwrap_or_default().to_owned().into();
            self.tasks.spawn(schedule::register_webhook(client, url.clone(), newest, self.shutdown.clone()));
        }
        Ok(())
    }

    /// Where documents are, the same for everybody in this process.
    ///
    /// # Errors
    /// When their store cannot be used.
    pub fn archive(&self) -> anyhow::Result<Archive> {
        if let Some(archive) = self.archive.get() {
            return Ok(archive.clone());
        }
        let archive = Archive::new(self.bus.clone(), Store::open(&self.settings.documents_store)?);
        Ok(self.archive.get_or_init(|| archive).clone())
    }

    fn perform(&self, lane: Lane, performer: Arc<dyn Performer>) {
        let worker = Worker {
            lane,
            pool: self.pool.clone(),
            performer,
            wake: self.effects.clone(),
            new_id: clock::new_id,
            owner: Owner::this_process(&self.settings.node),
        };
        self.tasks.spawn(worker.run(self.shutdown.clone()));
    }

    /// Ends in order: what takes work in, what works, the log. The caller bounds the time.
    pub async fn stop(&self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.log_shutdown.cancel();
        self.pool.close().await;
    }
}

/// Where the mirror of this configuration is.
pub fn mirror(settings: &Settings) -> MirrorConfig {
    MirrorConfig {
        stream: settings.nats_stream.clone(),
        subject_prefix: settings.nats_subject_prefix.clone(),
        max_bytes: settings.nats_max_bytes,
    }
}

/// Relays of other processes are woken once in this time at most: at hundreds of commits a second each wake-up costs the
/// NATS server as much of the processor as several commands, and one look into the log finds them all.
const BETWEEN_WAKES: Duration = Duration::from_millis(10);

/// Tells relays of other processes that there is something to publish. Without it their own polling finds it, later.
async fn wake_relays(
    nats: async_nats::Client,
    mirror: MirrorConfig,
    mut committed: watch::Receiver<i64>,
    shutdown: CancellationToken,
) {
    loop {
        tokio::select! {
            changed = committed.changed() => if changed.is_err() { return },
            () = shutdown.cancelled() => return,
        }
        // Lost like any wake-up may be.
        let _ = nats.publish(mirror.wake_subject(), bytes::Bytes::new()).await;
        tokio::select! {
            () = tokio::time::sleep(BETWEEN_WAKES) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// A transaction whose process is gone without a word must not keep its rows for hours.
const ABANDONED: [(&str, &str); 1] = [("idle_in_transaction_session_timeout", "60s")];

async fn pool(settings: &Settings, options: PgConnectOptions) -> anyhow::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(settings.database_pool)
        // The ping before each use costs as much as a small query; a broken connection shows itself.
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(ACQUIRE_TIMEOUT_S))
        // Otherwise a request cut short over a connection without a word keeps that connection from all others.
        .after_release(|connection, _| Box::pin(patience::at_rest(connection, OVERDUE)))
        .connect_with(options.options(ABANDONED))
        .await
        .context("Postgres cannot be reached under database_url")
}

async fn check_schema(pool: &PgPool) -> anyhow::Result<()> {
    let applied = event_log::migrate::applied(pool).await.context("the database was never migrated: run `migrate`")?;
    let known = event_log::migrate::head();
    if applied != known {
        bail!("the database is at migration {applied}, this build wants {known}: run `migrate` of the newer build");
    }
    Ok(())
}

/// Outside development nothing runs on settings under which an acknowledged command could be lost.
async fn check_durability(pool: &PgPool) -> anyhow::Result<()> {
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        let value: String = sqlx::query_scalar("select current_setting($1)").bind(setting).fetch_one(pool).await?;
        if value == "off" {
            bail!("Postgres runs with {setting} = off: acknowledged commands could be lost; switch it on");
        }
    }
    Ok(())
}

/// How long to wait before the next attempt to reach NATS.
const NATS_PAUSE: Duration = Duration::from_millis(50);
const NATS_PAUSE_MAX: Duration = Duration::from_secs(1);

/// NATS may be away: everything works without it, a little later. The client takes no login from the address by itself.
async fn nats(settings: &Settings) -> anyhow::Result<async_nats::Client> {
    let (options, address) = nats_login(settings)?;
    options
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(|attempts| {
            NATS_PAUSE.saturating_mul(u32::try_from(attempts).unwrap_or(u32::MAX)).min(NATS_PAUSE_MAX)
        })
        .connect(address)
        .await
        .context("nats_url cannot be used")
}

/// One attempt, for whoever wants to know whether NATS is there.
///
/// # Errors
/// When it is not, or refuses the login.
pub async fn nats_once(settings: &Settings) -> anyhow::Result<async_nats::Client> {
    let (options, address) = nats_login(settings)?;
    options.connect(address).await.context("NATS cannot be reached under nats_url")
}

fn nats_login(settings: &Settings) -> anyhow::Result<(ConnectOptions, ServerAddr)> {
    let address: ServerAddr = settings.nats_url.expose_secret().parse().context("nats_url is no NATS URL")?;
    let options = match (address.username(), address.password()) {
        (Some(user), Some(password)) => ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned()),
        (Some(token), None) => ConnectOptions::with_token(token.to_owned()),
        (None, _) => ConnectOptions::new(),
    };
    Ok((options.name("cloudsales"), address))
}
