//! The provider's side, by its own ledger: nothing twice, nothing forgotten there, and the same state here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use anyhow::Context;
use domain::Event;
use domain::order::Order;
use domain::subscription::SubscriptionEvent;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::evidence::Evidence;
use super::{Finding, fold};

const ONCE: &str = "the provider did nothing twice";
const SAME: &str = "what is at the provider is what is here";
const FORWARD: &str = "an older notice never overwrites newer state";
const HINTS: &str = "webhooks are hints: stored as sent, and the end state is the provider's";

/// The simulator answers at once.
const ANSWER: Duration = Duration::from_secs(10);
/// Subscriptions compared one by one; the newest, if there are more.
const COMPARED: usize = 2_000;

#[derive(Deserialize)]
struct Ledger {
    effects: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    operation: String,
    external_ref: Option<String>,
    resource_id: String,
}

pub(super) async fn check(evidence: &Evidence, ccp_sim: Option<&str>) -> anyhow::Result<Vec<Finding>> {
    let (steps, backwards) = revisions(evidence);
    let forward = Finding::new(14, FORWARD, steps, backwards);
    let altered: Vec<String> =
        evidence.altered_webhooks.iter().map(|id| format!("the webhook {id} is not what was stored")).collect();
    let webhooks = usize::try_from(evidence.webhooks).unwrap_or_default();
    let Some(url) = ccp_sim else {
        let hints = Finding::new(15, HINTS, webhooks, altered);
        return Ok(vec![Finding::not_given(11, ONCE), Finding::not_given(13, SAME), forward, hints]);
    };
    let http = reqwest::Client::builder().no_proxy().timeout(ANSWER).build()?;
    let ledger = http.get(format!("{url}/sim/ledger")).send().await.context("the provider cannot be reached")?;
    let ledger: Ledger = ledger.error_for_status()?.json().await?;
    let (compared, mut differing) = subscriptions(evidence, &http, url).await?;
    let orders = fold::orders(evidence);
    let orphans = orphans(evidence, &ledger, &orders);
    differing.extend(altered);
    Ok(vec![
        Finding::new(11, ONCE, ledger.effects.len(), twice(&ledger)),
        Finding::new(13, SAME, ledger.effects.len(), orphans),
        forward,
        Finding::new(15, HINTS, webhooks + compared, differing),
    ])
}

fn twice(ledger: &Ledger) -> Vec<String> {
    let mut by_key: HashMap<&str, u32> = HashMap::new();
    let mut by_thing: HashMap<(&str, &str), u32> = HashMap::new();
    for entry in &ledger.effects {
        *by_key.entry(&entry.key).or_default() += 1;
        if let Some(external_ref) = &entry.external_ref {
            *by_thing.entry((&entry.operation, external_ref)).or_default() += 1;
        }
    }
    let keys = by_key.into_iter().filter(|(_, count)| *count > 1);
    let keys = keys.map(|(key, count)| format!("the operation {key} took effect {count} times"));
    let things = by_thing.into_iter().filter(|(_, count)| *count > 1);
    let things = things.map(|((operation, about), count)| format!("{operation} of {about} took effect {count} times"));
    keys.chain(things).collect()
}

/// Orders the provider has: each is known here under its id, was cancelled there, is still being asked about, or was
/// cancelled here on its way there and has as many lines recorded as came into being.
fn orphans(evidence: &Evidence, ledger: &Ledger, orders: &BTreeMap<Uuid, Order>) -> Vec<String> {
    let of = |operation: &'static str| ledger.effects.iter().filter(move |entry| entry.operation == operation);
    let cancelled: BTreeSet<&str> = of("cancel_order").map(|entry| entry.resource_id.as_str()).collect();
    let open = evidence.effects.iter().filter(|effect| matches!(effect.state.as_str(), "due" | "dead"));
    let asked: BTreeSet<&str> = open.filter(|e| e.kind == "submit_order").map(|e| e.subject.as_str()).collect();
    let lost = of("place_order").filter(|entry| {
        let ours = entry.external_ref.as_deref().unwrap_or_default();
        let known = Uuid::parse_str(ours).ok().and_then(|id| orders.get(&id)?.provider_order_id.as_deref());
        known != Some(entry.resource_id.as_str())
            && !cancelled.contains(entry.resource_id.as_str())
            && !asked.contains(ours)
            && !is_recorded_late(evidence, orders, ours)
    });
    lost.map(|entry| format!("the provider has the order {} that is not under way here", entry.resource_id)).collect()
}

fn is_recorded_late(evidence: &Evidence, orders: &BTreeMap<Uuid, Order>, order: &str) -> bool {
    let submitted = evidence.effects.iter().find(|effect| effect.kind == "submit_order" && effect.subject == order);
    let outcome = submitted.and_then(|effect| effect.outcome.as_deref()).unwrap_or_default();
    let late = outcome.strip_prefix("cancelled here on its way there; ").and_then(|rest| rest.split(' ').next());
    let late: Option<usize> = late.and_then(|count| count.parse().ok());
    let ours = Uuid::parse_str(order).ok().and_then(|id| orders.get(&id));
    let recorded = ours.map(|order| order.lines.iter().filter(|placed| placed.subscription_id.is_some()).count());
    late.is_some() && late == recorded
}

/// Pairs of revisions looked at, and those that go back.
fn revisions(evidence: &Evidence) -> (usize, Vec<String>) {
    let (mut newest, mut looked_at, mut back) = (HashMap::<&str, i64>::new(), 0, Vec::new());
    for event in evidence.events.iter().filter(|event| event.payload.contains("provider_revision")) {
        let payload: Value = serde_json::from_str(&event.payload).unwrap_or_default();
        let Some(revision) = payload[&event.event_type]["provider_revision"].as_i64() else { continue };
        looked_at += 1;
        let before = newest.insert(&event.aggregate_id, revision).unwrap_or(i64::MIN);
        if revision < before {
            back.push(format!("{} went from revision {before} to {revision}", event.aggregate_id));
        }
    }
    (looked_at, back)
}

/// Seats and state of each subscription as the provider's console shows them: an edit of nothing changes nothing.
async fn subscriptions(evidence: &Evidence, http: &reqwest::Client, url: &str) -> anyhow::Result<(usize, Vec<String>)> {
    let started: Vec<(&str, &str)> = evidence.events.iter().rev().filter_map(provider_id).take(COMPARED).collect();
    let mut differing = Vec::new();
    for (ours, theirs) in &started {
        let Some(row) = Uuid::parse_str(ours).ok().and_then(|id| evidence.rows.get("read_subscriptions")?.get(&id))
        else {
            continue;
        };
        let answer = http.patch(format!("{url}/sim/subscriptions/{theirs}")).json(&json!({})).send().await?;
        let shown: Value = answer.json().await.unwrap_or_default();
        let core = &row["state"];
        if shown["quantity"] != core["quantity"] || shown["status"] != core["status"] {
            differing
                .push(format!("{ours} is {} seats {} here, at the provider {shown}", core["quantity"], core["status"]));
        }
    }
    Ok((started.len(), differing))
}

fn provider_id(recorded: &event_log::Recorded) -> Option<(&str, &str)> {
    match recorded.event() {
        Ok(Event::Subscription(SubscriptionEvent::SubscriptionStarted(started))) => {
            Some((&recorded.aggregate_id, &started.provider_subscription_id))
        }
        _ => None,
    }
}
