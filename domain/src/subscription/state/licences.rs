//! Licences: one per seat, possibly very many.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::PersonalRef;
use crate::subscription::{GrantedLicence, ProvisionedSeat, SubscriptionEvent};

/// Licences by ordinal, ascending.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Licences(Vec<Licence>);

/// One seat's licence as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Licence {
    pub licence_id: Uuid,
    /// Counted from 1, never reused within the subscription.
    pub ordinal: u32,
    /// The provider's name for the seat.
    pub seat_id: String,
    pub key: PersonalRef,
    pub added_on: NaiveDate,
    pub assigned_to: Option<PersonalRef>,
    /// Business time; set with `assigned_to`.
    pub assigned_at: Option<DateTime<Utc>>,
    /// The highest revision of its users so far; 0 when it never had one. Revisions are never reused.
    pub user_revision: i32,
}

impl Licences {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// By ordinal, ascending.
    pub fn iter(&self) -> std::slice::Iter<'_, Licence> {
        self.0.iter()
    }

    /// The licence of that ordinal, counted from 1.
    pub fn get(&self, ordinal: u32) -> Option<&Licence> {
        self.0.get(self.place(ordinal)?)
    }

    /// The licence of that id.
    pub fn by_id(&self, licence_id: Uuid) -> Option<&Licence> {
        self.0.iter().find(|licence| licence.licence_id == licence_id)
    }

    /// The `count` licences that go first: unassigned ones, and then the newest; among themselves the newest first.
    pub(in crate::subscription) fn first_to_go(&self, count: usize) -> Vec<&Licence> {
        let newest = || self.0.iter().rev();
        let unassigned = newest().filter(|licence| licence.assigned_to.is_none());
        unassigned.chain(newest().filter(|licence| licence.assigned_to.is_some())).take(count).collect()
    }

    /// What the provider's list no longer shows, by ordinal, and which of its seats are new here.
    pub(in crate::subscription) fn compared<'a>(
        &self,
        seats: &'a [ProvisionedSeat],
    ) -> (Vec<u32>, Vec<&'a ProvisionedSeat>) {
        let shown: HashSet<&str> = seats.iter().map(|seat| seat.seat_id.as_str()).collect();
        let known: HashSet<&str> = self.0.iter().map(|licence| licence.seat_id.as_str()).collect();
        let gone = self.0.iter().filter(|licence| !shown.contains(licence.seat_id.as_str()));
        let new = seats.iter().filter(|seat| !known.contains(seat.seat_id.as_str()));
        (gone.map(|licence| licence.ordinal).collect(), new.collect())
    }

    pub(in crate::subscription) fn evolve(&mut self, event: &SubscriptionEvent) {
        match event {
            SubscriptionEvent::LicencesGranted { licences } => self.0.extend(licences.iter().map(Licence::from)),
            SubscriptionEvent::LicencesRemoved { ordinals } => self.remove(ordinals),
            SubscriptionEvent::LicenceAssigned { ordinal, user, assigned_at, .. } => {
                self.change(*ordinal, |licence| licence.assign(*user, *assigned_at));
            }
            SubscriptionEvent::LicenceUnassigned { ordinal, .. } => self.change(*ordinal, Licence::unassign),
            SubscriptionEvent::SubscriptionStarted(_)
            | SubscriptionEvent::QuantityChangeRequested { .. }
            | SubscriptionEvent::QuantityChangeConfirmed { .. }
            | SubscriptionEvent::QuantityChangeRejected { .. }
            | SubscriptionEvent::CancellationRequested { .. }
            | SubscriptionEvent::CancellationConfirmed { .. }
            | SubscriptionEvent::CancellationRejected { .. }
            | SubscriptionEvent::ExtensionRequested { .. }
            | SubscriptionEvent::ExtensionConfirmed { .. }
            | SubscriptionEvent::ExtensionRejected { .. }
            | SubscriptionEvent::SuspensionRequested { .. }
            | SubscriptionEvent::SuspensionConfirmed { .. }
            | SubscriptionEvent::SuspensionRejected { .. }
            | SubscriptionEvent::ResumptionRequested { .. }
            | SubscriptionEvent::ResumptionConfirmed { .. }
            | SubscriptionEvent::ResumptionRejected { .. }
            | SubscriptionEvent::RenewalInstructionSet { .. }
            | SubscriptionEvent::RenewalInstructionConfirmed { .. }
            | SubscriptionEvent::SubscriptionRenewed(_)
            | SubscriptionEvent::SubscriptionExpired { .. } => {}
        }
    }

    fn remove(&mut self, ordinals: &[u32]) {
        let ordinals: HashSet<u32> = ordinals.iter().copied().collect();
        self.0.retain(|licence| !ordinals.contains(&licence.ordinal));
    }

    fn change(&mut self, ordinal: u32, change: impl FnOnce(&mut Licence)) {
        if let Some(licence) = self.place(ordinal).and_then(|place| self.0.get_mut(place)) {
            change(licence);
        }
    }

    fn place(&self, ordinal: u32) -> Option<usize> {
        self.0.binary_search_by_key(&ordinal, |licence| licence.ordinal).ok()
    }
}

impl<'a> IntoIterator for &'a Licences {
    type Item = &'a Licence;
    type IntoIter = std::slice::Iter<'a, Licence>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Licence {
    fn assign(&mut self, user: PersonalRef, at: DateTime<Utc>) {
        self.assigned_to = Some(user);
        self.assigned_at = Some(at);
        self.user_revision = self.user_revision.max(user.revision);
    }

    fn unassign(&mut self) {
        self.assigned_to = None;
        self.assigned_at = None;
    }
}

impl From<&GrantedLicence> for Licence {
    fn from(granted: &GrantedLicence) -> Self {
        Self {
            licence_id: granted.licence_id,
            ordinal: granted.ordinal,
            seat_id: granted.seat_id.clone(),
            key: granted.key,
            added_on: granted.added_on,
            assigned_to: None,
            assigned_at: None,
            user_revision: 0,
        }
    }
}
