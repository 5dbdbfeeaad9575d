//! The internal listener: probes and metrics. Never reachable from outside.

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use ccp_adapter::CcpClient;
use event_log::Tail;
use metrics_exporter_prometheus::PrometheusHandle;
use projections::status::{self, Status};
use serde::Serialize;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::server::{self, ConnectionLimits};
use crate::roles::Role;
use crate::wiring::Parts;

/// A reader further behind than this is worth a word.
const LAG_EVENTS: i64 = 10_000;

#[derive(Clone)]
struct Probe {
    pool: PgPool,
    nats: async_nats::Client,
    /// Of a process that reads the log.
    tail: Option<Tail>,
    provider: Arc<OnceLock<CcpClient>>,
    life: Life,
    metrics: PrometheusHandle,
}

/// How far a process is between its start and its end.
#[derive(Clone)]
struct Life {
    started: CancellationToken,
    draining: CancellationToken,
}

/// What `/readyz` says.
#[derive(Debug, Serialize)]
struct Readiness {
    /// `ok`, `degraded` or `unavailable`.
    status: &'static str,
    reasons: Vec<String>,
}

/// Serves until the log itself stops, so that a drain can be watched.
pub fn serve(
    listener: TcpListener,
    parts: &Parts,
    roles: &[Role],
    metrics: PrometheusHandle,
) -> impl Future<Output = ()> + Send + 'static {
    let probe = Probe {
        pool: parts.pool.clone(),
        nats: parts.nats.clone(),
        tail: roles.iter().any(|role| matches!(role, Role::Project | Role::React)).then(|| parts.tail.clone()),
        provider: Arc::clone(&parts.provider),
        life: Life { started: parts.started.clone(), draining: parts.shutdown.clone() },
        metrics,
    };
    let router = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(|State(probe): State<Probe>| async move { probe.metrics.render() }))
        .with_state(probe);
    server::serve(listener, router, ConnectionLimits::default(), parts.log_shutdown.clone())
}

async fn ready(State(probe): State<Probe>) -> Response {
    let readiness = probe.look().await;
    let status = if readiness.status == "unavailable" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(readiness)).into_response()
}

impl Readiness {
    fn unavailable(reason: &str) -> Self {
        Self { status: "unavailable", reasons: vec![reason.to_owned()] }
    }
}

fn reader_trouble(reader: &Status) -> Vec<String> {
    let lag = reader.head - reader.position;
    let parked = (reader.parked > 0).then(|| format!("{}: {} aggregates are parked", reader.name, reader.parked));
    let behind = (lag > LAG_EVENTS).then(|| format!("{} is {lag} events behind", reader.name));
    parked.into_iter().chain(behind).collect()
}

impl Probe {
    async fn look(&self) -> Readiness {
        if self.life.draining.is_cancelled() {
            return Readiness::unavailable("draining");
        }
        if !self.life.started.is_cancelled() {
            return Readiness::unavailable("starting");
        }
        let Ok(readers) = status::readers(&self.pool).await else {
            return Readiness::unavailable("Postgres does not answer");
        };
        let mut reasons: Vec<String> = self.mirror_trouble().into_iter().map(str::to_owned).collect();
        reasons.extend(readers.iter().flat_map(reader_trouble));
        if let Some(provider) = self.provider.get().filter(|provider| provider.is_away()) {
            reasons.push(format!("{} is away: work for it waits", provider.provider()));
        }
        Readiness { status: if reasons.is_empty() { "ok" } else { "degraded" }, reasons }
    }

    fn mirror_trouble(&self) -> Option<&'static str> {
        if self.nats.connection_state() != async_nats::connection::State::Connected {
            return Some("NATS is away: readers use the log itself");
        }
        let tail = self.tail.as_ref()?;
        (!tail.is_live()).then_some("the mirror is not live: readers use the log itself")
    }
}
