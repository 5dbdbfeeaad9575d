//! The simulated payment gateways as a program of its own.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Parser;
use tests::payment_sim::{self, Settings};
use tests::sim::{Place, program};

/// Simulates the wallet and the token gateway over HTTP.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Folder of the journal; the same folder again means the same gateways.
    #[arg(long)]
    data: PathBuf,
    /// The bearer the wallet knows its client by.
    #[arg(long, env = "PAYMENT_SIM_WALLET_KEY", hide_env_values = true)]
    wallet_key: String,
    /// The X-Token of the token gateway.
    #[arg(long, env = "PAYMENT_SIM_TOKEN", hide_env_values = true)]
    token: String,
    /// Signs webhooks: whsec_ and base64; several with blanks between them.
    #[arg(long, env = "PAYMENT_SIM_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: String,
    /// Where business time begins in a new folder (RFC 3339).
    #[arg(long)]
    clock: Option<DateTime<Utc>>,
    /// Milliseconds from acceptance to outcome, like 300 or 3000-10000.
    #[arg(long, value_parser = delay, default_value = "3000-10000")]
    delay_ms: RangeInclusive<u32>,
    /// The bound port is written here once it listens.
    #[arg(long)]
    port_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    program::prepare();
    let place = Place { listen: arguments.listen, clock: arguments.clock, ..Place::new(&arguments.data) };
    let delay_ms = arguments.delay_ms.clone();
    let Arguments { data, wallet_key, token, webhook_secret, .. } = &arguments;
    let settings = Settings { place, delay_ms, ..Settings::new(data, wallet_key, token, webhook_secret) };
    let sim = payment_sim::start(settings).await?;
    program::serve(sim, arguments.port_file.as_deref()).await
}

fn delay(text: &str) -> anyhow::Result<RangeInclusive<u32>> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let number = |part: &str| part.trim().parse::<u32>().with_context(|| format!("{part} is no number"));
    Ok(number(from)?..=number(to)?)
}
