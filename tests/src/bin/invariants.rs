//! Looks for what must never happen in a running system. Exit code 0: nothing found; 1: violations; 3: could not look.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tests::invariants::{self, MirrorPlace, Report, Sampler, System};
use tests::world::description::Description;
use tests::world::folders;

/// A transaction that is idle for longer waits for something outside.
const IDLE: Duration = Duration::from_millis(100);
/// How long database sessions are watched.
const WATCH: Duration = Duration::from_secs(2);

#[derive(Parser)]
#[command(name = "invariants", about = "Checks what must never happen, against a running system.")]
struct Arguments {
    /// The description of a development world; `.dev/world.json` unless an address is given.
    #[arg(long, conflicts_with = "database")]
    world: Option<PathBuf>,
    /// The product's database, as superuser.
    #[arg(long)]
    database: Option<String>,
    #[arg(long, requires = "database")]
    nats: Option<String>,
    /// The stream on that NATS; a development world knows its own.
    #[arg(long, default_value = "EVENTS")]
    stream: String,
    #[arg(long, default_value = "evt")]
    subject_prefix: String,
    /// The provider simulator's address.
    #[arg(long)]
    ccp_sim: Option<String>,
    /// The address of the simulated payment gateways.
    #[arg(long)]
    payment_sim: Option<String>,
    /// What a load driver wrote.
    #[arg(long)]
    journal: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    // Fails only if a provider is there already, and then there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(Arguments::parse()).await {
        Ok(report) => {
            println!("{}\n{} violations", report.table(), report.violations());
            ExitCode::from(u8::from(report.violations() > 0))
        }
        Err(error) => {
            eprintln!("invariants: {error:#}");
            ExitCode::from(3)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<Report> {
    let system = system(arguments)?;
    let sampler = Sampler::start(&system.database_url, IDLE);
    tokio::time::sleep(WATCH).await;
    invariants::check_with(&system, &sampler.idle).await
}

fn system(arguments: Arguments) -> anyhow::Result<System> {
    let Arguments { world, database, nats, stream, subject_prefix, ccp_sim, payment_sim, journal } = arguments;
    let Some(database_url) = database else {
        let path = world.unwrap_or_else(|| folders::dev().join("world.json"));
        let world = Description::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let known = System::described(world);
        let (ccp_sim, payment_sim) = (ccp_sim.or(known.ccp_sim), payment_sim.or(known.payment_sim));
        return Ok(System { ccp_sim, payment_sim, journal, ..known });
    };
    let mirror = nats.map(|nats_url| MirrorPlace { nats_url, stream, subject_prefix });
    let (pids, secrets, logs) = Default::default();
    Ok(System { database_url, mirror, ccp_sim, payment_sim, journal, pids, secrets, logs })
}
