//! `cloudsales projections status|rebuild`

use clap::Subcommand;
use comfy_table::Table;
use event_log::Reader as _;
use indicatif::{ProgressBar, ProgressStyle};
use projections::{rebuild, status};
use sqlx::PgPool;

use super::{FOUND, WRONG_USE, database};
use crate::config::Settings;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Where every reader of the log is; exit status 1 when one is parked
    Status,
    /// Rebuild a read model beside the live one, then show the new rows
    Rebuild {
        /// As `status` lists it
        name: String,
    },
}

pub async fn run(settings: &Settings, command: &Command) -> anyhow::Result<u8> {
    let pool = database::connect(&settings.database_url, "database_url").await?;
    match command {
        Command::Status => print_status(&pool).await,
        Command::Rebuild { name } => rebuild_one(&pool, name).await,
    }
}

async fn print_status(pool: &PgPool) -> anyhow::Result<u8> {
    let readers = status::readers(pool).await?;
    let mut table = Table::new();
    table.set_header(["name", "version", "position", "head", "lag events", "lag s", "parked", "running"]);
    for reader in &readers {
        table.add_row([
            reader.name.clone(),
            reader.version.to_string(),
            reader.position.to_string(),
            reader.head.to_string(),
            (reader.head - reader.position).to_string(),
            reader.lag_seconds.to_string(),
            reader.parked.to_string(),
            reader.running.to_string(),
        ]);
    }
    println!("{table}");
    Ok(if readers.iter().any(|reader| reader.parked > 0) { FOUND } else { 0 })
}

async fn rebuild_one(pool: &PgPool, name: &str) -> anyhow::Result<u8> {
    let Some(model) = projections::all().into_iter().find(|model| model.name() == name) else {
        eprintln!("error: there is no read model {name}");
        return Ok(WRONG_USE);
    };
    let bar = progress_bar(name);
    let rebuilt = rebuild::rebuild(pool, &model, |position, head| {
        bar.set_length(u64::try_from(head).unwrap_or_default());
        bar.set_position(u64::try_from(position).unwrap_or_default());
    })
    .await?;
    bar.finish_and_clear();
    println!("{name} shows generation {} at position {}.", rebuilt.generation, rebuilt.position);
    Ok(0)
}

/// On standard error, and only where that is a terminal.
fn progress_bar(name: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} events, {eta} left");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(name.to_owned())
}
