//! Commands and what is kept of them: acknowledged is written, refused is not, and a key does its work once.

use std::collections::HashMap;

use event_log::Recorded;
use serde_json::Value;
use uuid::Uuid;

use super::Finding;
use super::evidence::{Evidence, Outcome};
use crate::driver::{Stories, Story};

const ACKNOWLEDGED: &str = "what was acknowledged is in the log";
const REFUSED: &str = "what was refused wrote nothing";
const ONCE: &str = "a key does its work once and always answers the same";

pub(super) fn check(evidence: &Evidence, stories: Option<&Stories>) -> [Finding; 3] {
    let written = Written::of(evidence);
    let mut acknowledged = kept(evidence, &written);
    let mut once = scattered(&written);
    let Some(stories) = stories else {
        let outcomes = evidence.outcomes.len();
        return [
            Finding::new(1, ACKNOWLEDGED, outcomes, acknowledged),
            Finding::not_given(2, REFUSED),
            Finding::new(3, ONCE, outcomes, once),
        ];
    };
    acknowledged.extend(stories.by_key.values().filter_map(|story| missing(evidence, &written, story)));
    let refused: Vec<&Story> = stories.by_key.values().filter(|story| story.is_refused()).collect();
    let wrote = refused.iter().filter_map(|story| wrote(evidence, &written, story)).collect();
    once.extend(stories.by_key.values().filter_map(different_answers));
    once.extend(repeated_names(evidence, stories));
    [
        Finding::new(1, ACKNOWLEDGED, stories.by_key.len() + evidence.outcomes.len(), acknowledged),
        Finding::new(2, REFUSED, refused.len(), wrote),
        Finding::new(3, ONCE, stories.by_key.len(), once),
    ]
}

/// Positions written by each command.
struct Written<'a>(HashMap<Uuid, Vec<&'a Recorded>>);

impl<'a> Written<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        let mut written: HashMap<Uuid, Vec<&Recorded>> = HashMap::new();
        for event in &evidence.events {
            written.entry(event.command_id).or_default().push(event);
        }
        Self(written)
    }

    fn positions(&self, command: Uuid) -> Option<(i64, i64)> {
        let events = self.0.get(&command)?;
        Some((events.first()?.position, events.last()?.position))
    }
}

/// Every kept outcome points at events that are there, and at a version its resource has reached.
fn kept(evidence: &Evidence, written: &Written<'_>) -> Vec<String> {
    let mut versions: HashMap<(&str, &str), i64> = HashMap::new();
    for event in &evidence.events {
        versions.insert((&event.aggregate_type, &event.aggregate_id), event.sequence);
    }
    let reached = |outcome: &Outcome| match (&outcome.aggregate_type, &outcome.aggregate_id) {
        (Some(aggregate), Some(id)) => versions.get(&(aggregate.as_str(), id.as_str())).copied().unwrap_or(0),
        _ => outcome.version,
    };
    let wrong = |outcome: &&Outcome| {
        let positions = written.positions(outcome.id);
        let there = positions.is_none_or(|found| found == (outcome.first_position, outcome.last_position));
        // Without events both positions are where the log was.
        let nothing_missing = positions.is_some() || outcome.first_position == outcome.last_position;
        !there || !nothing_missing || outcome.last_position > evidence.head || reached(outcome) < outcome.version
    };
    let outcomes = evidence.outcomes.values().filter(wrong);
    outcomes.map(|outcome| format!("the outcome {} points at what is not in the log", outcome.id)).collect()
}

/// The events of one command stand together, whole.
fn scattered(written: &Written<'_>) -> Vec<String> {
    let apart = written.0.iter().filter(|(_, events)| {
        let positions = events.iter().map(|event| event.position);
        !positions.clone().zip(positions.skip(1)).all(|(one, next)| next == one + 1)
    });
    apart.map(|(command, _)| format!("the events of command {command} do not stand together")).collect()
}

fn missing(evidence: &Evidence, written: &Written<'_>, story: &Story) -> Option<String> {
    let answer = story.success()?;
    let about = format!("{} {} {}", story.request.method, story.request.path, story.request.key);
    let Some(outcome) = evidence.outcomes.get(&story.outcome_id()) else {
        return Some(format!("{about} was acknowledged and has no outcome"));
    };
    // Without events the answer names the position of the resource as it was, not the log's.
    let wrote = written.positions(outcome.id).is_some();
    let told = |at: i64| if wrote { at == outcome.last_position } else { at <= outcome.last_position };
    if i64::from(outcome.status) != i64::from(answer.status) || !answer.position.is_some_and(told) {
        return Some(format!("{about} was acknowledged otherwise than it is kept"));
    }
    let created = answer.status == 201;
    if created && written.positions(outcome.id).is_none() {
        return Some(format!("{about} was acknowledged and its events are missing"));
    }
    let id = answer.body["id"].as_str();
    (id.is_some() && id != outcome.aggregate_id.as_deref()).then(|| format!("{about} is kept under another id"))
}

fn wrote(evidence: &Evidence, written: &Written<'_>, story: &Story) -> Option<String> {
    let id = story.outcome_id();
    let wrote = evidence.outcomes.contains_key(&id) || written.0.contains_key(&id);
    wrote.then(|| format!("{} {} was refused and wrote", story.request.path, story.request.key))
}

fn different_answers(story: &Story) -> Option<String> {
    let first = story.answers.first()?;
    let same = |other: &&crate::driver::Received| match first.is_success() {
        true => *other == first,
        // A refusal may become a success later, never the other way round, and never with the same state behind it.
        false => !other.is_success(),
    };
    let differs = !story.answers.iter().all(|answer| same(&answer));
    differs.then(|| format!("{} {} was answered in two ways", story.request.path, story.request.key))
}

/// Names are unique to one request of the driver: what happened twice has its name twice.
fn repeated_names(evidence: &Evidence, stories: &Stories) -> Vec<String> {
    let named = |body: &Value| body["name"].as_str().map(str::to_owned);
    let wanted = stories.by_key.values().filter_map(|story| named(&story.request.body));
    let mut seen: HashMap<String, u32> = wanted.map(|name| (name, 0)).collect();
    for event in evidence.events.iter().filter(|event| event.sequence == 1) {
        let payload: Value = serde_json::from_str(&event.payload).unwrap_or_default();
        let content = &payload[&event.event_type];
        let name = content["name"].as_str().or_else(|| content["details"]["name"].as_str());
        if let Some(count) = name.and_then(|name| seen.get_mut(name)) {
            *count += 1;
        }
    }
    let twice = seen.into_iter().filter(|(_, count)| *count > 1);
    twice.map(|(name, count)| format!("{name} exists {count} times")).collect()
}
