//! A closed loop: so many workers, each with one command under way at a time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::task::JoinSet;

use super::cpu::{Meter, Usage};
use super::plan::Plan;

/// One caller.
pub trait Worker: Send + 'static {
    /// Does one command; it counts when this returns well.
    fn step(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// Commands of the whole run, warm-up and end included: as many must be in the log.
    pub done: u64,
    /// Commands per second that ended while the clock ran.
    pub rate: f64,
    pub p50_ms: f64,
    /// Absent where the tool does not say.
    pub p99_ms: Option<f64>,
    pub usage: Usage,
}

/// Runs the workers for warm-up and measurement.
///
/// # Errors
/// The first failure of any of them.
pub async fn closed_loop<W: Worker>(plan: &Plan, meter: &Meter, workers: Vec<W>) -> anyhow::Result<Run> {
    let begin = Instant::now() + plan.warm_up;
    let end = begin + plan.measured;
    let mut tasks: JoinSet<_> = workers.into_iter().map(|worker| work(worker, begin, end)).collect();
    tokio::time::sleep_until(begin.into()).await;
    let before = meter.sample();
    tokio::time::sleep_until(end.into()).await;
    let usage = meter.since(&before);
    let mut latencies = Vec::new();
    let mut done = 0;
    while let Some(finished) = tasks.join_next().await {
        let (count, times) = finished.context("a worker panicked")??;
        done += count;
        latencies.extend(times);
    }
    let rate = latencies.len() as f64 / plan.measured.as_secs_f64();
    let p50_ms = percentile_ms(&mut latencies, 50);
    let p99_ms = Some(percentile_ms(&mut latencies, 99));
    Ok(Run { done, rate, p50_ms, p99_ms, usage })
}

async fn work<W: Worker>(mut worker: W, begin: Instant, end: Instant) -> anyhow::Result<(u64, Vec<Duration>)> {
    let (mut done, mut latencies) = (0, Vec::new());
    let mut started = Instant::now();
    while started < end {
        worker.step().await?;
        let finished = Instant::now();
        done += 1;
        if finished >= begin && finished < end {
            latencies.push(finished - started);
        }
        started = finished;
    }
    Ok((done, latencies))
}

/// In milliseconds; 0 without any.
pub fn percentile_ms(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
}

/// The middle one; 0 without any.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_taken_from_the_sorted_times() {
        let mut times: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert!((percentile_ms(&mut times, 50) - 51.0).abs() < 1e-9);
        assert!((percentile_ms(&mut times, 99) - 100.0).abs() < 1e-9);
        assert!(percentile_ms(&mut [], 99).abs() < 1e-9);
    }

    #[test]
    fn the_median_ignores_order_and_one_outlier() {
        assert!((median([9.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
    }
}
