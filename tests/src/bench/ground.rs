//! The servers everything is measured on: private, durable, the same for both sides of every ratio.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use sqlx::{Connection, Executor, PgConnection};

use super::cpu::Meter;
use crate::world::database::{DatabaseUrls, prepare_database};
use crate::world::{folders, nats, postgres};

/// What must be on for a commit to survive the machine.
const DURABLE: [&str; 3] = ["fsync", "synchronous_commit", "full_page_writes"];

/// For the log's and the tables' pages of a run of several seconds.
pub const FETCHED_MB: usize = 512;

#[derive(Debug)]
pub struct Ground {
    pub folder: PathBuf,
    pub postgres: postgres::Server,
    pub nats: nats::Server,
}

impl Ground {
    /// Starts both servers with empty data; whatever other servers the environment names is left alone.
    ///
    /// # Errors
    /// When one does not start, or Postgres would not be durable.
    pub async fn start() -> anyhow::Result<Self> {
        folders::remove_abandoned_scratch();
        let folder = folders::scratch("bench")?;
        let postgres = postgres::Server::start(&folder.join("postgres"), postgres::Options::bench()).await?;
        let nats = nats::Server::start(&folder.join("nats"), nats::Options::development()).await?;
        let ground = Self { folder, postgres, nats };
        let mut connection = ground.admin("postgres").await?;
        for setting in DURABLE {
            let value = show(&mut connection, setting).await?;
            ensure!(value == "on", "Postgres runs with {setting} = {value}, and would be measured without durability");
        }
        Ok(ground)
    }

    /// Stops both and removes their data.
    ///
    /// # Errors
    /// When one does not stop in time.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let (nats, postgres) = (self.nats.stop().await, self.postgres.stop().await);
        folders::remove_own_scratch();
        nats.and(postgres)
    }

    /// A database with the product's schema, and nothing in it.
    ///
    /// # Errors
    /// Any database error.
    pub async fn migrated(&self, name: &str) -> anyhow::Result<DatabaseUrls> {
        let urls = prepare_database(&self.postgres.url("postgres"), name).await?;
        let mut owner = PgConnection::connect(&urls.owner).await?;
        event_log::migrate::run(&mut owner).await.context("the schema cannot be made")?;
        owner.close().await?;
        Ok(urls)
    }

    /// A superuser's connection.
    ///
    /// # Errors
    /// Any database error.
    pub async fn admin(&self, database: &str) -> anyhow::Result<PgConnection> {
        PgConnection::connect(&self.postgres.url(database)).await.context("cannot reach Postgres")
    }

    /// Writes everything out, so that no run pays for what the one before left in memory.
    ///
    /// # Errors
    /// Any database error.
    pub async fn checkpoint(&self) -> anyhow::Result<()> {
        let mut connection = self.admin("postgres").await?;
        connection.execute("checkpoint").await?;
        Ok(connection.close().await?)
    }

    /// Before a run: everything is written out, and memory for what it will write is at hand. A virtual machine gives its
    /// host what it has not used for seconds, and has to fetch each page at its first touch; who writes more would pay
    /// more for that.
    ///
    /// # Errors
    /// Any database error, or when the disk is full.
    pub async fn make_ready(&self) -> anyhow::Result<()> {
        self.checkpoint().await?;
        let path = self.folder.join("memory");
        tokio::task::spawn_blocking(move || {
            let mut file = File::create(&path)?;
            let megabyte = vec![1; 1 << 20];
            for _ in 0..FETCHED_MB {
                file.write_all(&megabyte)?;
            }
            Ok(fs::remove_file(&path)?)
        })
        .await?
    }

    /// # Errors
    /// When the server is away.
    pub async fn nats_client(&self) -> anyhow::Result<async_nats::Client> {
        nats::connect(&self.nats.url()).await
    }

    /// Measures the two servers and this process.
    ///
    /// # Errors
    /// When one of them does not run.
    pub fn meter(&self) -> anyhow::Result<Meter> {
        let postgres = self.postgres.pid().context("Postgres does not run")?;
        let nats = self.nats.pid().context("the NATS server does not run")?;
        Ok(Meter { postgres, nats, product: None })
    }

    /// Versions and settings, for the report: Postgres's, then the NATS server's.
    ///
    /// # Errors
    /// When one of them is away.
    pub async fn versions(&self) -> anyhow::Result<(String, String)> {
        let mut connection = self.admin("postgres").await?;
        let version = show(&mut connection, "server_version").await?;
        let mut settings = Vec::new();
        for name in DURABLE.into_iter().chain(["shared_buffers", "max_wal_size", "wal_sync_method"]) {
            settings.push(format!("{name} = {}", show(&mut connection, name).await?));
        }
        let nats = self.nats_client().await?.server_info().version;
        Ok((format!("{version} ({})", settings.join(", ")), nats))
    }
}

async fn show(connection: &mut PgConnection, setting: &str) -> anyhow::Result<String> {
    Ok(sqlx::query_scalar("select current_setting($1)").bind(setting).fetch_one(connection).await?)
}

/// The position of the last event.
///
/// # Errors
/// Any database error.
pub async fn head<'e, E: sqlx::PgExecutor<'e>>(executor: E) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar("select position from log_head").fetch_one(executor).await?)
}
