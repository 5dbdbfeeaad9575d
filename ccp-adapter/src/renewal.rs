//! What is to happen at the end of the term: told to the provider when it was set.

use commands::effects::{self, Due, Performed};
use commands::subscription::{ConfirmRenewal, ask_for_look};
use domain::subscription::{Renewal, RenewalAction, SubscriptionCore, SubscriptionRules};
use uuid::Uuid;

use crate::backoff;
use crate::change::{accepted, lost, stale};
use crate::client::ChangeAtProvider;
use crate::outcome::{Outcome, RefusedBy};
use crate::perform::{self, Adapter, Answered, Step, done, log_away};
use crate::translate::{ProviderOperationStatus, ProviderSubscription};

/// Looks after which a provider that shows another instruction than the one it has taken is believed.
const LOOKS: u32 = 10;

impl Adapter {
    /// Sends the instruction, unless a newer one has taken its place: that one is sent under its own operation.
    pub(crate) async fn send_renewal(&self, due: &Due, subscription_id: Uuid) -> Step {
        let now = self.load::<SubscriptionRules>(subscription_id).await?;
        let Some(core) = now.state.known().map(|known| &known.core).filter(|core| core.status.is_live()) else {
            return Ok(done("it has ended"));
        };
        let then = self.load_as_of::<SubscriptionRules>(subscription_id, due.position).await?;
        if core.renewal.confirmed || !then.state.known().is_some_and(|then| is_same(&then.core.renewal, &core.renewal))
        {
            return Ok(done("another instruction holds"));
        }
        match &due.reference {
            Some(operation_id) => self.watch_renewal(due, core, operation_id).await,
            None => self.send_instruction(due, core).await,
        }
    }

    async fn send_instruction(&self, due: &Due, core: &SubscriptionCore) -> Step {
        let pool = self.bus.pool();
        if effects::has_older(pool, due).await.map_err(log_away)? {
            // Two at once could overtake each other on their way.
            if due.asked == 0 {
                effects::hasten_open(pool, due.effect.name(), &due.effect.subject()).await.map_err(log_away)?;
            }
            return Ok(Performed::poll(backoff::behind_after(due.asked)));
        }
        let auto_renew = core.renewal.action == RenewalAction::Renew;
        let change = ChangeAtProvider::Renewal { auto_renew, quantity: core.renewal.quantity };
        match self.client.change_subscription(due.op_id, &core.started.provider_subscription_id, &change).await {
            Outcome::Done(operation_id) => Ok(accepted(operation_id)),
            Outcome::Refused(refused) => self.renewal_refused(due, core, refused).await,
            Outcome::NotReached(failure) => Ok(perform::not_reached(due, &failure)),
            Outcome::Unknown(failure) => Ok(perform::unknown(due, &failure)),
        }
    }

    /// It stays unconfirmed, for everybody to see.
    async fn renewal_refused(&self, due: &Due, core: &SubscriptionCore, refused: RefusedBy) -> Step {
        if refused.is_unforeseen() {
            return Ok(Performed::Dead { reason: refused.reason });
        }
        self.renewal_failed(due, core, &refused.code).await
    }

    async fn renewal_failed(&self, due: &Due, core: &SubscriptionCore, reason: &str) -> Step {
        let cause = due.op_id.to_string();
        ask_for_look(self.bus.pool(), core.started.subscription_id, &cause).await.map_err(log_away)?;
        Ok(done(format!("refused: {reason}")))
    }

    async fn watch_renewal(&self, due: &Due, core: &SubscriptionCore, operation_id: &str) -> Step {
        let found = self.client.operation(operation_id).await.map_err(|f| perform::not_reached(due, &f))?;
        let Some(operation) = found else { return Ok(lost(due)) };
        match operation.status {
            ProviderOperationStatus::Running => Ok(Performed::poll(backoff::poll_after(due.asked))),
            ProviderOperationStatus::Succeeded { .. } => self.confirm_renewal(due, core).await,
            ProviderOperationStatus::Failed { reason } => self.renewal_failed(due, core, &reason).await,
        }
    }

    async fn confirm_renewal(&self, due: &Due, core: &SubscriptionCore) -> Step {
        let found = self.client.subscription(&core.started.provider_subscription_id).await;
        let found = found.map_err(|failure| perform::not_reached(due, &failure))?;
        let Some(theirs) = found else { return Ok(lost(due)) };
        if !shows(&theirs, &core.renewal) {
            if due.asked < LOOKS {
                return Ok(Performed::poll(backoff::poll_after(due.asked)));
            }
            let is_news = theirs.revision > core.provider_revision;
            return Ok(if is_news { done("the provider shows another instruction") } else { stale(due) });
        }
        let confirm = ConfirmRenewal {
            subscription_id: core.started.subscription_id,
            action: core.renewal.action,
            quantity: core.renewal.quantity,
            // A read that is older than what is known shows the instruction all the same.
            provider_revision: theirs.revision.max(core.provider_revision),
        };
        match self.answer(due, "confirm", &confirm).await {
            Ok(()) => Ok(done("confirmed")),
            // It was replaced, or the subscription has ended, while the provider took it.
            Err(Answered::Refused(refusal)) => Ok(done(refusal.to_string())),
            Err(stop @ Answered::Stop(_)) => Ok(stop.unforeseen()),
        }
    }
}

fn is_same(a: &Renewal, b: &Renewal) -> bool {
    a.action == b.action && a.quantity == b.quantity
}

/// As far as the provider shows it: the quantity it keeps to itself.
fn shows(theirs: &ProviderSubscription, renewal: &Renewal) -> bool {
    theirs.auto_renew == (renewal.action == RenewalAction::Renew)
}
