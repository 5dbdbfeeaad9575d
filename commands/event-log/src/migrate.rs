//! The schema, as plain forward-only SQL, applied by the owner login.

use sqlx::PgConnection;
use sqlx::migrate::{MigrateError, Migrator};

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// Brings the schema to this build's head. Two at once wait for each other.
///
/// # Errors
/// [`MigrateError`] when a migration fails or the database is ahead of this build.
pub async fn run(connection: &mut PgConnection) -> Result<(), MigrateError> {
    MIGRATOR.run(connection).await
}

/// The number of the newest migration this build knows.
pub fn head() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// The number of the newest migration applied.
///
/// # Errors
/// Any database error, also when nothing was ever migrated.
pub async fn applied<'e, E: sqlx::PgExecutor<'e>>(executor: E) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(executor).await
}
