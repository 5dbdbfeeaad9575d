//! What customers, operators and dunning may ask for, and how the provider answers.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::Events;
use crate::subscription::{
    ChangeInFlight, ChangeKind, Effective, RenewalAction, SubscriptionCommand, SubscriptionCore, SubscriptionEvent,
    SubscriptionStatus, Surroundings, SuspendedBy,
};
use crate::{Refusal, calendar};

/// How far from today an extension may reach.
pub const EXTENSION_MONTHS: u32 = 36;
/// In place of a state: nothing can be changed at a renewal that is not to be.
const SET_TO_EXPIRE: &str = "set to expire";

/// Everything that leads to a request to the provider, or to an instruction for the end of the term.
/// Whether the state allows it at all has been looked at.
pub(super) fn ask(core: &SubscriptionCore, command: &SubscriptionCommand, at: DateTime<Utc>) -> Events {
    let request = |change_id: Uuid| Request { core, change_id, at };
    match command {
        SubscriptionCommand::ChangeQuantity { change_id, to, effective, surroundings } => {
            request(*change_id).quantity(*to, *effective, surroundings)
        }
        SubscriptionCommand::Cancel { change_id, effective } => request(*change_id).cancel(*effective),
        SubscriptionCommand::Extend { change_id, ends_on, surroundings } => {
            request(*change_id).extend(*ends_on, surroundings)
        }
        SubscriptionCommand::Suspend { change_id, by } => request(*change_id).suspend(*by),
        SubscriptionCommand::Resume { change_id, by } => request(*change_id).resume(*by),
        SubscriptionCommand::SetRenewal {
            action: RenewalAction::Renew,
            quantity,
            service_withdrawn,
            customer_suspended,
        } => renew(core, *quantity, *service_withdrawn, *customer_suspended),
        SubscriptionCommand::SetRenewal { action: RenewalAction::Expire, .. } => Ok(expire(core)),
        SubscriptionCommand::Start(_)
        | SubscriptionCommand::ConfirmRenewalInstruction { .. }
        | SubscriptionCommand::RejectChange { .. }
        | SubscriptionCommand::Observe(_)
        | SubscriptionCommand::Assign { .. }
        | SubscriptionCommand::Unassign { .. } => Ok(Vec::new()),
    }
}

/// A rejection of a change that is no longer in flight comes too late.
pub(super) fn reject(core: &SubscriptionCore, change_id: Uuid, reason: &str) -> Vec<SubscriptionEvent> {
    let rejected = core.change.filter(|change| change.change_id == change_id);
    rejected.map(|change| change.rejected(reason)).into_iter().collect()
}

/// The provider may have taken an instruction that has been replaced since; that one is still to come.
pub(super) fn confirm_renewal(
    core: &SubscriptionCore,
    instruction: (RenewalAction, Option<u32>),
    provider_revision: i64,
) -> Vec<SubscriptionEvent> {
    let is_current = instruction == (core.renewal.action, core.renewal.quantity);
    let confirmed = (is_current && !core.renewal.confirmed)
        .then_some(SubscriptionEvent::RenewalInstructionConfirmed { provider_revision });
    confirmed.into_iter().collect()
}

fn renew(core: &SubscriptionCore, quantity: Option<u32>, service_withdrawn: bool, customer_suspended: bool) -> Events {
    if service_withdrawn {
        return Err(Refusal::ServiceNoLongerSold);
    }
    if customer_suspended && quantity.is_some_and(|quantity| quantity > core.quantity) {
        return Err(Refusal::CustomerSuspended);
    }
    quantity.map_or(Ok(()), |quantity| within_bounds(core, quantity))?;
    Ok(instruct(core, RenewalAction::Renew, quantity))
}

fn expire(core: &SubscriptionCore) -> Vec<SubscriptionEvent> {
    instruct(core, RenewalAction::Expire, None)
}

fn instruct(core: &SubscriptionCore, action: RenewalAction, quantity: Option<u32>) -> Vec<SubscriptionEvent> {
    if (core.renewal.action, core.renewal.quantity) == (action, quantity) {
        return Vec::new();
    }
    vec![SubscriptionEvent::RenewalInstructionSet { action, quantity }]
}

fn within_bounds(core: &SubscriptionCore, quantity: u32) -> Result<(), Refusal> {
    let (min, max) = (core.min_quantity, core.max_quantity);
    if (min..=max).contains(&quantity) { Ok(()) } else { Err(Refusal::QuantityOutOfBounds { min, max }) }
}

/// One change asked for under its id.
struct Request<'a> {
    core: &'a SubscriptionCore,
    change_id: Uuid,
    at: DateTime<Utc>,
}

