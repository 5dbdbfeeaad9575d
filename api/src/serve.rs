//! `cloudsales serve`: starts, serves, drains.

use std::time::Duration;

use anyhow::{Context, bail};
use event_log::lease::Owner;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use crate::config::Settings;
use crate::http;
use crate::presence;
use crate::roles::Role;
use crate::telemetry;
use crate::wiring::Parts;

/// How long a graceful stop may take before it is cut.
const DRAIN: Duration = Duration::from_secs(25);

/// Runs the roles until a signal; a second one aborts.
///
/// # Errors
/// When it cannot start, or a second signal cut the drain short.
pub async fn run(settings: Settings, roles: &[Role]) -> anyhow::Result<u8> {
    let roles = Role::of_process(roles);
    let mut signals = Signals::listen()?;
    let recorder = telemetry::metrics()?;
    let internal = TcpListener::bind(&settings.internal_listen).await.context("internal_listen cannot be bound")?;
    let public = match roles.contains(&Role::Http) {
        true => Some(TcpListener::bind(&settings.http_listen).await.context("http_listen cannot be bound")?),
        false => None,
    };
    write_ports(&settings, public.as_ref(), &internal)?;
    let parts = Parts::build(settings).await?;
    // Before anything is started and until everything has ended: a start and a drain can be watched.
    let probes = tokio::spawn(http::internal::serve(internal, &parts, &roles, recorder));
    parts.start(&roles).await?;
    let owner = Owner::this_process(&parts.settings.node);
    parts.tasks.spawn(presence::announce(parts.pool.clone(), owner, roles.clone(), parts.shutdown.clone()));
    if let Some(public) = public {
        let api = parts.api()?;
        parts.tasks.spawn(http::router::serve(public, api, &parts));
    }
    parts.started.cancel();
    info!(?roles, "serving");
    signals.next().await;
    info!("draining; a second signal aborts");
    tokio::select! {
        drained = tokio::time::timeout(DRAIN, parts.stop()) => {
            if drained.is_err() { warn!("the drain took too long and was cut"); }
            probes.abort();
            Ok(0)
        }
        () = signals.next() => bail!("aborted by a second signal"),
    }
}

/// Tells whoever started us which ports were bound.
fn write_ports(settings: &Settings, public: Option<&TcpListener>, internal: &TcpListener) -> anyhow::Result<()> {
    let Some(file) = &settings.port_file else { return Ok(()) };
    let api = public.map(TcpListener::local_addr).transpose()?.map(|address| address.port());
    let ports = serde_json::json!({ "api": api, "internal": internal.local_addr()?.port() });
    std::fs::write(file, ports.to_string()).context("port_file cannot be written")
}

struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}
