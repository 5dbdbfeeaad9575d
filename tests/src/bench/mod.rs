//! Benchmarks: each figure beside its limit, measured in one run against one private, fully durable Postgres.
//!
//! Ratios count, not absolute times: both sides of a ratio are measured alternately on the same servers, and the ratio
//! is the median of those taken within one repetition. Every run proves afterwards that what it counted is in the log.

pub mod bare;
pub mod billing;
pub mod bus;
pub mod cpu;
pub mod documents;
pub mod fleet;
pub mod generated;
pub mod ground;
pub mod grown;
pub mod http;
pub mod http_client;
pub mod lag;
pub mod load;
pub mod peer;
pub mod pgbench;
pub mod plan;
pub mod random;
pub mod reads;
pub mod rebuild;
pub mod relay;
pub mod report;
pub mod streams;
pub mod throughput;

use plan::Plan;
use report::Report;
use tokio::runtime::Handle;

/// Measures the rows the plan names, printing each as it is done. `pinned`: threads as a served product has them with
/// `pin_threads`.
///
/// # Errors
/// When a server does not start, a run fails, or a run did not do what it counted.
pub async fn run(plan: &Plan, pinned: &Handle) -> anyhow::Result<Report> {
    let mut ground = ground::Ground::start().await?;
    let measured = measure(plan, &ground, pinned).await;
    let stopped = ground.stop().await;
    let report = measured?;
    stopped?;
    Ok(report)
}

async fn measure(plan: &Plan, ground: &ground::Ground, pinned: &Handle) -> anyhow::Result<Report> {
    let mut report = Report::new(plan, ground).await?;
    println!("{}", report.setting);
    if plan.wants_any(&[1, 2, 3, 4, 5, 14]) {
        throughput::measure(plan, ground, pinned, &mut report).await?;
    }
    if plan.wants(6) {
        lag::measure(plan, ground, &mut report).await?;
    }
    if plan.wants(7) {
        rebuild::measure(plan, ground, &mut report).await?;
    }
    if plan.wants(8) {
        relay::measure(plan, ground, &mut report).await?;
    }
    if plan.wants(9) {
        streams::measure(plan, ground, &mut report).await?;
    }
    if plan.wants(10) {
        billing::measure(plan, ground, &mut report).await?;
    }
    if plan.wants_any(&[11, 12]) {
        reads::measure(plan, ground, &mut report).await?;
    }
    if plan.wants(13) {
        grown::measure(plan, ground, &mut report).await?;
    }
    Ok(report)
}
