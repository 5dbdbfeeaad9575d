//! The provider's side, by its own ledger: nothing twice, nothing forgotten there, and the same state here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use anyhow::Context;
use domain::ids;
use domain::order::Order;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::evidence::Evidence;
use super::{Finding, System, agreement, fold};

const ONCE: &str = "the provider did nothing twice, and only what an effect asked for";
const KNOWN: &str = "every order at the provider is known here";
const SAME: &str = "seats, days and states here are the provider's, and neither side has others";
const FORWARD: &str = "an older notice never overwrites newer state";
const HINTS: &str = "webhooks are hints: stored once, as sent";

/// The simulator answers at once.
const ANSWER: Duration = Duration::from_secs(10);

/// What the provider really did. Read before the log is: whatever it holds was committed here before it was asked for.
#[derive(Deserialize)]
pub(super) struct Ledger {
    effects: Vec<Entry>,
}

impl Ledger {
    pub async fn read(url: &str) -> anyhow::Result<Self> {
        let ledger =
            client()?.get(format!("{url}/sim/ledger")).send().await.context("the provider cannot be reached")?;
        Ok(ledger.error_for_status()?.json().await?)
    }
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    operation: String,
    external_ref: Option<String>,
    resource_id: String,
}

fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().timeout(ANSWER).build()?)
}

/// `ledger` is what the provider's own ledger said before the evidence was gathered, where there is one.
pub(super) async fn check(
    evidence: &Evidence,
    ledger: Option<Ledger>,
    system: &System,
) -> anyhow::Result<Vec<Finding>> {
    let (steps, backwards) = revisions(evidence);
    let altered: Vec<String> =
        evidence.altered_webhooks.iter().map(|id| format!("the webhook {id} is not what was stored")).collect();
    let webhooks = usize::try_from(evidence.webhooks).unwrap_or_default();
    let mut findings = vec![Finding::new(14, FORWARD, steps, backwards), Finding::new(15, HINTS, webhooks, altered)];
    let Some((ledger, url)) = ledger.zip(system.ccp_sim.as_deref()) else {
        findings.extend([(11, ONCE), (13, KNOWN), (13, SAME)].map(|(number, claim)| Finding::not_given(number, claim)));
        return Ok(findings);
    };
    let effects = ledger.effects.len();
    let (compared, differing) = agreement::check(evidence, &system.database_url, (&client()?, url)).await?;
    let mut once = twice(&ledger);
    once.extend(unasked(evidence, &ledger));
    findings.extend([
        Finding::new(11, ONCE, effects, once),
        Finding::new(13, KNOWN, effects, orphans(evidence, &ledger, &fold::orders(evidence))),
        Finding::new(13, SAME, compared, differing),
    ]);
    Ok(findings)
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

/// What was done to something of ours under a key that no effect has: it was asked for again under another one. Others
/// may have accounts there that we know nothing of.
fn unasked(evidence: &Evidence, ledger: &Ledger) -> Vec<String> {
    let own = evidence.effects.iter().flat_map(|effect| {
        let further = ["undo", "expire"].map(|what| ids::derived(&[what, &effect.op_id.to_string()]));
        further.into_iter().chain([effect.op_id])
    });
    let own: BTreeSet<Uuid> = own.collect();
    let subscriptions: BTreeSet<String> = fold::cores(evidence.events.iter())
        .into_values()
        .filter_map(|stream| Some(stream.state?.started.provider_subscription_id))
        .collect();
    let is_ours = |entry: &&Entry| match &entry.external_ref {
        Some(external_ref) => Uuid::parse_str(external_ref).is_ok(),
        None => subscriptions.contains(&entry.resource_id),
    };
    let strange = ledger.effects.iter().filter(is_ours);
    let strange = strange.filter(|entry| !Uuid::parse_str(&entry.key).is_ok_and(|key| own.contains(&key)));
    let told = |entry: &Entry| {
        format!("{} of {} was done under {}, which is no effect's", entry.operation, entry.resource_id, entry.key)
    };
    strange.map(told).collect()
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
