//! A database with the log in it, and processes that write to it: for tests of the log and of its mirror.

mod checks;
mod invoices;
mod ledger;
mod mirrored;
mod samples;
mod statements;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use commands::seller::{Seller, SellerEntity};
use commands::{Bus, Clock, Command, Context, Receipt, Rejection};
use event_log::{Batcher, append, migrate, patience};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Postgres, Transaction};
use tokio_util::sync::CancellationToken;

use crate::world::database::admin_url_of;
use crate::world::postgres::{DatabaseUrls, prepare_database};
use crate::world::{TestServers, unique_name};

pub use checks::{check_log, rows_of};
pub use invoices::{Bill, Deposit, END_CUSTOMER, WriteExempt, WriteInvoice, euro};
pub use ledger::{LEDGER, Ledger};
pub use mirrored::{MirroredLog, Running, quick_client};
pub use samples::{
    Ask, RuleWhileBusy, SetRule, SetTerms, at, customer, operator, rule_events, rule_stream, scope, system,
};
pub use statements::IssueStatement;

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How often somebody who waits looks again.
const POLL: Duration = Duration::from_millis(5);
/// Connections of one process of the world.
const CONNECTIONS: u32 = 8;

/// A migrated database of its own.
#[derive(Debug)]
pub struct LogWorld {
    /// As superuser, to the same database.
    pub admin_url: String,
    pub urls: DatabaseUrls,
    pub admin: PgPool,
    pub owner: PgPool,
    pub app: PgPool,
}

impl LogWorld {
    /// On the servers all tests share.
    ///
    /// # Errors
    /// When they cannot be started or reached.
    pub async fn new() -> anyhow::Result<Self> {
        Self::on(&TestServers::get().await?.postgres_url).await
    }

    /// On the server of that superuser.
    ///
    /// # Errors
    /// When it cannot be reached or the migrations fail.
    pub async fn on(server_url: &str) -> anyhow::Result<Self> {
        let name = unique_name("log");
        let urls = prepare_database(server_url, &name).await?;
        let mut connection = PgConnection::connect(&urls.owner).await?;
        migrate::run(&mut connection).await?;
        connection.close().await?;
        let admin_url = admin_url_of(server_url, &name)?;
        Ok(Self {
            admin: pool(&admin_url, 2).await?,
            owner: pool(&urls.owner, 4).await?,
            app: pool(&urls.app, CONNECTIONS).await?,
            admin_url,
            urls,
        })
    }

    /// A process with its own connections, batcher and memory of states.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn process(&self) -> anyhow::Result<LogProcess> {
        LogProcess::start(&self.urls.app, &self.urls.app).await
    }

    /// Keeps all appends waiting until it is dropped or rolled back.
    ///
    /// # Errors
    /// Any database error.
    pub async fn hold_head(&self) -> anyhow::Result<Transaction<'static, Postgres>> {
        let mut tx = self.owner.begin().await?;
        append::hold_log_in_tx(&mut tx).await?;
        Ok(tx)
    }

    /// Waits until so many sessions of this database wait for a lock.
    ///
    /// # Errors
    /// When they do not come to that in time.
    pub async fn blocked(&self, sessions: i64) -> anyhow::Result<()> {
        let sql = "select count(*) >= $1 from pg_stat_activity \
                   where datname = current_database() and wait_event_type = 'Lock'";
        eventually("sessions to wait for a lock", PATIENCE, async || {
            Ok(sqlx::query_scalar(sql).bind(sessions).fetch_one(&self.admin).await?)
        })
        .await
    }

    /// Waits until a session of this database has begun a transaction and does nothing, as a reader at a closed gate.
    ///
    /// # Errors
    /// When none comes to that in time.
    pub async fn stands_still(&self) -> anyhow::Result<()> {
        let sql = "select count(*) > 0 from pg_stat_activity \
                   where datname = current_database() and state = 'idle in transaction'";
        eventually("the reader to stand still in its transaction", PATIENCE, async || {
            Ok(sqlx::query_scalar(sql).fetch_one(&self.admin).await?)
        })
        .await
    }

    /// The last position.
    ///
    /// # Errors
    /// Any database error.
    pub async fn head(&self) -> anyhow::Result<i64> {
        Ok(event_log::page::head(&self.app).await?)
    }
}

