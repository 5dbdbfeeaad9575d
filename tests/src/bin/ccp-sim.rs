//! The simulated provider as a program of its own.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Parser;
use tests::ccp_sim::{self, Settings};
use tests::sim::{Place, program};

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
    program::prepare();
    let sim = ccp_sim::start(settings(&arguments)?).await?;
    program::serve(sim, arguments.port_file.as_deref()).await
}

fn settings(arguments: &Arguments) -> anyhow::Result<Settings> {
    let secret = match (&arguments.client_secret_file, &arguments.client_secret) {
        (Some(path), _) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?.trim().to_owned()
        }
        (None, secret) => secret.clone().unwrap_or_default(),
    };
    anyhow::ensure!(!secret.is_empty(), "the client secret is empty");
    let place = Place { listen: arguments.listen, clock: arguments.clock, ..Place::new(&arguments.data) };
    Ok(Settings {
        place,
        completion_ms: arguments.completion_ms,
        token_seconds: arguments.token_seconds,
        ..Settings::new(&arguments.data, &arguments.client_id, &secret)
    })
}
