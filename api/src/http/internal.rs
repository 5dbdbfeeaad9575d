//! The internal listener: probes and metrics. Never reachable from outside.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use event_log::Tail;
use metrics_exporter_prometheus::PrometheusHandle;
use projections::status;
use serde::Serialize;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::server::{self, ConnectionLimits};
use crate::wiring::Parts;

/// A reader further behind than this is worth a word.
const LAG_EVENTS: i64 = 10_000;

#[derive(Clone)]
struct Probe {
    pool: PgPool,
    nats: async_nats::Client,
    tail: Tail,
    shutdown: CancellationToken,
    metrics: PrometheusHandle,
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
    metrics: PrometheusHandle,
) -> impl Future<Output = ()> + Send + 'static {
    let probe = Probe {
        pool: parts.pool.clone(),
        nats: parts.nats.clone(),
        tail: parts.tail.clone(),
        shutdown: parts.shutdown.clone(),
        metrics,
    };
    let router = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(|State(probe): State<Probe>| async move { probe.metrics.render() }))
        .with_state(probe);
    server::serve(listener, router, ConnectionLimits::default(), parts.shutdown.clone())
}

async fn ready(State(probe): State<Probe>) -> Response {
    let readiness = probe.look().await;
    let status = if readiness.status == "unavailable" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(readiness)).into_response()
}

impl Probe {
    async fn look(&self) -> Readiness {
        if self.shutdown.is_cancelled() {
            return Readiness { status: "unavailable", reasons: vec!["draining".to_owned()] };
        }
        let Ok(readers) = status::readers(&self.pool).await else {
            return Readiness { status: "unavailable", reasons: vec!["Postgres does not answer".to_owned()] };
        };
        let mut reasons = Vec::new();
        if self.nats.connection_state() != async_nats::connection::State::Connected {
            reasons.push("NATS is away: readers use the log itself".to_owned());
        } else if !self.tail.is_live() {
            reasons.push("the mirror is not live: readers use the log itself".to_owned());
        }
        for reader in readers {
            if reader.parked > 0 {
                reasons.push(format!("{}: {} aggregates are parked", reader.name, reader.parked));
            }
            if reader.head - reader.position > LAG_EVENTS {
                reasons.push(format!("{} is {} events behind", reader.name, reader.head - reader.position));
            }
        }
        Readiness { status: if reasons.is_empty() { "ok" } else { "degraded" }, reasons }
    }
}
