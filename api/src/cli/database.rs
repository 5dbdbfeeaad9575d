//! Connections of commands: few, and quick to say that nobody is there.

use std::time::Duration;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// The pool itself would try for half a minute.
const PATIENCE: Duration = Duration::from_secs(5);
/// A rebuild holds one and works with others.
const CONNECTIONS: u32 = 4;

/// As the login of that address, named by its setting.
///
/// # Errors
/// When the address is none, or nobody answers there.
pub async fn connect(url: &SecretString, setting: &str) -> anyhow::Result<PgPool> {
    pool(options(url, setting)?, setting).await
}

/// The same, unable to write whatever the login may.
///
/// # Errors
/// As [`connect`].
pub async fn connect_read_only(url: &SecretString, setting: &str) -> anyhow::Result<PgPool> {
    pool(options(url, setting)?.options([("default_transaction_read_only", "on")]), setting).await
}

fn options(url: &SecretString, setting: &str) -> anyhow::Result<PgConnectOptions> {
    let options: PgConnectOptions =
        url.expose_secret().parse().with_context(|| format!("{setting} is no Postgres URL"))?;
    Ok(options.application_name("cloudsales-cli"))
}

async fn pool(options: PgConnectOptions, setting: &str) -> anyhow::Result<PgPool> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
    pool.connect_with(options).await.with_context(|| format!("Postgres cannot be reached under {setting}"))
}
