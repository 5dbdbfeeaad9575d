//! Stopping a world from another terminal, and forgetting its data.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::ensure;
use async_nats::jetstream;
use tests::world::backing::given;
use tests::world::database::drop_database;
use tests::world::nats;

use crate::data::{self, DataFolder};
use crate::records::{self, Recorded};

/// The launcher stops its children one after another, each with a limit of its own.
const LAUNCHER_GRACE: Duration = Duration::from_secs(60);
const CHILD_GRACE: Duration = Duration::from_secs(10);

/// Stops the launcher, which stops its children; then those that outlived it.
pub async fn down() -> anyhow::Result<()> {
    let records = records::read();
    if !records.iter().any(Recorded::is_running) {
        records::remove();
        println!("Nothing is running here.");
        return Ok(());
    }
    for (place, record) in records.iter().enumerate() {
        let grace = if place == 0 { LAUNCHER_GRACE } else { CHILD_GRACE };
        stop(record, grace).await?;
    }
    records::remove();
    println!("Stopped.");
    Ok(())
}

async fn stop(record: &Recorded, grace: Duration) -> anyhow::Result<()> {
    // Postgres takes a polite kill as a wish to wait for its sessions.
    let signal = if record.name == "postgres" { "INT" } else { "TERM" };
    record.signal(signal)?;
    if !has_ended(record, grace).await {
        record.signal("KILL")?;
        ensure!(has_ended(record, CHILD_GRACE).await, "{} (process {}) does not end", record.name, record.pid);
    }
    Ok(())
}

async fn has_ended(record: &Recorded, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    while record.is_running() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    !record.is_running()
}

/// Stops the world and removes its data; tools, signing key and ports stay.
pub async fn reset(chosen: Option<PathBuf>) -> anyhow::Result<()> {
    down().await?;
    let _claim = records::claim_checkout()?;
    let path = chosen.unwrap_or_else(data::last_path);
    let Some(folder) = DataFolder::existing(&path)? else {
        println!("No data in {}.", path.display());
        return Ok(());
    };
    forget_on_given_servers(&folder).await?;
    folder.remove();
    println!("Removed the data in {}.", path.display());
    Ok(())
}

async fn forget_on_given_servers(folder: &DataFolder) -> anyhow::Result<()> {
    let names = folder.names();
    if let Some(admin_url) = given("DATABASE_URL") {
        drop_database(&admin_url, &names.database).await?;
    }
    if let Some(nats_url) = given("NATS_URL") {
        let context = jetstream::new(nats::connect(&nats_url).await?);
        if context.get_stream(&names.stream).await.is_ok() {
            context.delete_stream(&names.stream).await?;
        }
    }
    Ok(())
}
