//! The change in flight of a subscription: sent, watched, and answered with what the provider then shows.

use chrono::NaiveDate;
use commands::effects::{self, Due, Performed};
use commands::subscription::{ObserveSubscription, RejectChange, ask_for_look};
use domain::Refusal;
use domain::subscription::{
    ChangeInFlight, ChangeKind, ConfirmedChange, Subscription, SubscriptionRules, SubscriptionState,
};
use uuid::Uuid;

use crate::backoff;
use crate::client::ChangeAtProvider;
use crate::look;
use crate::outcome::{Outcome, RefusedBy};
use crate::perform::{self, Adapter, Answered, Step, done, log_away};
use crate::translate::{ProviderOperationStatus, ProviderSubscription, ProviderSubscriptionStatus};

/// What the provider says when the subscription is not in a state for it. It may also be that it is so already.
const INVALID_STATE: &str = "invalid-state";
/// What it says when it knows our operation with another content: nobody foresaw that.
const KEY_REUSED: &str = "idempotency-key-reused";

/// A change with the two names of its subscription.
struct Asked<'a> {
    subscription_id: Uuid,
    /// The provider's.
    id: &'a str,
    change: ChangeInFlight,
}

impl Adapter {
    /// Has it done, and answers what came of it. Nothing is sent for a change that is no longer in flight.
    pub(crate) async fn change_subscription(&self, due: &Due, subscription_id: Uuid, change_id: Uuid) -> Step {
        let loaded = self.load::<SubscriptionRules>(subscription_id).await?;
        let in_flight = |known: &&Subscription| known.core.change.is_some_and(|change| change.change_id == change_id);
        let known = loaded.state.known().filter(in_flight);
        let Some((known, change)) = known.and_then(|known| Some((known, known.core.change?))) else {
            return Ok(done("it is no longer in flight"));
        };
        let asked = Asked { subscription_id, id: &known.core.started.provider_subscription_id, change };
        match &due.reference {
            Some(operation_id) => self.watch_change(due, &asked, operation_id).await,
            None => self.send_change(due, &asked).await,
        }
    }

    /// Under the same key with the same content every time, so a lost answer is given again.
    async fn send_change(&self, due: &Due, asked: &Asked<'_>) -> Step {
        let then = self.load_as_of::<SubscriptionRules>(asked.subscription_id, due.position).await?;
        let change = at_provider(&asked.change.kind, &then.state);
        match self.client.change_subscription(due.op_id, asked.id, &change).await {
            Outcome::Done(operation_id) => Ok(accepted(operation_id)),
            Outcome::Refused(refused) => self.change_refused(due, asked, refused).await,
            Outcome::NotReached(failure) => Ok(perform::not_reached(due, &failure)),
            Outcome::Unknown(failure) => Ok(perform::unknown(due, &failure)),
        }
    }

    async fn change_refused(&self, due: &Due, asked: &Asked<'_>, refused: RefusedBy) -> Step {
        if refused.is_unforeseen() || refused.code == KEY_REUSED {
            return Ok(Performed::Dead { reason: refused.reason });
        }
        self.came_to_nothing(due, asked, &refused.code).await
    }

    async fn watch_change(&self, due: &Due, asked: &Asked<'_>, operation_id: &str) -> Step {
        let found = self.client.operation(operation_id).await.map_err(|f| perform::not_reached(due, &f))?;
        let Some(operation) = found else { return Ok(lost(due)) };
        match operation.status {
            ProviderOperationStatus::Running => Ok(Performed::poll(backoff::poll_after(due.asked))),
            ProviderOperationStatus::Succeeded { effective_on } => {
                let theirs = self.read(due, asked.id).await?;
                self.confirm(due, asked, theirs, effective_on).await
            }
            ProviderOperationStatus::Failed { reason } => self.came_to_nothing(due, asked, &reason).await,
        }
    }

    /// It was refused or has failed. Where the state did not allow it, somebody may have done the same already.
    async fn came_to_nothing(&self, due: &Due, asked: &Asked<'_>, reason: &str) -> Step {
        if reason == INVALID_STATE {
            let theirs = self.read(due, asked.id).await?;
            if is_so(&asked.change.kind, &theirs) {
                let changed_on = theirs.changed_on;
                return self.confirm(due, asked, theirs, changed_on).await;
            }
        }
        let (subscription_id, change_id) = (asked.subscription_id, asked.change.change_id);
        let reject = RejectChange { subscription_id, change_id, reason: reason.to_owned() };
        self.answer(due, "reject", &reject).await.map_err(Answered::unforeseen)?;
        // Whatever stood in its way is news.
        ask_for_look(self.bus.pool(), subscription_id, &due.op_id.to_string()).await.map_err(log_away)?;
        Ok(done(format!("rejected: {reason}")))
    }

