//! Making theirs ours again, because an operator said so.

use commands::effects::{Due, Performed};
use domain::drift::{Drift, DriftField};
use domain::ids;
use domain::reconcile::Ours;
use domain::subscription::{RenewalAction, SubscriptionRules, SubscriptionStatus};

use super::{ours, theirs};
use crate::backoff;
use crate::change::lost;
use crate::client::ChangeAtProvider;
use crate::outcome::Outcome;
use crate::perform::{self, Adapter, Step, done};
use crate::translate::{ProviderOperationStatus, ProviderSubscription};

/// Our word for a cancellation that comes too late.
const WINDOW_CLOSED: &str = "window-closed";

impl Adapter {
    /// Asks the provider for what we hold. What it will not do is listed again by the next run.
    pub(super) async fn correct(&self, due: &Due, drift: &Drift, field: DriftField) -> Step {
        let (Some(id), Some(read)) = (drift.subscription_id, self.shown(due, drift).await?) else {
            return Ok(done("the provider does not have it"));
        };
        let state = self.load::<SubscriptionRules>(id).await?;
        let Some(ours) = ours(&state.state) else { return Ok(done("there is no such subscription")) };
        match wanted(&ours, &read, field) {
            Some(change) => self.ask_for(due, &read, &change).await,
            None => Ok(done("nothing can be asked of the provider")),
        }
    }

    /// We do not want it, so it ends there.
    pub(super) async fn end_unknown(&self, due: &Due, drift: &Drift) -> Step {
        match self.shown(due, drift).await? {
            Some(read) if theirs(&read).status.is_live() => self.ask_for(due, &read, &ChangeAtProvider::Cancel).await,
            _ => Ok(done("it has ended")),
        }
    }

    /// A cancellation that comes too late is one for the end of the term.
    async fn ask_for(&self, due: &Due, read: &ProviderSubscription, change: &ChangeAtProvider) -> Step {
        match self.client.change_subscription(due.op_id, &read.id, change).await {
            Outcome::Refused(refused) if refused.code == WINDOW_CLOSED && *change == ChangeAtProvider::Cancel => {
                let op_id = ids::derived(&["expire", &due.op_id.to_string()]);
                let expire = ChangeAtProvider::Renewal { auto_renew: false, quantity: None };
                let asked = self.client.change_subscription(op_id, &read.id, &expire).await;
                self.outcome(due, asked).await
            }
            asked => self.outcome(due, asked).await,
        }
    }

    /// Asked again under the same id the provider names the same operation, so nothing has to be remembered.
    async fn outcome(&self, due: &Due, asked: Outcome<String>) -> Step {
        let operation = match asked {
            Outcome::Done(operation) => operation,
            Outcome::Refused(refused) if refused.is_unforeseen() => {
                return Ok(Performed::Dead { reason: refused.reason });
            }
            Outcome::Refused(refused) => return Ok(done(format!("refused: {}", refused.code))),
            Outcome::NotReached(failure) => return Ok(perform::not_reached(due, &failure)),
            Outcome::Unknown(failure) => return Ok(perform::unknown(due, &failure)),
        };
        let found = self.client.operation(&operation).await.map_err(|failure| perform::not_reached(due, &failure))?;
        match found.map(|found| found.status) {
            Some(ProviderOperationStatus::Succeeded { .. }) => Ok(done("the provider has done it")),
            Some(ProviderOperationStatus::Failed { reason }) => Ok(done(format!("refused: {reason}"))),
            Some(ProviderOperationStatus::Running) => Ok(Performed::poll(backoff::poll_after(due.asked))),
            None => Ok(lost(due)),
        }
    }
}

/// What to ask for so that this field becomes ours; `None` when no call does that.
fn wanted(ours: &Ours, read: &ProviderSubscription, field: DriftField) -> Option<ChangeAtProvider> {
    let shown = theirs(read);
    match field {
        DriftField::Status => status(ours.status, shown.status),
        DriftField::Quantity => Some(ChangeAtProvider::Quantity { quantity: ours.quantity, remove_seats: Vec::new() }),
        // A term can be made longer, not shorter.
        DriftField::EndsOn => {
            (ours.ends_on > shown.ends_on).then_some(ChangeAtProvider::Extend { ends_on: ours.ends_on })
        }
        DriftField::Renewal => Some(ChangeAtProvider::Renewal {
            auto_renew: ours.renewal.action == RenewalAction::Renew,
            quantity: ours.renewal.quantity,
        }),
        DriftField::Unknown | DriftField::Missing => None,
    }
}

const fn status(ours: SubscriptionStatus, theirs: SubscriptionStatus) -> Option<ChangeAtProvider> {
    match (ours, theirs) {
        (SubscriptionStatus::Active, SubscriptionStatus::Suspended) => Some(ChangeAtProvider::Resume),
        (SubscriptionStatus::Suspended, SubscriptionStatus::Active) => Some(ChangeAtProvider::Suspend),
        (
            SubscriptionStatus::Cancelled | SubscriptionStatus::Expired,
            SubscriptionStatus::Active | SubscriptionStatus::Suspended,
        ) => Some(ChangeAtProvider::Cancel),
        // What has ended there cannot be brought back, and what is equal needs nothing.
        (_, SubscriptionStatus::Cancelled | SubscriptionStatus::Expired)
        | (SubscriptionStatus::Active, SubscriptionStatus::Active)
        | (SubscriptionStatus::Suspended, SubscriptionStatus::Suspended) => None,
    }
}
