//! What the product does by itself: exactly what follows from the log, and no order is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use domain::order::{Order, OrderStatus, PaymentMode};
use domain::process::{Bill, Change, Collect, Documents, Dun, Notify, Process, Provision};
use domain::{AggregateType, StreamId, ids};
use serde_json::Value;
use uuid::Uuid;

use super::evidence::Evidence;
use super::{Finding, fold};

pub(super) fn check(evidence: &Evidence) -> [Finding; 2] {
    let orders = fold::orders(evidence);
    let forgotten = forgotten(evidence, &orders);
    let wrong = [
        effects::<Provision>(evidence),
        effects::<Change>(evidence),
        effects::<Bill>(evidence),
        effects::<Documents>(evidence),
        effects::<Collect>(evidence),
        effects::<Dun>(evidence),
        effects::<Notify>(evidence),
    ]
    .concat();
    [
        Finding::new(9, "effects are what the processes say, once each", evidence.effects.len(), wrong),
        Finding::new(12, "every order is final, under way, or listed for the operator", orders.len(), forgotten),
    ]
}

/// Which effects and states of a process follow from everything the processes' reader has seen.
fn expected<P: Process>(evidence: &Evidence) -> (BTreeMap<Uuid, Value>, BTreeMap<String, Value>) {
    let mut states: BTreeMap<String, P::State> = BTreeMap::new();
    let mut effects = BTreeMap::new();
    for recorded in evidence.until(evidence.position_of("processes")) {
        let (Ok(event), Some(aggregate)) = (recorded.event(), AggregateType::parse(&recorded.aggregate_type)) else {
            continue;
        };
        let stream = StreamId::new(aggregate, &recorded.aggregate_id);
        let Some((key, news)) = P::news(event, &stream) else { continue };
        for (n, effect) in (0..).zip(P::react(states.entry(key).or_default(), news)) {
            let op_id = ids::effect(P::NAME, recorded.position, n);
            effects.insert(op_id, serde_json::to_value(effect).unwrap_or_default());
        }
    }
    states.retain(|_, state| *state != P::State::default());
    let states = states.into_iter().map(|(key, state)| (key, serde_json::to_value(state).unwrap_or_default()));
    (effects, states.collect())
}

fn effects<P: Process>(evidence: &Evidence) -> Vec<String> {
    let (effects, states) = expected::<P>(evidence);
    let ours = |process: &str| process == P::NAME;
    let stored = evidence.effects.iter().filter(|row| ours(&row.process) && row.position.is_some());
    let stored: BTreeMap<Uuid, &Value> = stored.map(|row| (row.op_id, &row.effect)).collect();
    let missing = effects.keys().filter(|op| !stored.contains_key(op)).map(|op| format!("the effect {op} is missing"));
    let other = stored.iter().filter(|(op, effect)| effects.get(op) != Some(effect));
    let other = other.map(|(op, _)| format!("the effect {op} does not follow from the log"));
    let kept: BTreeMap<String, Value> = evidence
        .states
        .iter()
        .filter(|((process, _), _)| ours(process))
        .map(|((_, key), state)| (key.clone(), state.clone()))
        .collect();
    let mut found: Vec<String> = missing.chain(other).collect();
    if kept != states {
        found.push(format!("the states of {} are not what follows from the log", P::NAME));
    }
    found
}

fn forgotten(evidence: &Evidence, orders: &BTreeMap<Uuid, Order>) -> Vec<String> {
    let open = evidence.effects.iter().filter(|effect| matches!(effect.state.as_str(), "due" | "dead"));
    let cared_for: BTreeSet<&str> = open.map(|effect| effect.subject.as_str()).collect();
    // What the processes have not seen yet has no effect yet.
    let seen: BTreeSet<&str> =
        evidence.until(evidence.position_of("processes")).map(|event| event.aggregate_id.as_str()).collect();
    let lost = orders.iter().filter(|(id, order)| {
        let id = id.to_string();
        let waits = waits_by_itself(order)
            || cared_for.contains(id.as_str())
            || cared_for.contains(order.details.account_id.to_string().as_str())
            || !seen.contains(id.as_str());
        !order.status.is_final() && !waits && !is_behind(evidence, &id)
    });
    lost.map(|(id, order)| format!("the order {id} is {} and nobody looks after it", order.status.name())).collect()
}

/// For its day, for whoever pays it in advance, or for what comes of that payment.
fn waits_by_itself(order: &Order) -> bool {
    match order.status {
        OrderStatus::Scheduled | OrderStatus::PaymentPending | OrderStatus::PaymentFailed => true,
        OrderStatus::Placed => order.details.payment == PaymentMode::Prepaid,
        OrderStatus::Paid
        | OrderStatus::Submitted
        | OrderStatus::Fulfilled
        | OrderStatus::PartiallyFulfilled
        | OrderStatus::Failed
        | OrderStatus::Cancelled => false,
    }
}

/// Whether something happened to the stream that the processes have not seen yet.
fn is_behind(evidence: &Evidence, id: &str) -> bool {
    let seen = evidence.position_of("processes");
    evidence.events.iter().rev().take_while(|event| event.position > seen).any(|event| event.aggregate_id == id)
}
