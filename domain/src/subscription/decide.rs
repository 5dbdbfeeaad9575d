//! What follows from asking something of a subscription.

mod assign;
mod change;
mod observe;
mod seats;

use super::{
    Effective, StartSubscription, Subscription, SubscriptionCommand, SubscriptionEvent, SubscriptionState,
    SubscriptionStatus,
};
use crate::{Asked, Decided, Refusal};

pub use change::EXTENSION_MONTHS;
pub use observe::ENDED;

/// What a rule brings when it looks at things without people and secrets: events, often none.
type Events = Result<Vec<SubscriptionEvent>, Refusal>;

pub(super) fn decide(
    state: &SubscriptionState,
    asked: &Asked<'_, SubscriptionCommand>,
) -> Result<Decided<SubscriptionEvent>, Refusal> {
    match (state, asked.command) {
        (SubscriptionState::Unknown, SubscriptionCommand::Start(start)) => begin(start),
        (SubscriptionState::Unknown, _) => Err(Refusal::NotFound),
        (SubscriptionState::Known(known), _) => follow_up(known, asked),
    }
}

fn follow_up(
    known: &Subscription,
    asked: &Asked<'_, SubscriptionCommand>,
) -> Result<Decided<SubscriptionEvent>, Refusal> {
    use SubscriptionCommand as Command;
    use SubscriptionStatus::{Active, Cancelled, Expired, Suspended};
    let (core, at) = (&known.core, asked.at);
    match (core.status, asked.command) {
        // Its id follows from order and line, so this is the same subscription, seen again.
        (_, Command::Start(_)) => Ok(Decided::nothing()),

        (Active | Suspended, Command::Observe(seen)) => observe::observe(known, seen, at),
        (Active | Suspended, Command::RejectChange { change_id, reason }) => {
            Ok(change::reject(core, *change_id, reason).into())
        }
        (Active | Suspended, Command::ConfirmRenewalInstruction { action, quantity, provider_revision }) => {
            Ok(change::confirm_renewal(core, (*action, *quantity), *provider_revision).into())
        }
        // Whatever is said of it afterwards, it has ended.
        (
            Cancelled | Expired,
            Command::Observe(_) | Command::RejectChange { .. } | Command::ConfirmRenewalInstruction { .. },
        ) => Ok(Decided::nothing()),

        (Active, Command::ChangeQuantity { .. })
        | (Suspended, Command::ChangeQuantity { effective: Some(Effective::TermEnd), .. })
        | (Active | Suspended, Command::Cancel { .. } | Command::SetRenewal { .. })
        | (Active, Command::Extend { .. })
        | (Active | Suspended, Command::Suspend { .. } | Command::Resume { .. }) => {
            change::ask(core, asked.command, at).map(Decided::from)
        }
        (Cancelled, Command::Cancel { .. }) => Ok(Decided::nothing()),

        (Active | Suspended, Command::Assign { licence_id, user, now }) => {
            assign::assign(known, *licence_id, (user, now.as_ref()), at)
        }
        (Active | Suspended, Command::Unassign { licence_id }) => assign::unassign(known, *licence_id),

        (
            status,
            Command::ChangeQuantity { .. }
            | Command::Cancel { .. }
            | Command::Extend { .. }
            | Command::Suspend { .. }
            | Command::Resume { .. }
            | Command::SetRenewal { .. }
            | Command::Assign { .. }
            | Command::Unassign { .. },
        ) => Err(Refusal::InvalidState { state: status.name() }),
    }
}

fn begin(start: &StartSubscription) -> Result<Decided<SubscriptionEvent>, Refusal> {
    let started = &start.started;
    if !seats::may_begin(&start.seats, started.quantity) {
        return Err(Refusal::SeatCountMismatch { seats: start.seats.len(), quantity: started.quantity });
    }
    let first = SubscriptionEvent::SubscriptionStarted(Box::new(started.clone()));
    Ok(seats::granted(Decided::from(first), started, 1, (&start.seats, started.starts_on)))
}
