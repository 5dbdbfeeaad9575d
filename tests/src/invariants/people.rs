//! What is personal: gone where it was erased, there where it was not, and rows with whom they belong to.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::Event;
use domain::customer::CustomerEvent;
use event_log::Recorded;
use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::Finding;
use super::evidence::Evidence;

/// Tables whose rows go with a customer that moves, with the reader that keeps them.
const OWNED: [(&str, &str); 6] = [
    ("read_accounts", "directory"),
    ("read_orders", "orders"),
    ("read_subscriptions", "subscriptions"),
    ("read_invoices", "billing"),
    ("read_payments", "billing"),
    ("read_credit_notes", "billing"),
];

/// Rows of the side table, and who is said to own the rows of read models.
pub(super) struct People {
    records: HashMap<(Uuid, i32), Record>,
    owners: BTreeMap<&'static str, Vec<OwnerRow>>,
}

#[derive(FromRow)]
struct Record {
    subject_id: Uuid,
    revision: i32,
    customer_id: Uuid,
    is_person: bool,
    is_empty: bool,
}

#[derive(FromRow)]
struct OwnerRow {
    id: Uuid,
    customer_id: Uuid,
    reseller_id: Option<Uuid>,
}

impl People {
    pub async fn gather(tx: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let sql = "select subject_id, revision, customer_id, kind = 'person' as is_person, fields is null as is_empty \
                   from personal_data";
        let records: Vec<Record> = sqlx::query_as(sql).fetch_all(&mut *tx).await?;
        let mut owners = BTreeMap::new();
        for (table, reader) in OWNED {
            let sql = format!(
                "select t.id, t.customer_id, t.reseller_id from {table} t join readers r on r.generation = t.generation \
                 where r.name = $1"
            );
            owners.insert(table, sqlx::query_as(&sql).bind(reader).fetch_all(&mut *tx).await?);
        }
        let records = records.into_iter().map(|record| ((record.subject_id, record.revision), record)).collect();
        Ok(Self { records, owners })
    }
}

pub(super) fn check(evidence: &Evidence) -> Finding {
    let records = &evidence.people.records;
    let gone = erased(&evidence.events, records);
    let mut violations = Vec::new();
    for (reference @ (subject, revision), record) in records {
        match (gone.contains(reference), record.is_empty) {
            (true, false) => violations.push(format!("{subject}, revision {revision}, has fields after its erasure")),
            (false, true) => violations.push(format!("{subject}, revision {revision}, is empty and no event says so")),
            (true, true) | (false, false) => {}
        }
    }
    Finding::new(24, "what was erased is gone, and nothing else is", records.len(), violations)
}

/// Every revision of every person of a customer that was written before its erasure.
fn erased(events: &[Recorded], records: &HashMap<(Uuid, i32), Record>) -> HashSet<(Uuid, i32)> {
    let mut written: HashMap<Uuid, Vec<(Uuid, i32)>> = HashMap::new();
    let mut gone = HashSet::new();
    for recorded in events {
        if let Ok(Event::Customer(CustomerEvent::PersonalDataErased { .. })) = recorded.event()
            && let Ok(customer) = Uuid::parse_str(&recorded.aggregate_id)
        {
            gone.extend(written.remove(&customer).unwrap_or_default());
        }
        let payload: Value = serde_json::from_str(&recorded.payload).unwrap_or_default();
        let mut named = Vec::new();
        references(&payload, &mut named);
        for reference in named {
            if let Some(record) = records.get(&reference).filter(|record| record.is_person) {
                written.entry(record.customer_id).or_default().push(reference);
            }
        }
    }
    gone
}

fn references(value: &Value, found: &mut Vec<(Uuid, i32)>) {
    match value {
        Value::Object(members) => {
            let subject = members.get("subject").and_then(Value::as_str).and_then(|text| Uuid::parse_str(text).ok());
            let revision = members.get("revision").and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok());
            found.extend(subject.zip(revision));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Rows that are shown to another reseller than the customer's own.
pub(super) fn misplaced(evidence: &Evidence) -> Vec<String> {
    let mut wrong = Vec::new();
    for (table, reader) in OWNED {
        let resellers = resellers(evidence.until(evidence.position_of(reader)));
        for row in evidence.people.owners.get(table).into_iter().flatten() {
            if resellers.get(&row.customer_id).copied().flatten() != row.reseller_id {
                wrong.push(format!("{table} has {} with another reseller than its customer", row.id));
            }
        }
    }
    wrong
}

fn resellers<'a>(events: impl Iterator<Item = &'a Recorded>) -> HashMap<Uuid, Option<Uuid>> {
    let mut resellers = HashMap::new();
    for recorded in events {
        let (Ok(Event::Customer(event)), Ok(id)) = (recorded.event(), Uuid::parse_str(&recorded.aggregate_id)) else {
            continue;
        };
        match event {
            CustomerEvent::CustomerRegistered(registered) => {
                resellers.insert(id, registered.reseller_id);
            }
            CustomerEvent::CustomerMoved { reseller_id } => {
                resellers.insert(id, *reseller_id);
            }
            CustomerEvent::CommercialTermsSet { .. }
            | CustomerEvent::CustomerDetailsChanged(_)
            | CustomerEvent::CustomerSuspended { .. }
            | CustomerEvent::CustomerReinstated {}
            | CustomerEvent::CustomerClosed {}
            | CustomerEvent::PersonalDataErased { .. } => {}
        }
    }
    resellers
}
