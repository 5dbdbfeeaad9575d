//! A simulator's own work: completing what is due, delivering webhooks, noticing midnight.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::delivery::deliver;
use super::hooks::{Hook, Recipient};
use super::world::{Change, Sim};
use super::{Model, clock};

/// Deliveries at once; few, so that webhooks mostly arrive in order.
const DELIVERIES: usize = 8;
/// However quiet it is: midnight may have passed.
const LONGEST_REST: Duration = Duration::from_millis(500);

struct Work {
    hooks: Vec<(Hook, Option<Recipient>)>,
    next_due: Option<DateTime<Utc>>,
}

pub async fn run<M: Model>(sim: Sim<M>, client: reqwest::Client, stop: CancellationToken) {
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
        for (hook, recipient) in work.hooks {
            let attempt = attempts.entry(hook.number).or_default();
            *attempt += 1;
            let (number, delivery) = (hook.number, deliver(sim.clone(), client.clone(), hook, recipient, *attempt));
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

fn work<M: Model>(change: &mut Change<'_, M>, free: usize) -> Work {
    M::complete_due(change);
    let now = change.real_now;
    let taken: Vec<Hook> = std::iter::from_fn(|| change.state.memory_mut().hooks.take_due(now)).take(free).collect();
    // With every delivery slot taken the end of one of them wakes the runner.
    let next_hook = change.state.memory().hooks.next_due().filter(|_| taken.len() < free);
    let recipient = |hook: &Hook| change.state.recipient(change.own, hook, now);
    let hooks = taken.into_iter().map(|hook| (hook.clone(), recipient(&hook))).collect();
    Work { hooks, next_due: [next_hook, change.state.next_due()].into_iter().flatten().min() }
}

fn rest(next_due: Option<DateTime<Utc>>) -> Duration {
    let until = next_due.map(|due| due.signed_duration_since(clock::real_now()).to_std().unwrap_or(Duration::ZERO));
    until.unwrap_or(LONGEST_REST).min(LONGEST_REST)
}

fn forget_delivered<M: Model>(sim: &Sim<M>, attempts: &mut HashMap<u64, u32>, number: Option<u64>) {
    let Some(number) = number else { return };
    let (open, _) = sim.change(|change| change.state.memory().hooks.is_waiting(number));
    if !open {
        attempts.remove(&number);
    }
}
