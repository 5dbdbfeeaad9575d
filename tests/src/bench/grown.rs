//! Figure 13: whether appending gets slower as the log grows.
//!
//! The same commands in turns on two databases of one server: a log of millions of events with the outcomes of as many
//! commands, and one that has just begun.

use super::bus::Prepared;
use super::generated;
use super::ground::Ground;
use super::load::median;
use super::plan::Plan;
use super::report::{Limit, Report, Row};
use super::throughput::{middle, shown};

const IN_FLIGHT: usize = 64;

/// # Errors
/// When a command is rejected, or a log has not grown by exactly what was done.
pub async fn measure(plan: &Plan, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    println!("grown log: writing {} events and outcomes", plan.grown * generated::EVENTS);
    let urls = ground.migrated("bench_grown").await?;
    let events = generated::subscriptions(&urls.owner, plan.grown).await?;
    generated::outcomes(&urls.owner, events).await?;
    let grown = Prepared::on(plan, &urls).await?;
    let young = Prepared::on(plan, &ground.migrated("bench_young").await?).await?;
    let meter = ground.meter()?;
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for number in 1..=plan.repetitions {
        println!("grown log, repetition {number} of {}", plan.repetitions);
        for (name, log, runs) in [("young", &young, &mut others), ("grown", &grown, &mut ours)] {
            ground.checkpoint().await?;
            let run = log.run(plan, &meter, IN_FLIGHT).await?;
            println!("  {name}: {}", shown(&run));
            runs.push(run);
        }
    }
    report.add(Row {
        number: "13".to_owned(),
        what: format!("commands/s through the bus, {IN_FLIGHT} in flight, with {events} events in the log before"),
        ours: shown(&middle(&ours)),
        beside: format!("with {}: {}", plan.accounts, shown(&middle(&others))),
        value: median(ours.iter().zip(&others).map(|(ours, other)| ours.rate / other.rate)),
        limit: Limit::AtLeast { reach: 0.9, goal: 1.0 },
        bound: middle(&ours).usage.bound(),
    });
    grown.stop().await?;
    young.stop().await
}
