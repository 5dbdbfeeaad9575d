//! `cloudsales events tail|show`: the log as it is written, read-only, with Postgres alone.

use std::sync::Arc;
use std::time::Duration;

use chrono::SecondsFormat;
use clap::Subcommand;
use event_log::{Recorded, page};
use serde_json::Value;
use sqlx::PgPool;

use super::{WRONG_USE, database, output};
use crate::config::Settings;

/// How often the end of the log is looked at.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Follow the log, one line an event, until interrupted
    Tail {
        /// Begin after this position; at the end of the log when absent
        #[arg(long)]
        from: Option<i64>,
        /// End after so many events
        #[arg(long)]
        limit: Option<u64>,
        /// One JSON document a line
        #[arg(long)]
        json: bool,
    },
    /// One event by its position, or a whole stream by `order/<id>`
    Show {
        what: String,
        /// One JSON document a line
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(settings: &Settings, command: &Command) -> anyhow::Result<u8> {
    let pool = connect(settings).await?;
    match command {
        Command::Tail { from, limit, json } => tail(&pool, *from, limit.unwrap_or(u64::MAX), *json).await,
        Command::Show { what, json } => show(&pool, what, *json).await,
    }
}

/// As the auditor where there is one.
async fn connect(settings: &Settings) -> anyhow::Result<PgPool> {
    match &settings.database_auditor_url {
        Some(url) => database::connect_read_only(url, "database_auditor_url").await,
        None => database::connect_read_only(&settings.database_url, "database_url").await,
    }
}

async fn tail(pool: &PgPool, from: Option<i64>, limit: u64, json: bool) -> anyhow::Result<u8> {
    let mut position = match from {
        Some(position) => position,
        None => page::head(pool).await?,
    };
    let mut left = limit;
    while left > 0 {
        let events = page::after(pool, position, page::PAGE.min(i64::try_from(left).unwrap_or(i64::MAX))).await?;
        for event in &events {
            if !output::line(&if json { one_line(event)? } else { summary(event)? })? {
                return Ok(0);
            }
        }
        left -= u64::try_from(events.len()).unwrap_or(left);
        match events.last() {
            Some(last) => position = last.position,
            None => tokio::time::sleep(LOOK).await,
        }
    }
    Ok(0)
}

async fn show(pool: &PgPool, what: &str, json: bool) -> anyhow::Result<u8> {
    let events = match (what.parse::<i64>(), what.split_once('/')) {
        (Ok(position), _) => at(pool, position).await?,
        (Err(_), Some((aggregate, id))) => stream(pool, aggregate, id).await?,
        (Err(_), None) => {
            eprintln!("error: {what} is neither a position nor a stream like order/<id>");
            return Ok(WRONG_USE);
        }
    };
    if events.is_empty() {
        eprintln!("error: there is nothing at {what}");
        return Ok(WRONG_USE);
    }
    for event in &events {
        let text = if json { one_line(event)? } else { format!("{}\n{}", summary(event)?, details(event)?) };
        if !output::line(&text)? {
            break;
        }
    }
    Ok(0)
}

async fn at(pool: &PgPool, position: i64) -> anyhow::Result<Vec<Arc<Recorded>>> {
    let mut events = page::after(pool, position.saturating_sub(1), 1).await?;
    events.retain(|event| event.position == position);
    Ok(events)
}

async fn stream(pool: &PgPool, aggregate: &str, id: &str) -> anyhow::Result<Vec<Arc<Recorded>>> {
    let events = event_log::stream::events(pool, aggregate, id, 0).await?;
    Ok(events.into_iter().map(Arc::new).collect())
}

/// Position, time, stream and version, what happened, by whom.
fn summary(event: &Recorded) -> anyhow::Result<String> {
    let by = event.meta()?;
    let at = event.recorded_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (aggregate, id, version) = (&event.aggregate_type, &event.aggregate_id, event.sequence);
    Ok(format!(
        "{:>8}  {at}  {aggregate}/{id}@{version}  {}  {} {}",
        event.position, event.event_type, by.role, by.actor
    ))
}

/// Payload and metadata as stored, indented.
fn details(event: &Recorded) -> anyhow::Result<String> {
    let payload: Value = serde_json::from_str(&event.payload)?;
    let metadata: Value = serde_json::from_str(&event.metadata)?;
    let pretty = serde_json::to_string_pretty(&serde_json::json!({ "payload": payload, "metadata": metadata }))?;
    Ok(pretty.lines().map(|line| format!("          {line}\n")).collect())
}

/// The stored event, byte for byte what the mirror carries.
fn one_line(event: &Recorded) -> anyhow::Result<String> {
    Ok(String::from_utf8(event.to_body())?)
}
