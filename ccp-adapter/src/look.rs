//! Looking at a subscription at the provider, and recording what is new there as the provider's doing.

use commands::effects::{self, Due, Performed};
use commands::subscription::ObserveSubscription;
use domain::subscription::{
    ConfirmedChange, Observation, Subscription, SubscriptionCommand, SubscriptionRules, SubscriptionState,
};
use domain::{Actor, Asked, Decider, Refusal, ids};
use uuid::Uuid;

use crate::backoff;
use crate::change::{stale, uneven};
use crate::perform::{self, Adapter, Answered, Step, done, log_away};
use crate::reconcile;
use crate::translate::ProviderSubscription;

/// The kind of these effects.
pub(crate) const KIND: &str = "look_at_subscription";
/// The effects that learn of an operation's end.
pub(crate) const CHANGES: &str = "change_subscription";

impl Adapter {
    /// Looks until nothing is in flight and the provider has done what the day asks of it.
    pub(crate) async fn look_at(&self, due: &Due, subscription_id: Uuid) -> Step {
        let loaded = self.load::<SubscriptionRules>(subscription_id).await?;
        let Some(known) = loaded.state.known() else { return Ok(done("there is no such subscription")) };
        if !known.core.status.is_live() {
            return Ok(done(known.core.status.name()));
        }
        if known.core.change.is_some() && self.is_changing(due, subscription_id).await? {
            return Ok(Performed::poll(backoff::poll_after(due.asked)));
        }
        let found = self.client.subscription(&known.core.started.provider_subscription_id).await;
        let found = found.map_err(|failure| perform::not_reached(due, &failure))?;
        let Some(theirs) = found else { return Ok(done("the provider does not know it")) };
        self.observe_news(due, (known, loaded.version), theirs).await?;
        let after = self.load::<SubscriptionRules>(subscription_id).await?;
        let is_late = after.state.known().is_some_and(|known| self.is_past_its_end(known));
        Ok(if is_late { Performed::poll(backoff::poll_after(due.asked)) } else { done("seen") })
    }

    /// What is seen while a change is in flight may be its own effect: whoever watches it is told first. Nobody does
    /// once that is given to the operator.
    async fn is_changing(&self, due: &Due, subscription_id: Uuid) -> Result<bool, Performed> {
        let (pool, subject) = (self.bus.pool(), subscription_id.to_string());
        if due.asked == 0 {
            return effects::hasten_open(pool, CHANGES, &subject).await.map_err(log_away);
        }
        effects::is_open(pool, CHANGES, &subject).await.map_err(log_away)
    }

    /// A look that shows nothing new leaves no trace, not even an outcome. The key of one that does names what is
    /// answered: the provider's revision, and the version of ours that it was news to. Counting the looks would not do:
    /// one that dies before its end is noted is not counted, and the next may see something newer.
    async fn observe_news(
        &self,
        due: &Due,
        (known, version): (&Subscription, i64),
        theirs: ProviderSubscription,
    ) -> Result<(), Performed> {
        let shown = reconcile::theirs(&theirs);
        let seen = observation(theirs, None);
        if !self.is_news(known, &seen) {
            return Ok(());
        }
        let noticed = self.notice(due, &known.core, &shown).await?;
        let n = format!("look/{}/{version}", seen.revision);
        let observe = ObserveSubscription { subscription_id: known.core.started.subscription_id, seen };
        match self.answer_as_provider(due, &n, &observe).await {
            Ok(()) => self.close_noticed(due, &noticed).await,
            Err(Answered::Refused(Refusal::StaleObservation)) => Err(stale(due)),
            Err(Answered::Refused(Refusal::SeatCountMismatch { .. })) => Err(uneven(due)),
            Err(other) => Err(other.unforeseen()),
        }
    }

    fn is_news(&self, known: &Subscription, seen: &Observation) -> bool {
        let command = SubscriptionCommand::Observe(Box::new(seen.clone()));
        let asked = Asked { at: self.bus.now(), by: &Actor::system("ccp-adapter"), command: &command };
        let state = SubscriptionState::Known(Box::new(known.clone()));
        !SubscriptionRules::decide(&state, &asked).is_ok_and(|decided| decided.events.is_empty())
    }

    /// Its term is over, and the provider has neither renewed it nor let it expire.
    fn is_past_its_end(&self, known: &Subscription) -> bool {
        known.core.status.is_live() && known.core.ends_on <= self.bus.now().date_naive()
    }
}

/// What was read, in the words of the rules. What nobody here asked for has an id of its own per revision, whoever
/// sees it first.
pub(crate) fn observation(theirs: ProviderSubscription, confirms: Option<ConfirmedChange>) -> Observation {
    Observation {
        adopted_as: ids::derived(&["adopted", &theirs.id, &theirs.revision.to_string()]),
        revision: theirs.revision,
        status: theirs.status.ours(),
        quantity: theirs.quantity,
        starts_on: theirs.starts_on,
        ends_on: theirs.ends_on,
        auto_renew: theirs.auto_renew,
        changed_on: theirs.changed_on,
        seats: theirs.seats,
        confirms,
        renewal: None,
    }
}
