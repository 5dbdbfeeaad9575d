//! Carrying out what an operator has decided about a difference.

use commands::drift::{AdoptRenewal, AdoptSubscription};
use commands::effects::{Due, Performed};
use commands::index;
use domain::drift::{Drift, DriftField, DriftResolution, DriftRules};
use domain::subscription::{RenewalAction, SubscriptionRules};
use domain::{Refusal, ids};
use uuid::Uuid;

use super::{ours, theirs};
use crate::perform::{self, Adapter, Answered, Step, done, log_away};
use crate::translate::ProviderSubscription;

impl Adapter {
    /// What has become pointless meanwhile is left alone.
    pub(crate) async fn settle_drift(&self, due: &Due, drift_id: Uuid, account_id: Option<Uuid>) -> Step {
        let drift = self.load::<DriftRules>(drift_id).await?;
        let Some(drift) = drift.state.known() else { return Ok(done("there is no such difference")) };
        match (drift.resolution, drift.field) {
            (Some(DriftResolution::Adopted), DriftField::Unknown) => self.adopt_unknown(due, drift, account_id).await,
            (Some(DriftResolution::Adopted), DriftField::Missing) => self.adopt_missing(due, drift).await,
            (Some(DriftResolution::Adopted), _) => self.adopt_shown(due, drift).await,
            (Some(DriftResolution::Corrected), DriftField::Unknown) => self.end_unknown(due, drift).await,
            (Some(DriftResolution::Corrected), field) => self.correct(due, drift, field).await,
            (Some(DriftResolution::Ignored) | None, _) => Ok(done("nothing is left to do")),
        }
    }

    pub(super) async fn shown(&self, due: &Due, drift: &Drift) -> Result<Option<ProviderSubscription>, Performed> {
        let found = self.client.subscription(&drift.provider_subscription_id).await;
        found.map_err(|failure| perform::not_reached(due, &failure))
    }

    /// Starts it here as the provider has it. What cannot be started is listed again by the next run.
    async fn adopt_unknown(&self, due: &Due, drift: &Drift, account_id: Option<Uuid>) -> Step {
        let Some(read) = self.shown(due, drift).await? else { return Ok(done("the provider no longer has it")) };
        if !theirs(&read).status.is_live() {
            return Ok(done("it has ended"));
        }
        let linked = index::account_of_provider(self.bus.pool(), &read.account_id).await.map_err(log_away)?;
        // What was asked for before decisions named their account says it itself.
        let account_id = match (drift.account_id.or(account_id), linked) {
            (None, None) => return Ok(done("no account of ours was named")),
            // It may have been linked since.
            (Some(ours), Some(linked)) if ours != linked => {
                return Ok(done(format!("it cannot be adopted: {}", Refusal::OnAnotherAccount)));
            }
            (Some(ours), _) | (None, Some(ours)) => ours,
        };
        let adopt = self.adoption(account_id, &read);
        let subscription_id = adopt.subscription_id();
        match self.answer(due, "adopt", &adopt).await {
            Ok(()) => {}
            Err(Answered::Refused(refusal)) => return Ok(done(format!("it cannot be adopted: {refusal}"))),
            Err(stop @ Answered::Stop(_)) => return Err(stop.unforeseen()),
        }
        self.observe(due, subscription_id, &read).await?;
        if !read.auto_renew {
            self.adopt_renewal(due, subscription_id, &read).await?;
        }
        Ok(done(format!("it is subscription {subscription_id}")))
    }

    fn adoption(&self, account_id: Uuid, read: &ProviderSubscription) -> AdoptSubscription {
        AdoptSubscription {
            account_id,
            provider_subscription_id: read.id.clone(),
            service_id: ids::service(self.client.provider(), &read.sku),
            starts_on: read.starts_on,
            ends_on: read.ends_on,
            confirmed_at: self.bus.now().min(read.starts_on.and_time(chrono::NaiveTime::MIN).and_utc()),
            provider_revision: read.starting_revision(read.quantity),
            seats: read.seats.clone(),
        }
    }

    /// Ours ends, as of today, unless the provider shows it again.
    async fn adopt_missing(&self, due: &Due, drift: &Drift) -> Step {
        let Some(id) = drift.subscription_id else { return Ok(done("it is about none of ours")) };
        if let Some(read) = self.shown(due, drift).await? {
            self.observe(due, id, &read).await?;
            return Ok(done("the provider shows it again"));
        }
        let state = self.load::<SubscriptionRules>(id).await?;
        let Some(core) = state.state.known().map(|known| &known.core).filter(|core| core.status.is_live()) else {
            return Ok(done("it has ended"));
        };
        self.end_here(due, core).await?;
        Ok(done("ended here"))
    }

    /// Ours becomes what the provider shows now.
    async fn adopt_shown(&self, due: &Due, drift: &Drift) -> Step {
        let (Some(id), Some(read)) = (drift.subscription_id, self.shown(due, drift).await?) else {
            return Ok(done("nothing is left to adopt"));
        };
        self.observe(due, id, &read).await?;
        if drift.field == DriftField::Renewal {
            self.adopt_renewal(due, id, &read).await?;
        }
        let after = self.load::<SubscriptionRules>(id).await?;
        Ok(done(match ours(&after.state) {
            Some(ours) if !ours.status.is_live() => "it has ended here, and nothing leaves that",
            _ => "ours is as the provider shows it",
        }))
    }

    /// What the provider will do at the end of the term becomes our instruction.
    async fn adopt_renewal(
        &self,
        due: &Due,
        subscription_id: Uuid,
        read: &ProviderSubscription,
    ) -> Result<(), Performed> {
        let action = if read.auto_renew { RenewalAction::Renew } else { RenewalAction::Expire };
        let adopt = AdoptRenewal { subscription_id, action, provider_revision: read.revision };
        match self.answer_as_provider(due, &format!("renewal/{}", read.revision), &adopt).await {
            Ok(()) => Ok(()),
            Err(Answered::Refused(refusal)) => Err(done(format!("it cannot be adopted: {refusal}"))),
            Err(stop @ Answered::Stop(_)) => Err(stop.unforeseen()),
        }
    }
}
