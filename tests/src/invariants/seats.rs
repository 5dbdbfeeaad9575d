//! What the log says about licences and change requests: by the names of its events, with nothing of the read side.

use std::collections::BTreeMap;

use domain::Event;
use domain::subscription::{GrantedLicence, SubscriptionEvent};
use event_log::Recorded;
use serde_json::{Value, json};
use uuid::Uuid;

use super::evidence::{Evidence, LicenceRow};

/// Every licence there is, as its row should be.
pub(super) fn licences(evidence: &Evidence) -> Vec<LicenceRow> {
    let mut rows = BTreeMap::new();
    for recorded in evidence.until(evidence.position_of("subscriptions")) {
        let (Ok(Event::Subscription(event)), Ok(id)) = (recorded.event(), Uuid::parse_str(&recorded.aggregate_id))
        else {
            continue;
        };
        seat(&mut rows, id, event, recorded);
    }
    rows.into_values().collect()
}

fn seat(rows: &mut BTreeMap<(Uuid, i32), LicenceRow>, id: Uuid, event: &SubscriptionEvent, recorded: &Recorded) {
    let column = |ordinal: u32| i32::try_from(ordinal).unwrap_or(i32::MAX);
    match event {
        SubscriptionEvent::LicencesGranted { licences } => {
            rows.extend(licences.iter().map(|licence| ((id, column(licence.ordinal)), granted(id, licence))));
        }
        SubscriptionEvent::LicencesRemoved { ordinals } => {
            for ordinal in ordinals {
                rows.remove(&(id, column(*ordinal)));
            }
        }
        SubscriptionEvent::LicenceAssigned { ordinal, user, .. } => {
            if let Some(row) = rows.get_mut(&(id, column(*ordinal))) {
                (row.assigned_subject, row.assigned_revision) = (Some(user.subject), Some(user.revision));
                row.assigned_at = recorded.meta().ok().map(|metadata| metadata.at);
            }
        }
        SubscriptionEvent::LicenceUnassigned { ordinal, .. } => {
            if let Some(row) = rows.get_mut(&(id, column(*ordinal))) {
                (row.assigned_subject, row.assigned_revision, row.assigned_at) = (None, None, None);
            }
        }
        _ => {}
    }
}

fn granted(subscription_id: Uuid, licence: &GrantedLicence) -> LicenceRow {
    LicenceRow {
        subscription_id,
        ordinal: i32::try_from(licence.ordinal).unwrap_or(i32::MAX),
        licence_id: licence.licence_id,
        key_subject: licence.key.subject,
        key_revision: licence.key.revision,
        added_on: licence.added_on,
        assigned_subject: None,
        assigned_revision: None,
        assigned_at: None,
    }
}

const KINDS: [(&str, &str); 5] = [
    ("QuantityChange", "quantity"),
    ("Cancellation", "cancellation"),
    ("Extension", "extension"),
    ("Suspension", "suspension"),
    ("Resumption", "resumption"),
];

/// Every change request, as its row should be.
pub(super) fn changes(evidence: &Evidence) -> BTreeMap<(Uuid, Uuid), Value> {
    let mut rows = BTreeMap::new();
    let events = evidence.until(evidence.position_of("subscriptions"));
    for recorded in events.filter(|recorded| recorded.aggregate_type == "subscription") {
        let _ = change(&mut rows, recorded);
    }
    rows
}

fn change(rows: &mut BTreeMap<(Uuid, Uuid), Value>, recorded: &Recorded) -> Option<()> {
    let (kind, state) = KINDS.iter().find_map(|(name, kind)| {
        let rest = recorded.event_type.strip_prefix(name)?;
        ["Requested", "Confirmed", "Rejected"].contains(&rest).then(|| (*kind, rest.to_lowercase()))
    })?;
    let payload: Value = serde_json::from_str(&recorded.payload).ok()?;
    let said = &payload[recorded.event_type.as_str()];
    let id = said["change_id"].as_str()?.parse().ok()?;
    let at = recorded.meta().ok()?.at.timestamp_micros();
    let row = rows.entry((recorded.aggregate_id.parse().ok()?, id)).or_insert_with(|| {
        json!({ "position": recorded.position, "kind": kind, "from_value": null, "to_value": null, "requested_at": at })
    });
    row["state"] = json!(state);
    row["reason"] = said["reason"].clone();
    for (column, name) in [("from_value", "from"), ("to_value", "to")] {
        if !said[name].is_null() {
            row[column] = said[name].clone();
        }
    }
    Some(())
}
