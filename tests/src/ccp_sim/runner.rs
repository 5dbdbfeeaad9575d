//! The simulator's own work: completing what is due, delivering webhooks, noticing midnight.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::clock;
use super::completion::complete_due;
use super::delivery::deliver;
use super::rows::{Endpoint, Hook};
use super::world::{Change, Sim};

/// Deliveries at once; few, so that webhooks mostly arrive in order.
const DELIVERIES: usize = 8;
/// However quiet it is: midnight may have passed.
const LONGEST_REST: Duration = Duration::from_millis(500);

struct Work {
    hooks: Vec<(Hook, Endpoint)>,
    next_due: Option<DateTime<Utc>>,
}

pub async fn run(sim: Sim, client: reqwest::Client, stop: CancellationToken) {
    let mut deliveries = JoinSet::new();
    let mut attempts: HashMap<u64, u32> = HashMap::new();
    while !stop.is_cancelled() {
        while let Some(done) = deliveries.try_join_next() {
            forget_delivered(&sim, &mut attempts, done.ok());
        }
        let free = DELIVERIES - deliveries.len();
        let (work, saved) = sim.change(|change| work(change, free));
        if saved.await.is_err() {
            return;
        }
        for (hook, endpoint) in work.hooks {
            let attempt = attempts.entry(hook.number).or_default();
            *attempt += 1;
            let (number, delivery) = (hook.number, deliver(sim.clone(), client.clone(), hook, endpoint, *attempt));
            deliveries.spawn(async move {
                delivery.await;
                number
            });
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = sim.wake.notified() => {}
            () = tokio::time::sleep(rest(work.next_due)) => {}
        }
    }
    deliveries.shutdown().await;
}

fn work(change: &mut Change<'_>, free: usize) -> Work {
    complete_due(change);
    let mut hooks = Vec::new();
    if let Some(endpoint) = change.state.endpoint.clone() {
        let due = std::iter::from_fn(|| change.state.hooks.take_due(change.real_now));
        hooks = due.take(free).map(|hook| (hook, endpoint.clone())).collect();
    }
    // With every delivery slot taken the end of one of them wakes the runner.
    let next_hook = change.state.hooks.next_due().filter(|_| hooks.len() < free);
    let next_completion = change.state.due.first().map(|(at, _)| *at);
    Work { hooks, next_due: [next_hook, next_completion].into_iter().flatten().min() }
}

fn rest(next_due: Option<DateTime<Utc>>) -> Duration {
    let until = next_due.map(|due| due.signed_duration_since(clock::real_now()).to_std().unwrap_or(Duration::ZERO));
    until.unwrap_or(LONGEST_REST).min(LONGEST_REST)
}

fn forget_delivered(sim: &Sim, attempts: &mut HashMap<u64, u32>, number: Option<u64>) {
    let Some(number) = number else { return };
    let (open, _) = sim.change(|change| change.state.hooks.waiting.contains_key(&number));
    if !open {
        attempts.remove(&number);
    }
}
