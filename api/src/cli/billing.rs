//! `cloudsales billing run`: starts a billing run on demand and follows it to its end. The work itself is done by the
//! processes that serve this database.

mod follow;

use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use commands::Bus;
use commands::billing::GenerateInvoices;
use commands::bus::{Receipt, Rejection};
use commands::context::{Context, Key, Trace};
use commands::seller::Seller;
use domain::billing::Period;
use domain::billing_run::RunSummary;
use event_log::Batcher;
use secrecy::ExposeSecret;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{AWAY, FOUND, WRONG_USE, database, output};
use crate::clock::{self, BusinessClock};
use crate::config::Settings;
use crate::http::v1::billing_runs::body::RunBody;
use crate::http::v1::resource::Head;
use crate::http::values;
use follow::{Ended, Followed, follow};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bill a month that is over, and wait until it is done; exit status 1 when an account is parked or a draft waits
    Run {
        /// The month, like 2026-10
        #[arg(long, value_parser = period)]
        period: Period,
        /// Only whoever is billed for this customer
        #[arg(long)]
        customer: Option<Uuid>,
        /// The run as the API shows it
        #[arg(long)]
        json: bool,
    },
}

fn period(text: &str) -> Result<Period, String> {
    values::period(text).map_err(|fault| fault.detail)
}

pub async fn run(settings: &Settings, command: &Command) -> anyhow::Result<u8> {
    let Command::Run { period, customer, json } = command;
    let pool = database::connect(&settings.database_url, "database_url").await?;
    let log = CancellationToken::new();
    let bus = bus(settings, &pool, log.clone()).await?;
    let generate =
        GenerateInvoices { run_id: clock::new_id(), period: *period, customer_id: *customer, account_id: None };
    let started = bus.execute(&by(&bus), &generate).await;
    log.cancel();
    if let Some(status) = refused(started)? {
        return Ok(status);
    }
    let followed = follow(&bus, generate.run_id).await?;
    report(&followed, *json)
}

/// As the product's own, with nobody else in this process.
async fn bus(settings: &Settings, pool: &PgPool, log: CancellationToken) -> anyhow::Result<Bus> {
    let options = settings.database_url.expose_secret().parse().context("database_url is no Postgres URL")?;
    let (batcher, _) = Batcher::start(options, log);
    let Some(seller) = Seller::new(settings.sellers.clone()) else { bail!("no seller is configured") };
    let clock = BusinessClock::of_database(pool, None).await?;
    Ok(Bus::new(pool.clone(), batcher, Arc::new(clock), Arc::new(seller)))
}

/// Whoever may log in to the database as the product acts for the seller.
fn by(bus: &Bus) -> Context {
    let key = Key::system(format!("cli/{}", clock::new_id()));
    let trace = Trace { correlation_id: key.key.clone(), causation_id: key.key.clone(), traceparent: None };
    Context::system("command-line", bus.now(), key, trace)
}

/// The exit status of a run that never began; `None` when it has begun.
fn refused(started: Result<Receipt, Rejection>) -> anyhow::Result<Option<u8>> {
    match started {
        Ok(_) => Ok(None),
        Err(Rejection::Refused(refusal)) => {
            eprintln!("error: {refusal}");
            Ok(Some(WRONG_USE))
        }
        Err(Rejection::NotFound) => {
            eprintln!("error: there is no such customer");
            Ok(Some(WRONG_USE))
        }
        Err(other) => Err(other).context("the run could not be started"),
    }
}

fn report(followed: &Followed, json: bool) -> anyhow::Result<u8> {
    let Followed { run_id, folded, ended } = followed;
    let Some(run) = folded.state.known().map(RunSummary::from) else { bail!("the log has lost the run") };
    if json {
        let body = RunBody::of(Head::of(*run_id, folded, true), &run, true);
        output::line(&serde_json::to_string(&body)?)?;
    } else {
        output::line(&told(*run_id, &run))?;
    }
    match ended {
        Ended::Completed if run.parked_accounts > 0 || run.counts.drafts > 0 => Ok(FOUND),
        Ended::Completed => Ok(0),
        Ended::NobodyWorks(roles) => {
            eprintln!(
                "error: no process serves this database with the roles {}: start one, and the run goes on",
                roles.join(", ")
            );
            Ok(AWAY)
        }
    }
}

fn told(run_id: Uuid, run: &RunSummary) -> String {
    let counts = run.counts;
    let mut lines = vec![
        format!("Run {run_id} of {} is {}.", run.started.period, run.status.name()),
        format!(
            "{} billed parties: {} invoices issued, {} drafts, {} credit notes, {} skipped; {} lines imported.",
            run.parties, counts.issued, counts.drafts, counts.credit_notes, counts.skipped, counts.imported
        ),
    ];
    if run.discrepancies > 0 {
        lines.push(format!(
            "{} differences from the provider's bill, {} open.",
            run.discrepancies, run.open_discrepancies
        ));
    }
    if run.parked_accounts > 0 {
        lines.push(format!("{} accounts are parked; retry the run when that is mended:", run.parked_accounts));
        lines.extend(run.parked.iter().map(|(account_id, parked)| format!("  {account_id}  {}", parked.reason)));
    }
    lines.join("\n")
}
