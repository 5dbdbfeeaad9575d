//! What can be asked of a subscription.

use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::{RenewalAction, SubscriptionStarted, SubscriptionStatus, SuspendedBy};
use crate::pricing::Quote;
use crate::service::{BillingCycle, Service, Term};

#[derive(Debug, Clone)]
pub enum SubscriptionCommand {
    Start(Box<StartSubscription>),
    /// To `to` seats: now, at the renewal, or (without `effective`) now where that is allowed, else at the renewal.
    ChangeQuantity {
        change_id: Uuid,
        to: u32,
        effective: Option<Effective>,
        surroundings: Surroundings,
    },
    /// Ends it: now, at the end of its term, or (without `effective`) now where that is allowed, else at that end.
    Cancel {
        change_id: Uuid,
        effective: Option<Effective>,
    },
    Extend {
        change_id: Uuid,
        ends_on: NaiveDate,
        surroundings: Surroundings,
    },
    Suspend {
        change_id: Uuid,
        by: SuspendedBy,
    },
    /// `by` is who asks: only operator and dunning (a payment) lift a dunning suspension.
    Resume {
        change_id: Uuid,
        by: SuspendedBy,
    },
    SetRenewal {
        action: RenewalAction,
        quantity: Option<u32>,
        service_withdrawn: bool,
        /// The customer or its reseller is suspended.
        customer_suspended: bool,
    },
    /// The provider has taken the instruction as it is now.
    ConfirmRenewalInstruction {
        action: RenewalAction,
        quantity: Option<u32>,
        provider_revision: i64,
    },
    /// The provider will not do the change in flight; `reason` in our words.
    RejectChange {
        change_id: Uuid,
        reason: String,
    },
    /// What the provider shows. Only what is newer than what is known counts.
    Observe(Box<Observation>),
    /// `now` is who uses it, as far as anybody still knows: names are not in the state.
    Assign {
        licence_id: Uuid,
        user: LicenceUser,
        now: Option<LicenceUser>,
    },
    Unassign {
        licence_id: Uuid,
    },
}

/// When a change is to take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effective {
    Now,
    TermEnd,
}

/// What a change needs to know from other streams, and the day it is at the seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surroundings {
    pub today: NaiveDate,
    /// The customer or its reseller is suspended.
    pub customer_suspended: bool,
    pub service_withdrawn: bool,
}

/// A subscription as read from the provider, in our words.
#[derive(Debug, Clone)]
pub struct Observation {
    pub revision: i64,
    pub status: SubscriptionStatus,
    /// Seats.
    pub quantity: u32,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub auto_renew: bool,
    /// The provider's day of its last change.
    pub changed_on: NaiveDate,
    /// One per seat, in the provider's order; empty once it has ended.
    pub seats: Vec<ProvisionedSeat>,
    /// The change in flight that the provider says has succeeded, with its day.
    pub confirms: Option<ConfirmedChange>,
    /// What a new term is made of, as of its first day; needed when it has renewed.
    pub renewal: Option<RenewalTerms>,
    /// Under which id a difference nobody here asked for is written down.
    pub adopted_as: Uuid,
}

/// The prices and the service's conditions that hold from the first day of a new term on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenewalTerms {
    pub price: Quote,
    /// Whose the reseller price is.
    pub reseller_id: Option<Uuid>,
    pub term: Term,
    pub billing_cycle: BillingCycle,
    /// Hours; `None` means cancellable at any time.
    pub cancellation_window_hours: Option<u32>,
    /// Seats, both inclusive.
    pub min_quantity: u32,
    pub max_quantity: u32,
}

impl RenewalTerms {
    pub fn of(service: &Service, price: Quote, reseller_id: Option<Uuid>) -> Self {
        Self {
            price,
            reseller_id,
            term: service.offer.term,
            billing_cycle: service.offer.billing_cycle,
            cancellation_window_hours: service.offer.cancellation_window_hours,
            min_quantity: service.offer.min_quantity,
            max_quantity: service.offer.max_quantity,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfirmedChange {
    pub change_id: Uuid,
    pub effective_on: NaiveDate,
}

/// Who uses a licence: a person, so never part of an event.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct LicenceUser {
    pub name: String,
}

impl std::fmt::Debug for LicenceUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LicenceUser").finish_non_exhaustive()
    }
}

/// What the provider has provisioned for one line of an order.
#[derive(Debug, Clone)]
pub struct StartSubscription {
    pub started: SubscriptionStarted,
    /// One per seat, in the provider's order; fewer where some were gone before anybody looked.
    pub seats: Vec<ProvisionedSeat>,
}

#[derive(Clone)]
pub struct ProvisionedSeat {
    /// The provider's name for the seat.
    pub seat_id: String,
    /// The licence key: a secret, which no event and no log shows.
    pub key: String,
}

impl std::fmt::Debug for ProvisionedSeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProvisionedSeat").field("seat_id", &self.seat_id).finish_non_exhaustive()
    }
}