impl Request<'_> {
    fn quantity(&self, to: u32, effective: Option<Effective>, surroundings: &Surroundings) -> Events {
        within_bounds(self.core, to)?;
        if to > self.core.quantity && surroundings.customer_suspended {
            return Err(Refusal::CustomerSuspended);
        }
        if effective == Some(Effective::TermEnd) {
            return self.quantity_at_renewal(to, surroundings);
        }
        if to > self.core.quantity && surroundings.service_withdrawn {
            return Err(Refusal::ServiceNoLongerSold);
        }
        if self.is_in_flight()? || to == self.core.quantity {
            return Ok(Vec::new());
        }
        let reducible = self.core.reducible(self.at);
        if to > self.core.quantity || reducible.is_some_and(|reducible| reducible.to <= to) {
            return Ok(self.request(ChangeKind::Quantity { from: self.core.quantity, to }));
        }
        match effective {
            Some(_) => Err(Refusal::WindowClosed),
            None => self.quantity_at_renewal(to, surroundings),
        }
    }

    fn quantity_at_renewal(&self, to: u32, surroundings: &Surroundings) -> Events {
        if self.core.renewal.action == RenewalAction::Expire {
            return Err(Refusal::InvalidState { state: SET_TO_EXPIRE });
        }
        renew(self.core, Some(to), surroundings.service_withdrawn, surroundings.customer_suspended)
    }

    fn cancel(&self, effective: Option<Effective>) -> Events {
        match (effective, self.core.is_cancellable(self.at)) {
            (Some(Effective::Now) | None, true) => self.free(ChangeKind::Cancellation),
            (Some(Effective::Now), false) => Err(Refusal::WindowClosed),
            (Some(Effective::TermEnd), _) | (None, false) => Ok(expire(self.core)),
        }
    }

    fn extend(&self, ends_on: NaiveDate, surroundings: &Surroundings) -> Events {
        let latest = calendar::add_months(surroundings.today, EXTENSION_MONTHS);
        if ends_on <= self.core.ends_on || ends_on > latest {
            return Err(Refusal::InvalidEndDate);
        }
        if surroundings.customer_suspended {
            return Err(Refusal::CustomerSuspended);
        }
        if surroundings.service_withdrawn {
            return Err(Refusal::ServiceNoLongerSold);
        }
        self.free(ChangeKind::Extension { from: self.core.ends_on, to: ends_on })
    }

    fn suspend(&self, by: SuspendedBy) -> Events {
        let dunned = self.core.suspended_by == Some(SuspendedBy::Dunning);
        match (self.core.status, by) {
            (SubscriptionStatus::Suspended, _) if self.is_turning()? => Ok(Vec::new()),
            // It stands still already; from now on only an operator or a payment moves it.
            (SubscriptionStatus::Suspended, SuspendedBy::Dunning) if !dunned => Ok(vec![self.stands_still_by(by)]),
            (SubscriptionStatus::Suspended, _) => Ok(Vec::new()),
            (SubscriptionStatus::Active | SubscriptionStatus::Cancelled | SubscriptionStatus::Expired, _) => {
                self.free(ChangeKind::Suspension { by })
            }
        }
    }

    fn resume(&self, by: SuspendedBy) -> Events {
        let dunned = self.core.suspended_by == Some(SuspendedBy::Dunning);
        match (self.core.status, by) {
            (SubscriptionStatus::Suspended, SuspendedBy::Customer | SuspendedBy::Provider) if dunned => {
                Err(Refusal::SuspendedForNonpayment)
            }
            // A payment lifts what dunning did, and nothing else.
            (SubscriptionStatus::Suspended, SuspendedBy::Dunning) if !dunned => Ok(Vec::new()),
            (SubscriptionStatus::Suspended, SuspendedBy::Dunning) => match self.core.suspended_before {
                Some(before) => Ok(if self.is_turning()? { Vec::new() } else { vec![self.stands_still_by(before)] }),
                None => self.free(ChangeKind::Resumption),
            },
            (SubscriptionStatus::Suspended, _) => self.free(ChangeKind::Resumption),
            (SubscriptionStatus::Active | SubscriptionStatus::Cancelled | SubscriptionStatus::Expired, _) => {
                self.is_turning().map(|_| Vec::new())
            }
        }
    }

    /// Nothing changes at the provider: only who may lift it.
    fn stands_still_by(&self, by: SuspendedBy) -> SubscriptionEvent {
        SubscriptionEvent::SuspensionConfirmed {
            change_id: self.change_id,
            by,
            effective_on: self.at.date_naive(),
            provider_revision: self.core.provider_revision,
        }
    }

    /// What holds now will not hold for long: the change in flight turns it round. That one comes first, unless it is
    /// this very request.
    fn is_turning(&self) -> Result<bool, Refusal> {
        match self.core.change.map(|change| change.kind) {
            Some(ChangeKind::Suspension { .. } | ChangeKind::Resumption | ChangeKind::Cancellation) => {
                self.is_in_flight()
            }
            Some(ChangeKind::Quantity { .. } | ChangeKind::Extension { .. }) | None => Ok(false),
        }
    }

    /// Requested, if nothing else is in flight.
    fn free(&self, kind: ChangeKind) -> Events {
        Ok(if self.is_in_flight()? { Vec::new() } else { self.request(kind) })
    }

    /// Whether this very request is in flight already; another one there is a refusal.
    fn is_in_flight(&self) -> Result<bool, Refusal> {
        match self.core.change {
            None => Ok(false),
            Some(change) if change.change_id == self.change_id => Ok(true),
            Some(_) => Err(Refusal::ChangeInProgress),
        }
    }

    fn request(&self, kind: ChangeKind) -> Vec<SubscriptionEvent> {
        vec![ChangeInFlight { change_id: self.change_id, kind, requested_at: self.at }.requested()]
    }
}
