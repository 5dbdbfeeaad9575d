//! What the simulators' programs have in common.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use super::Model;
use super::start::Running;

/// Before anything that encrypts or writes a log.
pub fn prepare() {
    // A second installation in the same process would be the only reason to fail.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
}

/// Says where it listens, then serves until it is asked to stop.
///
/// # Errors
/// When the port's file cannot be written or signals cannot be heard.
pub async fn serve<M: Model>(sim: Running<M>, port_file: Option<&Path>) -> anyhow::Result<()> {
    // Nobody may be reading; that is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{}", sim.url());
    if let Some(path) = port_file {
        write_port(path, sim.address().port())?;
    }
    stop_asked().await?;
    sim.stop().await;
    Ok(())
}

/// Whole or not at all: who waits for the file never reads half a number.
fn write_port(path: &Path, port: u16) -> anyhow::Result<()> {
    let draft = path.with_extension("new");
    std::fs::write(&draft, port.to_string()).with_context(|| format!("cannot write {}", draft.display()))?;
    std::fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))
}

/// Returns when it is to end.
///
/// # Errors
/// When signals cannot be heard.
pub async fn stop_asked() -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