    async fn confirm(
        &self,
        due: &Due,
        asked: &Asked<'_>,
        theirs: ProviderSubscription,
        effective_on: NaiveDate,
    ) -> Step {
        let (subscription_id, revision) = (asked.subscription_id, theirs.revision);
        let confirms = Some(ConfirmedChange { change_id: asked.change.change_id, effective_on });
        let observe = ObserveSubscription { subscription_id, seen: look::observation(theirs, confirms) };
        match self.answer_as_provider(due, &format!("confirm/{revision}"), &observe).await {
            Ok(()) => {}
            Err(Answered::Refused(Refusal::StaleObservation)) => return Ok(stale(due)),
            Err(Answered::Refused(Refusal::SeatCountMismatch { .. })) => return Ok(uneven(due)),
            Err(other) => return Ok(other.unforeseen()),
        }
        // A look that waited for it need not wait longer.
        effects::hasten_open(self.bus.pool(), look::KIND, &subscription_id.to_string()).await.map_err(log_away)?;
        Ok(done(format!("{} confirmed", asked.change.kind.name())))
    }

    /// The subscription as the provider shows it; one that is not shown yet is read again.
    async fn read(&self, due: &Due, id: &str) -> Result<ProviderSubscription, Performed> {
        let found = self.client.subscription(id).await.map_err(|failure| perform::not_reached(due, &failure))?;
        found.ok_or_else(|| lost(due))
    }
}

/// The provider will do it: look after a moment, unless a webhook comes sooner.
pub(crate) fn accepted(operation_id: String) -> Performed {
    Performed::Poll { after: backoff::poll_after(0), reference: Some(operation_id) }
}

/// The provider does not know what it has named itself.
pub(crate) fn lost(due: &Due) -> Performed {
    let why = "the provider does not know it".to_owned();
    Performed::Again { after: backoff::ask_after(due.attempts), why }
}

/// It shows what was before. A read may be late by a moment; if it stays like that, the provider has gone back, and
/// only somebody who looks there can tell what holds.
pub(crate) fn stale(due: &Due) -> Performed {
    let why = "the provider shows what is older than what we know".to_owned();
    Performed::Again { after: backoff::ask_after(due.attempts), why }
}

/// It shows another number of seats than its quantity. It may be right the next time; if it stays like that, nobody can
/// use it.
pub(crate) fn uneven(due: &Due) -> Performed {
    let why = "it shows another number of seats than its quantity".to_owned();
    Performed::Again { after: backoff::ask_after(due.attempts), why }
}

/// The change in the provider's terms. The seats that go follow from the state in which it was asked for.
fn at_provider(kind: &ChangeKind, then: &SubscriptionState) -> ChangeAtProvider {
    match kind {
        ChangeKind::Quantity { to, .. } => {
            let going = then.known().map(|known| known.seats_to_remove(*to)).unwrap_or_default();
            let remove_seats = going.into_iter().map(|licence| licence.seat_id.clone()).collect();
            ChangeAtProvider::Quantity { quantity: *to, remove_seats }
        }
        ChangeKind::Cancellation => ChangeAtProvider::Cancel,
        ChangeKind::Extension { to, .. } => ChangeAtProvider::Extend { ends_on: *to },
        ChangeKind::Suspension { .. } => ChangeAtProvider::Suspend,
        ChangeKind::Resumption => ChangeAtProvider::Resume,
    }
}

/// What was asked for already holds at the provider.
fn is_so(kind: &ChangeKind, theirs: &ProviderSubscription) -> bool {
    use ProviderSubscriptionStatus as Status;
    let is_live = matches!(theirs.status, Status::Active | Status::Suspended);
    match kind {
        ChangeKind::Quantity { to, .. } => is_live && theirs.quantity == *to,
        ChangeKind::Cancellation => theirs.status == Status::Cancelled,
        ChangeKind::Extension { to, .. } => is_live && theirs.ends_on == *to,
        ChangeKind::Suspension { .. } => theirs.status == Status::Suspended,
        ChangeKind::Resumption => theirs.status == Status::Active,
    }
}
