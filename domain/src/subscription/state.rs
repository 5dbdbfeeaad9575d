//! What a subscription is, folded from its events: a small core, and the licences that may be very many.

mod change;
mod evolve;
mod licences;
mod windows;

pub use change::{ChangeInFlight, ChangeKind};
pub use licences::{Licence, Licences};
pub use windows::{Increase, Reducible};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{SubscriptionEvent, SubscriptionStarted};
use crate::pricing::AppliedRate;
use crate::service::{BillingCycle, Term};
use crate::{Money, UnitPrice};

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
    /// As many as seats. After an end they stay as they were: what was held is still to be seen.
    pub licences: Licences,
}

/// All of a subscription but its licences. A read model that keeps licences elsewhere folds this alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionCore {
    pub started: SubscriptionStarted,
    pub status: SubscriptionStatus,
    /// While suspended.
    pub suspended_by: Option<SuspendedBy>,
    /// Who had it suspended when dunning took that over, and has it again once somebody has paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_before: Option<SuspendedBy>,
    /// Seats as of now.
    pub quantity: u32,
    pub licence_count: u32,
    /// The highest ordinal of a licence so far, also of those that are gone.
    pub last_ordinal: u32,
    /// The running term, half-open: `ends_on` is the first day after it.
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    /// Fixed for the running term, as is everything down to `max_quantity`.
    pub unit_price: UnitPrice,
    pub reseller_unit_price: Option<UnitPrice>,
    /// Whose price the last one is, once a renewal has fixed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_for: Option<Uuid>,
    /// What the provider asks per seat and cycle.
    pub unit_cost: Money,
    /// The billed party's discount applies: the price is not a fixed one.
    pub discountable: bool,
    /// The rate the prices were made with, when another currency was involved.
    pub exchange_rate: Option<AppliedRate>,
    pub term: Term,
    pub billing_cycle: BillingCycle,
    /// Hours; `None` means cancellable at any time.
    pub cancellation_window_hours: Option<u32>,
    /// Seats the service allows, both inclusive.
    pub min_quantity: u32,
    pub max_quantity: u32,
    /// When the window of the start or of the last renewal opened.
    pub window_opened_at: DateTime<Utc>,
    /// What was added in the running term and may still go back, the newest last.
    pub increases: Vec<Increase>,
    pub renewal: Renewal,
    /// The request in flight.
    pub change: Option<ChangeInFlight>,
    /// The newest revision of the provider's that was compared with this.
    pub provider_revision: i64,
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

    /// Nothing leaves the other two.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
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

impl Renewal {
    /// What holds at the provider as long as nobody asks for anything else.
    pub(super) const STANDARD: Self = Self { action: RenewalAction::Renew, quantity: None, confirmed: true };
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
                subscription.licences.evolve(event);
            }
            // A stream begins with a start; without one there is nothing to fold into.
            (Self::Unknown, _) => {}
        }
    }
}

impl Subscription {
    /// Which licences go when the quantity goes down to `to`: unassigned ones first, then the newest. The provider is
    /// told their seats.
    pub fn seats_to_remove(&self, to: u32) -> Vec<&Licence> {
        let count = usize::try_from(self.core.quantity.saturating_sub(to)).unwrap_or(usize::MAX);
        self.licences.first_to_go(count)
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

    /// It has not ended.
    pub const fn is_live(&self) -> bool {
        self.status.is_live()
    }

    /// Whose the reseller price is. The customer may have moved to another reseller since.
    pub fn price_reseller(&self) -> Option<Uuid> {
        self.renewed_for.or(self.started.reseller_id)
    }

    pub(super) fn new(started: &SubscriptionStarted) -> Self {
        Self {
            started: started.clone(),
            status: SubscriptionStatus::Active,
            suspended_by: None,
            suspended_before: None,
            quantity: started.quantity,
            licence_count: 0,
            last_ordinal: 0,
            starts_on: started.starts_on,
            ends_on: started.ends_on,
            unit_price: started.unit_price,
            reseller_unit_price: started.reseller_unit_price,
            renewed_for: None,
            unit_cost: started.unit_cost,
            discountable: started.discountable,
            exchange_rate: started.exchange_rate,
            term: started.term,
            billing_cycle: started.billing_cycle,
            cancellation_window_hours: started.cancellation_window_hours,
            min_quantity: started.min_quantity,
            max_quantity: started.max_quantity,
            window_opened_at: started.confirmed_at,
            increases: Vec::new(),
            renewal: Renewal::STANDARD,
            change: None,
            provider_revision: started.provider_revision,
        }
    }
}
