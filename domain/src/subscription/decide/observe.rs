//! What the provider shows, compared with what is known: what it confirms, and what nobody here asked for.

mod story;

use chrono::{DateTime, Utc};

use self::story::Story;
use super::seats;
use crate::subscription::{
    ChangeInFlight, ChangeKind, ConfirmedChange, Observation, Subscription, SubscriptionEvent, SubscriptionStatus,
};
use crate::{Decided, Refusal};

/// Why a change in flight came to nothing: the subscription ended before it.
pub const ENDED: &str = "ended";

/// Of a live subscription. What is not newer than what is known here says nothing.
pub(super) fn observe(
    known: &Subscription,
    seen: &Observation,
    at: DateTime<Utc>,
) -> Result<Decided<SubscriptionEvent>, Refusal> {
    let core = &known.core;
    let confirmed = seen.confirms.filter(|confirmed| is_in_flight(core.change.as_ref(), confirmed));
    if confirmed.is_none() && seen.revision <= core.provider_revision {
        return Ok(Decided::nothing());
    }
    if seen.revision < core.provider_revision {
        return Err(Refusal::StaleObservation);
    }
    let named = seats::are_all_named(&seen.seats, seen.quantity);
    if seen.status.is_live() && !named {
        return Err(Refusal::SeatCountMismatch { seats: seen.seats.len(), quantity: seen.quantity });
    }
    let mut story = Story::new(core, seen, named, at);
    match (&core.change, confirmed) {
        (Some(change), Some(confirmed)) => confirm(&mut story, change, &confirmed)?,
        // What is seen may be this change's own effect, which is still to be confirmed.
        (Some(_), None) if seen.status.is_live() => return Ok(Decided::nothing()),
        (Some(change), None) => end(&mut story, change)?,
        (None, _) => story.adopt()?,
    }
    let (mut events, day) = story.told();
    // Nothing follows an end, so the last licences go and come before it.
    let end = events.split_off(events.iter().position(is_end).unwrap_or(events.len()));
    let decided = Decided::from(events);
    // What has ended and shows no seats any more keeps the licences it had.
    let mut decided = if named { seats::follow(decided, known, &seen.seats, day) } else { decided };
    decided.events.extend(end);
    Ok(decided)
}

fn is_end(event: &SubscriptionEvent) -> bool {
    matches!(event, SubscriptionEvent::CancellationConfirmed { .. } | SubscriptionEvent::SubscriptionExpired { .. })
}

fn is_in_flight(change: Option<&ChangeInFlight>, confirmed: &ConfirmedChange) -> bool {
    change.is_some_and(|change| change.change_id == confirmed.change_id)
}

/// The change has been done, and whatever else is seen was done beside it.
fn confirm(story: &mut Story<'_>, change: &ChangeInFlight, confirmed: &ConfirmedChange) -> Result<(), Refusal> {
    if !is_visible(story.seen, change) && story.seen.revision <= story.core.provider_revision {
        return Err(Refusal::StaleObservation);
    }
    // A change of the new term, not of the one that is running here.
    if confirmed.effective_on >= story.seen.starts_on {
        story.renew(true)?;
    }
    if change.kind == ChangeKind::Cancellation {
        // It ended with the seats it had then.
        story.adopt_quantity();
    }
    match story.confirmation(change, confirmed) {
        Some(event) => story.push(event),
        None => story.push(change.rejected(ENDED)),
    }
    story.adopt()
}

/// What the provider shows fits the change. If it does not although it is newer than all that is known, somebody
/// changed it again since.
fn is_visible(seen: &Observation, change: &ChangeInFlight) -> bool {
    match change.kind {
        ChangeKind::Quantity { to, .. } => seen.quantity == to,
        ChangeKind::Cancellation => !seen.status.is_live(),
        ChangeKind::Extension { to, .. } => seen.ends_on == to || seen.starts_on >= to,
        ChangeKind::Suspension { .. } => seen.status == SubscriptionStatus::Suspended,
        ChangeKind::Resumption => seen.status == SubscriptionStatus::Active,
    }
}

/// It has ended while a change was in flight: by that change, after it, or before it.
fn end(story: &mut Story<'_>, change: &ChangeInFlight) -> Result<(), Refusal> {
    let done = match change.kind {
        ChangeKind::Cancellation => story.seen.status == SubscriptionStatus::Cancelled,
        ChangeKind::Quantity { to, .. } => story.ended_with(to),
        ChangeKind::Extension { .. } | ChangeKind::Suspension { .. } | ChangeKind::Resumption => false,
    };
    if done {
        let confirmed = ConfirmedChange { change_id: change.change_id, effective_on: story.seen.changed_on };
        return confirm(story, change, &confirmed);
    }
    story.push(change.rejected(ENDED));
    story.adopt()
}
