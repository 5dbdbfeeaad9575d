//! The log itself: whole, in order, and nobody's to change.

use std::collections::HashMap;

use super::Finding;
use super::evidence::Evidence;

pub(super) fn check(evidence: &Evidence) -> [Finding; 3] {
    let events = evidence.events.len();
    [
        Finding::new(
            4,
            "streams run from 1 to n, positions from 1 to the head, time never back",
            events,
            order(evidence),
        ),
        Finding::new(5, "no runtime login may change the log", evidence.logins.len(), grants(evidence)),
        Finding::new(21, "every event can be read and none is parked", events, unread(evidence)),
    ]
}

fn order(evidence: &Evidence) -> Vec<String> {
    let mut violations = Vec::new();
    let mut versions: HashMap<(&str, &str), i64> = HashMap::new();
    let mut before = None;
    for (expected, event) in (1..).zip(&evidence.events) {
        if event.position != expected {
            violations.push(format!("position {} where {expected} should be", event.position));
        }
        if before.is_some_and(|before| event.recorded_at < before) {
            violations.push(format!("position {} was recorded before the one before it", event.position));
        }
        before = Some(event.recorded_at);
        let version = versions.entry((&event.aggregate_type, &event.aggregate_id)).or_default();
        *version += 1;
        if event.sequence != *version {
            let stream = format!("{}/{}", event.aggregate_type, event.aggregate_id);
            violations.push(format!("{stream} has {} where {version} should be", event.sequence));
            *version = event.sequence;
        }
    }
    let last = evidence.events.last().map_or(0, |event| event.position);
    if last != evidence.head {
        violations.push(format!("the head says {} and the last event is {last}", evidence.head));
    }
    violations
}

fn grants(evidence: &Evidence) -> Vec<String> {
    let may = |(login, table, privilege): &(String, String, String)| format!("{login} has {privilege} on {table}");
    // Whoever runs the product as superuser or owner has no login that the log is safe from.
    let nobody = evidence.logins.is_empty().then(|| "no login is kept from changing the log".to_owned());
    evidence.privileges.iter().map(may).chain(nobody).chain(evidence.idle_triggers.iter().cloned()).collect()
}

fn unread(evidence: &Evidence) -> Vec<String> {
    let unreadable = evidence.events.iter().filter_map(|event| {
        let problem = event.event().err().map(ToString::to_string);
        let problem = problem.or_else(|| event.meta().err().map(|error| error.to_string()))?;
        Some(format!("position {} cannot be read: {problem}", event.position))
    });
    let parked = evidence.parked.iter().map(|parked| {
        let stream = format!("{}/{}", parked.aggregate_type, parked.aggregate_id);
        format!("{} has parked {stream} at {}: {}", parked.reader, parked.position, parked.reason)
    });
    unreadable.chain(parked).collect()
}
