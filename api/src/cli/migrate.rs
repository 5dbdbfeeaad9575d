//! `cloudsales migrate`

use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};

use anyhow::Context;

use crate::config::{ConfigError, Settings};

pub async fn run(settings: &Settings) -> anyhow::Result<u8> {
    let Some(url) = &settings.database_owner_url else {
        let why = "migrations run as the owner of the schema, never as the product's login";
        return Err(ConfigError::Missing { name: "database_owner_url", why }.into());
    };
    let mut connection = PgConnection::connect(url.expose_secret())
        .await
        .context("Postgres cannot be reached under database_owner_url")?;
    event_log::migrate::run(&mut connection).await.context("a migration failed; nothing of it was kept")?;
    println!("The database is at migration {}.", event_log::migrate::head());
    Ok(0)
}
