//! `docs/benchmarks.md`, written from the report alone.

use std::path::PathBuf;

use anyhow::Context;

use super::report::{COLUMNS, Report};
use crate::world::folders;

const HEAD: &str = "# Benchmarks

Written by `./dev bench`, which measures everything in one run on one private, fully durable Postgres and one NATS server.
Ratios count, not absolute times: both sides of a ratio share the machine and the minute. Every run checks afterwards that
the log, the table or the stream has grown by exactly what was counted; otherwise the whole run fails.

## Setting
";

const HOW: &str = "
## How

- Commands through the bus: an authorised customer opens an account (one in five: a new stream, its customer's stream read
  and checked) or changes one; each has a new idempotency key. Closed loop, states cached as in the product.
- pgbench: one row of the same size per transaction, `-M prepared`, a table with the same two indexes, positions from a
  sequence, no version check, no outcome row.
- cqrs-es: the same rules through `postgres_cqrs` on the schema and the pool of ten that postgres-es ships; a lost race is
  asked again.
- HTTP: the shipped binary with the role http, 64 kept-alive connections; only 2xx count, any other answer fails the run.
  The same with every role and the provider's simulator beside it is told below the figures.
- Lag: open loop, relay, tail, all read models, indexes and processes in one process; from the command's receipt to the
  commit of the `directory` reader that covers its position.
- Billing run: customers with one order of ten lines each, through the API and the simulator, then the month ends. Timed by
  the log, from the run's first event to its last; the product has every role, and its memory is that of the whole process.
- Reads: the shipped binary with every role, at rest: a tenth of the accounts, all of them open at the provider; accounts
  by id with their customers' tokens, the first page of the catalogue priced for the caller. Beside it a process with one
  route: `select doc::text … where id = $1` through axum and sqlx with as many connections, and the bytes of that very
  catalogue page from memory.
- Grown log: events and outcomes of commands written by SQL beforehand; both logs then get the accounts and the commands of
  figure 1, in turns.
- Memory: resident, as the system counts it; idle is 2 s after the start, the highest is over all runs of commands.
- What bounds a figure is read from the processor time of the processes during the median run.
";

/// The page.
pub fn text(report: &Report) -> String {
    let mut lines: Vec<String> = vec![HEAD.to_owned()];
    lines.extend(report.setting.lines().map(|line| format!("- {line}")));
    lines.push("- Command: `./dev bench`".to_owned());
    lines.push("\n## Figures\n".to_owned());
    lines.push(line(&COLUMNS.map(str::to_owned)));
    lines.push(line(&COLUMNS.map(|_| "---".to_owned())));
    lines.extend(report.rows.iter().map(|row| line(&row.cells())));
    lines.push("\n## What bounds them\n".to_owned());
    lines.extend(report.rows.iter().map(|row| format!("- {} {}: {}", row.number, row.what, row.bound)));
    lines.push("\n## Besides\n".to_owned());
    lines.extend(report.notes.iter().map(|note| format!("- {note}")));
    lines.push(HOW.to_owned());
    lines.join("\n")
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

/// Writes it into the checkout; where.
///
/// # Errors
/// When it cannot be written.
pub fn write(report: &Report) -> anyhow::Result<PathBuf> {
    let folder = folders::checkout().join("docs");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("benchmarks.md");
    std::fs::write(&path, text(report)).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
