//! What a subscription is, folded from its events: a small core, and the licences that may be very many.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{GrantedLicence, SubscriptionEvent, SubscriptionStarted};
use crate::PersonalRef;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionState {
    /// Nothing was started under this id.
    #[default]
    Unknown,
    Known(Box<Subscription>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    pub core: SubscriptionCore,
    pub licences: Licences,
}

/// All of a subscription but its licences. A read model that keeps licences elsewhere folds this alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionCore {
    pub started: SubscriptionStarted,
    pub status: SubscriptionStatus,
    /// While suspended.
    pub suspended_by: Option<SuspendedBy>,
    /// Seats as of now.
    pub quantity: u32,
    pub licence_count: u32,
    /// The first day after the running term.
    pub ends_on: NaiveDate,
    pub renewal: Renewal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    Active,
    Suspended,
    Cancelled,
    Expired,
}

impl SubscriptionStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// Who suspended it; only an operator or a payment lifts what dunning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspendedBy {
    Customer,
    Operator,
    Dunning,
    Provider,
}

impl SuspendedBy {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Operator => "operator",
            Self::Dunning => "dunning",
            Self::Provider => "provider",
        }
    }
}

/// What is to happen at the end of the term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    pub action: RenewalAction,
    /// Seats from the renewal on; `None` follows the quantity of that day.
    pub quantity: Option<u32>,
    /// The provider knows it.
    pub confirmed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenewalAction {
    Renew,
    Expire,
}

impl RenewalAction {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Renew => "renew",
            Self::Expire => "expire",
        }
    }
}

/// How far the quantity may go down at once, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reducible {
    /// The lowest quantity allowed.
    pub to: u32,
    /// `None` means at any time.
    pub until: Option<DateTime<Utc>>,
}

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
}

impl SubscriptionState {
    /// The subscription, if one was started under this id.
    pub fn known(&self) -> Option<&Subscription> {
        match self {
            Self::Unknown => None,
            Self::Known(subscription) => Some(subscription),
        }
    }

    pub(super) fn evolve(&mut self, event: &SubscriptionEvent) {
        match (&mut *self, event) {
            (_, SubscriptionEvent::SubscriptionStarted(started)) => {
                let core = SubscriptionCore::new(started);
                *self = Self::Known(Box::new(Subscription { core, licences: Licences::default() }));
            }
            (Self::Known(subscription), event) => {
                subscription.core.apply(event);
                if let SubscriptionEvent::LicencesGranted { licences } = event {
                    subscription.licences.grant(licences);
                }
            }
            // A stream begins with a start; without one there is nothing to fold into.
            (Self::Unknown, _) => {}
        }
    }
}

impl SubscriptionCore {
    /// Folds one event into what is known without the licences; `None` is a subscription not yet started.
    pub fn evolve(core: &mut Option<Self>, event: &SubscriptionEvent) {
        match (core, event) {
            (core, SubscriptionEvent::SubscriptionStarted(started)) => *core = Some(Self::new(started)),
            (Some(core), event) => core.apply(event),
            (None, _) => {}
        }
    }

    fn new(started: &SubscriptionStarted) -> Self {
        Self {
            started: started.clone(),
            status: SubscriptionStatus::Active,
            suspended_by: None,
            quantity: started.quantity,
            licence_count: 0,
            ends_on: started.ends_on,
            renewal: Renewal { action: RenewalAction::Renew, quantity: None, confirmed: true },
        }
    }

    fn apply(&mut self, event: &SubscriptionEvent) {
        match event {
            SubscriptionEvent::SubscriptionStarted(started) => *self = Self::new(started),
            SubscriptionEvent::LicencesGranted { licences } => {
                let granted = u32::try_from(licences.len()).unwrap_or(u32::MAX);
                self.licence_count = self.licence_count.saturating_add(granted);
            }
            _ => {}
        }
    }

    /// When the cancellation window closes, counted from the provider's confirmation, whether or not that has
    /// passed. `None` when it never closes; see `started.cancellation_window_hours`.
    pub fn cancellable_until(&self) -> Option<DateTime<Utc>> {
        let window = TimeDelta::hours(i64::from(self.started.cancellation_window_hours?));
        Some(self.started.confirmed_at.checked_add_signed(window).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// How far the quantity may go down in the window of the start.
    /// `None` when it is there already. Whether the window has passed is for the caller to see.
    pub fn reducible(&self) -> Option<Reducible> {
        let minimum = self.started.min_quantity;
        (minimum < self.quantity).then(|| Reducible { to: minimum, until: self.cancellable_until() })
    }
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
        let at = self.0.binary_search_by_key(&ordinal, |licence| licence.ordinal).ok()?;
        self.0.get(at)
    }

    fn grant(&mut self, granted: &[GrantedLicence]) {
        self.0.extend(granted.iter().map(Licence::from));
    }
}

impl<'a> IntoIterator for &'a Licences {
    type Item = &'a Licence;
    type IntoIter = std::slice::Iter<'a, Licence>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
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
        }
    }
}
