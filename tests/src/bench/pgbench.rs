//! The yardstick for commands: `pgbench`, one row of the same size per transaction, into a table with the same indexes.

use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context, ensure};
use reqwest::Url;
use sqlx::{Executor, PgConnection};

use super::cpu::Meter;
use super::fleet;
use super::ground::Ground;
use super::load::Run;
use super::plan::Plan;
use super::random::Random;

const DATABASE: &str = "bench_rows";

const TABLE: &str = "
    create sequence row_position cache 1;
    create table rows (
        position bigint primary key, aggregate_type text collate \"C\" not null,
        aggregate_id text collate \"C\" not null, sequence bigint not null, event_type text collate \"C\" not null,
        event_version text not null, payload json not null, metadata json not null, event_id uuid not null,
        command_id uuid not null, customer_id uuid, recorded_at timestamptz not null,
        constraint rows_stream unique (aggregate_type, aggregate_id, sequence)
    )";

/// Four in five rows go to one of the existing streams. The position stands in for the version within the stream:
/// nothing is checked here, which is the cheapest a row can be. The two texts are given from outside.
const SCRIPT: &str = "\\set stream random(1, :streams * 5 / 4)
insert into rows (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
event_id, command_id, customer_id, recorded_at) \
select p, 'account', \
case when :stream <= :streams then '00000000-0000-7000-8000-' || lpad(:stream::text, 12, '0') \
else gen_random_uuid()::text end, \
p, 'AccountDetailsChanged', '1.0', :payload::json, :metadata::json, gen_random_uuid(), gen_random_uuid(), \
'00000000-0000-7000-8000-000000000001', clock_timestamp() from nextval('row_position') p;
";

/// The table, the script, and the texts each row carries.
pub struct Pgbench {
    program: PathBuf,
    script: PathBuf,
    server: Url,
    database: String,
    payload: String,
    metadata: String,
    streams: usize,
}

impl Pgbench {
    /// # Errors
    /// When the database cannot be made, or `pgbench` is missing beside Postgres.
    pub async fn new(plan: &Plan, ground: &Ground) -> anyhow::Result<Self> {
        let program = ground.postgres.bin().join("pgbench");
        ensure!(program.is_file(), "pgbench is missing beside Postgres: install Postgres's client programs too");
        ground.postgres.create_database(DATABASE).await?;
        ground.admin(DATABASE).await?.execute(TABLE).await?;
        let script = ground.folder.join("one_row.sql");
        std::fs::write(&script, SCRIPT)?;
        let name = fleet::peer_name(false, &mut Random::default());
        let payload = serde_json::json!({ "AccountDetailsChanged": { "name": name, "contact": null } });
        Ok(Self {
            program,
            script,
            server: Url::parse(&ground.postgres.url(DATABASE))?,
            database: ground.postgres.url(DATABASE),
            payload: payload.to_string(),
            metadata: serde_json::to_string(&metadata())?,
            streams: plan.accounts,
        })
    }

    /// One run with so many clients, warmed up by a short one.
    ///
    /// # Errors
    /// When it fails, or the table has not grown by exactly what it says it has done.
    pub async fn run(&self, plan: &Plan, meter: &Meter, clients: usize) -> anyhow::Result<Run> {
        self.launch(clients, plan.warm_up.as_secs().max(1)).await?;
        let mut connection = sqlx::Connection::connect(&self.database).await?;
        let (rows_before, before) = (rows(&mut connection).await?, meter.sample());
        let output = self.launch(clients, plan.measured.as_secs().max(1)).await?;
        let usage = meter.since(&before);
        let done = number_after(&output, "number of transactions actually processed: ")?;
        let written = rows(&mut connection).await? - rows_before;
        ensure!(written as f64 == done, "pgbench says {done} transactions, the table has {written} more rows");
        Ok(Run {
            done: u64::try_from(written)?,
            rate: number_after(&output, "tps = ")?,
            p50_ms: number_after(&output, "latency average = ")?,
            p99_ms: None,
            usage,
        })
    }

    async fn launch(&self, clients: usize, seconds: u64) -> anyhow::Result<String> {
        let mut command = self.command(clients, seconds);
        let output = tokio::task::spawn_blocking(move || command.output()).await?.context("cannot start pgbench")?;
        let Output { status, stdout, stderr } = output;
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        ensure!(status.success(), "pgbench failed: {status}\n{stderr}");
        Ok(stdout.into_owned())
    }

    /// The login goes through the environment: arguments are there for everybody to read.
    fn command(&self, clients: usize, seconds: u64) -> Command {
        let mut command = Command::new(&self.program);
        let threads = clients.min(super::cpu::cores());
        command
            .args(["-n", "-M", "prepared"])
            .args(["-c", &clients.to_string(), "-j", &threads.to_string(), "-T", &seconds.to_string()])
            .args(["-D", &format!("streams={}", self.streams)])
            .args(["-D", &format!("payload={}", self.payload), "-D", &format!("metadata={}", self.metadata)])
            .arg("-f")
            .arg(&self.script)
            .env("PGHOST", self.server.host_str().unwrap_or_default())
            .env("PGPORT", self.server.port().unwrap_or_default().to_string())
            .env("PGUSER", self.server.username())
            .env("PGPASSWORD", self.server.password().unwrap_or_default())
            .env("PGDATABASE", DATABASE);
        command
    }
}

fn metadata() -> domain::Metadata {
    let actor = fleet::buyer(super::random::new_id());
    let request = super::random::new_id().to_string();
    domain::Metadata {
        actor: actor.subject,
        role: actor.role.name().to_owned(),
        on_behalf_of: None,
        at: fleet::now(),
        correlation_id: request.clone(),
        causation_id: request,
        traceparent: None,
    }
}

async fn rows(connection: &mut PgConnection) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from rows").fetch_one(connection).await?)
}

/// The number right behind `label`.
fn number_after(output: &str, label: &str) -> anyhow::Result<f64> {
    let rest = output.split_once(label).with_context(|| format!("pgbench does not say {label:?}:\n{output}"))?.1;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].parse().with_context(|| format!("no number behind {label:?}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_are_read_from_what_pgbench_prints() {
        let output = "number of transactions actually processed: 1234\nlatency average = 0.750 ms\n\
                      tps = 12345.678901 (without initial connection time)\n";
        assert!((number_after(output, "tps = ").unwrap() - 12_345.678_901).abs() < 1e-6);
        assert!((number_after(output, "latency average = ").unwrap() - 0.75).abs() < 1e-9);
        assert!(number_after(output, "absent ").is_err());
    }
}
