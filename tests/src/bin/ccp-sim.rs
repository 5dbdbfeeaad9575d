//! The simulated provider as a program of its own.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Parser;
use tests::ccp_sim::{self, Settings};
use tokio::signal::unix::{SignalKind, signal};

/// Simulates the Cloud Computing Provider over HTTP.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder of the journal; the same folder again means the same provider.
    #[arg(long)]
    data: PathBuf,
    #[arg(long)]
    client_id: String,
    /// File that holds the client's secret.
    #[arg(long, required_unless_present = "client_secret")]
    client_secret_file: Option<PathBuf>,
    /// The client's secret.
    #[arg(long, env = "CCP_SIM_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// Where business time begins in a new folder (RFC 3339).
    #[arg(long)]
    clock: Option<DateTime<Utc>>,
    /// Milliseconds from acceptance to completion of an order or operation.
    #[arg(long, default_value_t = 300)]
    completion_ms: u32,
    /// Life of an access token in seconds.
    #[arg(long, default_value_t = 3_600)]
    token_seconds: u32,
    /// The bound port is written here once it listens.
    #[arg(long)]
    port_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // A second installation in the same process would be the only reason to fail.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let sim = ccp_sim::start(settings(&arguments)?).await?;
    // Nobody may be reading; that is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{}", sim.url());
    if let Some(path) = &arguments.port_file {
        write_port(path, sim.address().port())?;
    }
    stop_asked().await?;
    sim.stop().await;
    Ok(())
}

fn settings(arguments: &Arguments) -> anyhow::Result<Settings> {
    let secret = match (&arguments.client_secret_file, &arguments.client_secret) {
        (Some(path), _) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?.trim().to_owned()
        }
        (None, secret) => secret.clone().unwrap_or_default(),
    };
    anyhow::ensure!(!secret.is_empty(), "the client secret is empty");
    Ok(Settings {
        listen: arguments.listen,
        clock: arguments.clock,
        completion_ms: arguments.completion_ms,
        token_seconds: arguments.token_seconds,
        ..Settings::new(&arguments.data, &arguments.client_id, &secret)
    })
}

/// Whole or not at all: who waits for the file never reads half a number.
fn write_port(path: &Path, port: u16) -> anyhow::Result<()> {
    let draft = path.with_extension("new");
    std::fs::write(&draft, port.to_string()).with_context(|| format!("cannot write {}", draft.display()))?;
    std::fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))
}

async fn stop_asked() -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
