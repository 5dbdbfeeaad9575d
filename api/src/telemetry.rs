//! Structured logs and metrics.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::Mode;

/// Seconds, for everything that is measured as a latency.
const LATENCY_BUCKETS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// JSON lines on standard error; readable ones in development. `RUST_LOG` narrows or widens them.
pub fn logs(mode: Mode) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,async_nats=warn"));
    let subscriber = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second initialisation, as in tests, keeps the first.
    let _ = match mode {
        Mode::Development => subscriber.with_ansi(false).try_init(),
        Mode::Production => subscriber.json().flatten_event(true).try_init(),
    };
}

/// Installs the recorder behind `/metrics`.
///
/// # Errors
/// When this process has one already, or the buckets are refused.
pub fn metrics() -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(metrics_exporter_prometheus::Matcher::Suffix("_seconds".to_owned()), LATENCY_BUCKETS)?;
    Ok(builder.install_recorder()?)
}
