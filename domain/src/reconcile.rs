//! Comparing what the provider shows with what we hold. Differences only: what becomes of them is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use uuid::Uuid;

use crate::drift::DriftField;
use crate::ids;
use crate::subscription::{Renewal, RenewalAction, SubscriptionStatus};

/// Complete scans in a row after which what only one side has is listed for the operator. Fewer would list what is on its
/// way at that moment, or what one stale page left out.
pub const SCANS_UNTIL_LISTED: u32 = 2;

/// A subscription as we hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    pub subscription_id: Uuid,
    pub customer_id: Uuid,
    pub provider_subscription_id: String,
    pub status: SubscriptionStatus,
    /// Seats.
    pub quantity: u32,
    /// The first day after the running term.
    pub ends_on: NaiveDate,
    pub renewal: Renewal,
    /// The provider's revision that we know.
    pub revision: i64,
    /// A change of ours waits for the provider's word.
    pub changing: bool,
}

/// A subscription as the provider shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theirs {
    pub provider_subscription_id: String,
    pub provider_account_id: String,
    pub sku: String,
    pub status: SubscriptionStatus,
    /// Seats.
    pub quantity: u32,
    pub starts_on: NaiveDate,
    /// The first day after the running term.
    pub ends_on: NaiveDate,
    pub auto_renew: bool,
    pub revision: i64,
}

/// One field that differs, with both sides as people write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub field: DriftField,
    pub ours: String,
    pub theirs: String,
}

impl Difference {
    fn new(field: DriftField, ours: impl ToString, theirs: impl ToString) -> Self {
        Self { field, ours: ours.to_string(), theirs: theirs.to_string() }
    }
}

/// What differs. Nothing does when theirs is older than what we know, for that is a stale reading, and nothing does
/// while a change of ours is under way, for its outcome is awaited elsewhere.
pub fn differences(ours: &Ours, theirs: &Theirs) -> Vec<Difference> {
    if theirs.revision < ours.revision || ours.changing {
        return Vec::new();
    }
    [status(ours, theirs), quantity(ours, theirs), ends_on(ours, theirs), renewal(ours, theirs)]
        .into_iter()
        .flatten()
        .collect()
}

/// The id under which a difference is kept.
pub fn drift_id(theirs: &Theirs, difference: &Difference) -> Uuid {
    ids::drift(&theirs.provider_subscription_id, difference.field.name(), theirs.revision)
}

fn status(ours: &Ours, theirs: &Theirs) -> Option<Difference> {
    (ours.status != theirs.status)
        .then(|| Difference::new(DriftField::Status, ours.status.name(), theirs.status.name()))
}

/// Seats, term and renewal of what has ended on either side mean nothing any more.
fn both_live(ours: &Ours, theirs: &Theirs) -> bool {
    ours.status.is_live() && theirs.status.is_live()
}

fn quantity(ours: &Ours, theirs: &Theirs) -> Option<Difference> {
    (both_live(ours, theirs) && ours.quantity != theirs.quantity)
        .then(|| Difference::new(DriftField::Quantity, ours.quantity, theirs.quantity))
}

fn ends_on(ours: &Ours, theirs: &Theirs) -> Option<Difference> {
    (both_live(ours, theirs) && ours.ends_on != theirs.ends_on)
        .then(|| Difference::new(DriftField::EndsOn, ours.ends_on, theirs.ends_on))
}

/// An instruction that the provider does not know yet is on its way, unless the day it was for has come: then the
/// provider has done something else than we were told to.
fn renewal(ours: &Ours, theirs: &Theirs) -> Option<Difference> {
    let (wanted, theirs_does) = (ours.renewal.action, done_or_planned(ours, theirs)?);
    (wanted != theirs_does).then(|| Difference::new(DriftField::Renewal, wanted.name(), theirs_does.name()))
}

/// `None` when there is nothing to hold against our instruction.
fn done_or_planned(ours: &Ours, theirs: &Theirs) -> Option<RenewalAction> {
    let renewed = theirs.starts_on >= ours.ends_on;
    match (ours.renewal.confirmed, both_live(ours, theirs)) {
        (false, true) if renewed => Some(RenewalAction::Renew),
        (false, false) if ours.status.is_live() && theirs.status == SubscriptionStatus::Expired => {
            Some(RenewalAction::Expire)
        }
        (true, true) if !renewed => Some(if theirs.auto_renew { RenewalAction::Renew } else { RenewalAction::Expire }),
        (true | false, true | false) => None,
    }
}

/// How one side's subscription reads where the other side has none.
pub fn in_words(status: SubscriptionStatus, quantity: u32, sku: &str) -> String {
    format!("{}, {quantity} of {sku}", status.name())
}

/// What only one side has, with the number of complete scans in a row that saw it so, by the provider's subscription id.
pub type Suspects = BTreeMap<String, u32>;

/// The suspects after one more complete scan. What was seen on both sides in between starts anew.
pub fn after_scan(before: &Suspects, now: &BTreeSet<String>) -> Suspects {
    now.iter().map(|id| (id.clone(), before.get(id).map_or(1, |scans| scans.saturating_add(1)))).collect()
}

/// Those seen often enough to be listed.
pub fn to_list(suspects: &Suspects) -> impl Iterator<Item = &str> {
    suspects.iter().filter(|(_, scans)| **scans >= SCANS_UNTIL_LISTED).map(|(id, _)| id.as_str())
}