/// What one process of the product has of the write side.
#[derive(Debug)]
pub struct LogProcess {
    pub bus: Bus,
    pub batcher: Batcher,
    pub pool: PgPool,
    shutdown: CancellationToken,
}

impl LogProcess {
    /// Reads and appends by separate addresses, so that a fault can hit one of them.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn start(read_url: &str, append_url: &str) -> anyhow::Result<Self> {
        Self::on(pool(read_url, CONNECTIONS).await?, append_url)
    }

    /// Reads by connections of that pool.
    ///
    /// # Errors
    /// When the address is none.
    pub fn on(pool: PgPool, append_url: &str) -> anyhow::Result<Self> {
        let options: PgConnectOptions = append_url.parse()?;
        let shutdown = CancellationToken::new();
        let (batcher, _) = Batcher::start(options, shutdown.clone());
        let seller = Seller::new(vec![seller()]).context("a seller has an entity")?;
        let bus = Bus::new(pool.clone(), batcher.clone(), Arc::new(Standing(at())), Arc::new(seller));
        Ok(Self { bus, batcher, pool, shutdown })
    }
}

impl Drop for LogProcess {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// A business clock that stands still.
#[derive(Debug)]
pub struct Standing(pub DateTime<Utc>);

impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

fn seller() -> SellerEntity {
    SellerEntity {
        id: "seller-de".to_owned(),
        legal_name: "Seller GmbH".to_owned(),
        country: "DE".to_owned(),
        vat_id: "DE136695976".to_owned(),
        address: vec!["Hafenstraße 1".to_owned(), "20457 Hamburg".to_owned()],
        number_prefix: String::new(),
        time_zone: commands::seller::Tz::UTC,
        customer_countries: Vec::new(),
    }
}

async fn pool(url: &str, connections: u32) -> anyhow::Result<PgPool> {
    impatient(url, connections, PATIENCE).await
}

/// Waits until nobody uses any of its connections. One that is cut off while its pool looks after it, after a statement,
/// is beyond our reach.
///
/// # Errors
/// When that does not come about in time.
pub async fn at_rest(pool: &PgPool) -> anyhow::Result<()> {
    let idle = async || Ok(usize::try_from(pool.size())? == pool.num_idle());
    eventually("connections to be at rest", PATIENCE, idle).await
}

/// Connections as the product has them, for which and over which nobody waits long.
///
/// # Errors
/// When the database cannot be reached.
pub async fn impatient(url: &str, connections: u32, limit: Duration) -> anyhow::Result<PgPool> {
    let options = PgPoolOptions::new().max_connections(connections).test_before_acquire(false).acquire_timeout(limit);
    let options = options.after_release(move |connection, _| Box::pin(patience::at_rest(connection, limit)));
    Ok(options.connect(url).await?)
}

/// Asks as a good client does: the same key again until there is an answer that will not change.
///
/// # Errors
/// The first rejection that asking again does not help against.
pub async fn persist<C: Command>(bus: &Bus, context: &Context, command: &C) -> Result<Receipt, Rejection> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = bus.execute(context, command).await;
        let again = answer.as_ref().is_err_and(Rejection::passes);
        if !again || tokio::time::Instant::now() >= deadline {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

/// The pause between two looks of a loop that watches something else go on.
pub async fn look_again() {
    tokio::time::sleep(POLL).await;
}

/// Waits until it holds.
///
/// # Errors
/// When it does not in time, or cannot be found out.
pub async fn eventually<F, Fut>(what: &str, limit: Duration, mut holds: F) -> anyhow::Result<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = anyhow::Result<bool>>,
{
    let deadline = tokio::time::Instant::now() + limit;
    while !holds().await? {
        ensure!(tokio::time::Instant::now() < deadline, "waited {limit:?} for {what}");
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
