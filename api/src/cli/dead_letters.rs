//! `cloudsales dead-letters list|retry|discard`: effects that were given up, and events that a reader has parked.

use clap::Subcommand;
use comfy_table::Table;
use commands::Clock as _;
use commands::context::{Context, Key, Trace};
use commands::dead_letter::{self, Letter};
use commands::effects::{self, EffectFilter, Wake};
use event_log::release::{self, Parked, Released};
use projections::status::{self, LetterFilter};
use sqlx::PgPool;

use super::{FOUND, WRONG_USE, database, output};
use crate::clock::{self, BusinessClock};
use crate::config::Settings;
use crate::readers;

/// Listed at most; whoever has more looks for their common cause first.
const LISTED: i64 = 1_000;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// What waits for the operator, newest first; exit status 1 when there is anything
    List {
        /// One JSON document a line
        #[arg(long)]
        json: bool,
    },
    /// Try a dead effect again, or let a parked aggregate go on; exit status 1 when it still cannot
    Retry {
        /// As `list` shows it
        id: String,
    },
    /// Close a dead effect for good, or let a reader go on without an event
    Discard {
        /// As `list` shows it
        id: String,
    },
}

pub async fn run(settings: &Settings, command: &Command) -> anyhow::Result<u8> {
    let pool = database::connect(&settings.database_url, "database_url").await?;
    let (id, retry) = match command {
        Command::List { json } => return list(&pool, *json).await,
        Command::Retry { id } => (id, true),
        Command::Discard { id } => (id, false),
    };
    match Letter::parse(id) {
        Some(Letter::Effect(op_id)) if is_dead(&pool, op_id).await? => effect(&pool, op_id, retry).await,
        Some(Letter::Parked(number)) => match release::find(&pool, number).await? {
            Some(parked) => event(&pool, (number, &parked), retry).await,
            None => Ok(unknown(id)),
        },
        Some(Letter::Effect(_)) | None => Ok(unknown(id)),
    }
}

fn unknown(id: &str) -> u8 {
    eprintln!("error: nothing dead has the id {id}");
    WRONG_USE
}

/// One row of the list.
#[derive(Debug, serde::Serialize)]
struct Row {
    id: String,
    kind: &'static str,
    of: String,
    about: String,
    position: Option<i64>,
    reason: String,
}

async fn rows(pool: &PgPool) -> Result<Vec<Row>, sqlx::Error> {
    let events = status::dead_letters(pool, &LetterFilter { limit: LISTED, ..LetterFilter::default() }).await?;
    let effects = effects::dead(pool, &EffectFilter { limit: LISTED, ..EffectFilter::default() }).await?;
    let events = events.into_iter().map(|row| Row {
        id: row.id.to_string(),
        kind: "event",
        of: row.reader,
        about: format!("{}/{}", row.aggregate_type, row.aggregate_id),
        position: Some(row.position),
        reason: row.reason,
    });
    let effects = effects.into_iter().map(|row| Row {
        id: row.op_id.to_string(),
        kind: "effect",
        of: row.process,
        about: format!("{}/{}", row.kind, row.subject),
        position: row.position,
        reason: row.outcome.unwrap_or_default(),
    });
    Ok(effects.chain(events).collect())
}

async fn list(pool: &PgPool, json: bool) -> anyhow::Result<u8> {
    let rows = rows(pool).await?;
    if json {
        for row in &rows {
            output::line(&serde_json::to_string(row)?)?;
        }
    } else {
        let mut table = Table::new();
        table.set_header(["id", "kind", "of", "about", "position", "reason"]);
        for row in &rows {
            let position = row.position.map(|position| position.to_string()).unwrap_or_default();
            table.add_row([&row.id, row.kind, &row.of, &row.about, &position, &row.reason]);
        }
        output::line(&table.to_string())?;
    }
    Ok(if rows.is_empty() { 0 } else { FOUND })
}

async fn is_dead(pool: &PgPool, op_id: uuid::Uuid) -> Result<bool, sqlx::Error> {
    let sql = "select exists (select from effects where op_id = $1 and state = 'dead')";
    sqlx::query_scalar(sql).bind(op_id).fetch_one(pool).await
}

async fn effect(pool: &PgPool, op_id: uuid::Uuid, retry: bool) -> anyhow::Result<u8> {
    let by = by(pool).await?;
    if retry {
        dead_letter::redrive(pool, op_id, &by).await?;
        output::line(&format!("{op_id} is due again; a process with its role tries it."))?;
    } else {
        dead_letter::give_up(pool, op_id, &by).await?;
        output::line(&format!("{op_id} is closed for good."))?;
    }
    Ok(0)
}

async fn event(pool: &PgPool, (number, parked): (i64, &Parked), retry: bool) -> anyhow::Result<u8> {
    let Some(reader) = readers::named(&parked.reader, &Wake::default()) else {
        eprintln!("error: this build has no reader {}", parked.reader);
        return Ok(WRONG_USE);
    };
    // Rows are what all events come to: one that is left out would make them something that never was.
    if !retry && readers::is_read_model(&parked.reader) {
        eprintln!("error: {} is a read model, which leaves nothing out; mend the cause and retry", parked.reader);
        return Ok(WRONG_USE);
    }
    let by = by(pool).await?;
    let mut tx = pool.begin().await?;
    let action = if retry { "retry" } else { "discard" };
    if dead_letter::note_in_tx(&mut tx, Letter::Parked(number), action, &by).await? && !retry {
        release::forget(&mut tx, parked, parked.position).await?;
    }
    tx.commit().await?;
    match release::release(pool, reader.as_ref(), parked).await? {
        Released::All | Released::Nothing => {
            output::line(&format!("{}/{} goes on.", parked.aggregate_type, parked.aggregate_id))?;
            Ok(0)
        }
        Released::Still { position, reason } => {
            output::line(&format!("Event {position} still cannot be applied: {reason}"))?;
            Ok(FOUND)
        }
    }
}

/// Whoever may log in to the database as the product acts for the seller.
async fn by(pool: &PgPool) -> Result<Context, sqlx::Error> {
    let now = BusinessClock::of_database(pool, None).await?.now();
    Ok(Context::system("command-line", now, Key::system(format!("cli/{}", clock::new_id())), Trace::default()))
}
