//! A reader's own connection, with at most one transaction under way.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection, PgPool};

use crate::lease::{Held, LEASE};

/// A reader's statements are the same for ever and find their rows by index: they are planned once. Planning one anew
/// each time costs more than executing it. A transaction whose process is gone without a word must not keep its rows
/// from whoever takes over.
const SETTINGS: [(&str, &str); 3] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("idle_in_transaction_session_timeout", "20s"),
];
/// A database that does not answer is away.
const PATIENCE: Duration = Duration::from_secs(5);
/// What `move_reader` raises when the reader is not where, or whose, it was.
const MOVED_ON: &str = "CS001";

pub(super) struct Session {
    options: PgConnectOptions,
    idle: Option<PgConnection>,
}

impl Session {
    /// Connects where the pool does, with the first transaction.
    pub(super) fn new(pool: &PgPool) -> Self {
        Self { options: pool.connect_options().as_ref().clone().options(SETTINGS), idle: None }
    }

    /// A connection with a transaction begun by `begin`. Dropped before it is committed, it is closed, and the
    /// transaction with it.
    ///
    /// # Errors
    /// Any database error.
    pub(super) async fn begin(&mut self, begin: &str) -> Result<PgConnection, sqlx::Error> {
        let mut connection = match self.idle.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        connection.execute(begin).await?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let connecting = tokio::time::timeout(PATIENCE, self.options.connect()).await;
        connecting.map_err(|_| sqlx::Error::PoolTimedOut)?
    }

    /// The checkpoint and the commit in one round trip. False when another has moved the reader on: nothing is
    /// committed then.
    ///
    /// # Errors
    /// Any database error.
    pub(super) async fn commit(
        &mut self,
        mut connection: PgConnection,
        (reader, held): (&'static str, &Held),
        position: i64,
    ) -> Result<bool, sqlx::Error> {
        let Held { position: since, epoch, .. } = held;
        let lease_s = LEASE.as_secs();
        let sql = format!("select move_reader('{reader}', {since}, {epoch}, {position}, '{lease_s} s'); commit");
        match connection.execute(sql.as_str()).await {
            Ok(_) => {
                self.idle = Some(connection);
                Ok(true)
            }
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(MOVED_ON) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
