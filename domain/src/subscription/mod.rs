//! Subscriptions: seats of one service on one account, with a term and one licence per seat.

mod command;
mod decide;
mod event;
mod state;

pub use command::{
    ConfirmedChange, Effective, LicenceUser, Observation, ProvisionedSeat, RenewalTerms, StartSubscription,
    SubscriptionCommand, Surroundings,
};
pub use decide::{ENDED, EXTENSION_MONTHS};
pub use event::{GrantedLicence, SubscriptionEvent, SubscriptionRenewed, SubscriptionStarted};
pub use state::{
    ChangeInFlight, ChangeKind, Increase, Licence, Licences, Reducible, Renewal, RenewalAction, Subscription,
    SubscriptionCore, SubscriptionState, SubscriptionStatus, SuspendedBy,
};

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// Entries at most in one licence event; the rest follows in the same append.
pub const LICENCES_PER_EVENT: usize = 500;

/// The rules of a subscription.
#[derive(Debug, Clone, Copy)]
pub struct SubscriptionRules;

impl Decider for SubscriptionRules {
    const TYPE: AggregateType = AggregateType::Subscription;
    type State = SubscriptionState;
    type Command = SubscriptionCommand;
    type Event = SubscriptionEvent;

    fn decide(
        state: &SubscriptionState,
        asked: &Asked<'_, SubscriptionCommand>,
    ) -> Result<Decided<SubscriptionEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut SubscriptionState, event: &SubscriptionEvent) {
        state.evolve(event);
    }
}
