//! The mail server of development and tests as a program of its own.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use tests::mail_sink;
use tests::sim::program;

/// Takes mail and delivers none of it: the inbox is at a URL.
#[derive(Parser)]
struct Arguments {
    /// Where to take mail; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    smtp: SocketAddr,
    /// Where to show it.
    #[arg(long, default_value = "127.0.0.1:0")]
    http: SocketAddr,
    /// Folder of the inbox; the same folder again means the same inbox.
    #[arg(long)]
    data: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    program::prepare();
    let sink = mail_sink::start(arguments.smtp, arguments.http, &arguments.data).await?;
    // Nobody may be reading; that is no reason to stop.
    let _ = writeln!(std::io::stdout(), "smtp://{} http://{}", sink.smtp, sink.http);
    program::stop_asked().await?;
    sink.stop().await;
    Ok(())
}
