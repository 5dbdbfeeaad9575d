//! Read models and indexes: up to date, and nothing else than the fold of the log.

use std::collections::BTreeMap;

use domain::Event;
use domain::account::AccountEvent;
use domain::drift::DriftRules;
use domain::order::{OrderEvent, OrderRules, OrderStatus, PaymentMode};
use domain::subscription::SubscriptionEvent;
use serde_json::Value;
use uuid::Uuid;

use super::Finding;
use super::evidence::{Evidence, TABLES};
use super::{beside, billing, fold, hints, seats};

/// Events a reader may be behind while the system works.
const BEHIND: i64 = 200;

/// What a reader's rows show otherwise than the log.
pub(super) struct Difference {
    pub reader: &'static str,
    pub text: String,
}

pub(super) fn check(evidence: &Evidence, pids: &BTreeMap<String, u32>, differences: &[Difference]) -> [Finding; 2] {
    let late = evidence.readers.values().filter(|reader| evidence.head - reader.position > BEHIND);
    let mut waiting: Vec<String> =
        late.map(|reader| format!("{} is at {} of {}", reader.name, reader.position, evidence.head)).collect();
    let ended = pids.iter().filter(|(_, pid)| !std::path::Path::new(&format!("/proc/{pid}")).exists());
    waiting.extend(ended.map(|(name, pid)| format!("{name}, process {pid}, has ended")));
    let looked_at = evidence.rows.values().map(BTreeMap::len).sum::<usize>()
        + evidence.licences.len()
        + evidence.changes.len()
        + evidence.beside.count();
    [
        Finding::new(7, "every reader keeps up and no process had to be restarted", evidence.readers.len(), waiting),
        Finding::new(
            8,
            "every read model and index is the fold of the log",
            looked_at,
            differences.iter().map(|difference| difference.text.clone()).collect(),
        ),
    ]
}

/// Everything that differs.
pub(super) fn differences(evidence: &Evidence) -> Vec<Difference> {
    let nothing = BTreeMap::new();
    let mut found = Vec::new();
    let of = |reader: &'static str, text: String| Difference { reader, text };
    for (table, reader) in TABLES {
        let shown = evidence.rows.get(table).unwrap_or(&nothing);
        let differing = compare(table, &fold::rows(evidence, table, reader), shown);
        found.extend(differing.into_iter().map(|text| of(reader, text)));
    }
    found.extend(of_seats(evidence).into_iter().map(|text| of("subscriptions", text)));
    found.extend(billing::differences(evidence).into_iter().map(|text| of("billing", text)));
    found.extend(beside::differences(evidence));
    let streams = indexes(evidence).into_iter().chain(waiting(evidence));
    for (name, mut rows) in streams.chain(billing::indexes(evidence)).chain(hints::indexes(evidence)) {
        rows.sort();
        if evidence.indexes.get(name) != Some(&rows) {
            found.push(of("indexes", format!("the index {name} is not the fold of the log")));
        }
    }
    found
}

fn of_seats(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    let licences = seats::licences(evidence);
    if licences != evidence.licences {
        found.push(format!(
            "read_licences has {} rows, not the {} of the log",
            evidence.licences.len(),
            licences.len()
        ));
    }
    let changes = seats::changes(evidence);
    if changes != evidence.changes {
        found.push(format!("read_changes has {} rows, not the {} of the log", evidence.changes.len(), changes.len()));
    }
    found
}

/// Parked aggregates are told of elsewhere; here they count as differences too.
pub(super) fn compare(table: &str, expected: &BTreeMap<Uuid, Value>, shown: &BTreeMap<Uuid, Value>) -> Vec<String> {
    let missing = expected.keys().filter(|id| !shown.contains_key(id)).map(|id| format!("{table} lacks {id}"));
    let other = shown.iter().filter_map(|(id, row)| match expected.get(id) {
        None => Some(format!("{table} has {id}, which the log does not know")),
        Some(folded) if folded != row => Some(format!("{table} shows {id} otherwise than the log")),
        Some(_) => None,
    });
    missing.chain(other).collect()
}

fn indexes(evidence: &Evidence) -> [(&'static str, Vec<(Uuid, String)>); 3] {
    let (mut orders, mut accounts, mut subscriptions) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for recorded in evidence.until(evidence.position_of("indexes")) {
        let (Ok(event), Ok(id)) = (recorded.event(), Uuid::parse_str(&recorded.aggregate_id)) else { continue };
        match event {
            Event::Order(OrderEvent::OrderSubmitted { provider_order_id }) => {
                orders.insert(id, provider_order_id.clone());
            }
            Event::Account(AccountEvent::AccountOpened { .. }) => {
                accounts.insert(id, String::new());
            }
            Event::Account(AccountEvent::AccountLinked { provider_account_id }) => {
                accounts.insert(id, provider_account_id.clone());
            }
            Event::Subscription(SubscriptionEvent::SubscriptionStarted(started)) => {
                subscriptions.insert(id, started.provider_subscription_id.clone());
            }
            _ => {}
        }
    }
    [
        ("provider_orders", orders.into_iter().collect()),
        ("accounts", accounts.into_iter().collect()),
        ("subscriptions", subscriptions.into_iter().collect()),
    ]
}

/// Orders that wait for their day, for their money or for their end, and what became of each difference.
fn waiting(evidence: &Evidence) -> [(&'static str, Vec<(Uuid, String)>); 4] {
    let until = evidence.position_of("indexes");
    let (mut scheduled, mut open, mut unpaid) = (Vec::new(), Vec::new(), Vec::new());
    for (id, stream) in fold::of_rules::<OrderRules>(evidence.until(until)) {
        let Some(order) = stream.state.known() else { continue };
        if order.status == OrderStatus::Scheduled {
            scheduled.extend(order.scheduled_for.map(|day| (id, day.to_string())));
        } else if !order.status.is_final() {
            open.push((id, order.details.account_id.to_string()));
            if order.details.payment == PaymentMode::Prepaid && order.paid_at.is_none() {
                unpaid.push((id, String::new()));
            }
        }
    }
    let drifts = fold::of_rules::<DriftRules>(evidence.until(until)).into_iter();
    let drifts = drifts.filter_map(|(id, stream)| Some((id, stream.state.known()?.status().to_owned())));
    [("scheduled_orders", scheduled), ("open_orders", open), ("unpaid_orders", unpaid), ("drifts", drifts.collect())]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(shown: &[(u128, i64)]) -> BTreeMap<Uuid, Value> {
        shown.iter().map(|(id, n)| (Uuid::from_u128(*id), json!({ "n": n }))).collect()
    }

    #[test]
    fn what_is_missing_other_or_too_much_is_told_and_nothing_else() {
        let log = rows(&[(1, 1), (2, 2), (3, 3)]);
        assert_eq!(compare("read_orders", &log, &log), Vec::<String>::new());
        let shown = rows(&[(2, 2), (3, 4), (4, 4)]);
        let id = Uuid::from_u128;
        let told = [
            format!("read_orders lacks {}", id(1)),
            format!("read_orders shows {} otherwise than the log", id(3)),
            format!("read_orders has {}, which the log does not know", id(4)),
        ];
        assert_eq!(compare("read_orders", &log, &shown), told);
    }
}
