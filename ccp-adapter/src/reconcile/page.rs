//! What a page of the provider's subscriptions means for those of ours that are on it.

use std::collections::HashMap;

use chrono::NaiveDate;
use commands::drift::{CloseDrift, RecordDrift, runs};
use commands::effects::{Due, Performed};
use commands::subscription::ObserveSubscription;
use commands::{effects, index};
use domain::drift::{DetectDrift, DriftCommand, DriftField, DriftResolution, DriftRules};
use domain::reconcile::{self, Difference, Ours, Theirs};
use domain::subscription::{Observation, SubscriptionCore, SubscriptionRules, SubscriptionStatus};
use domain::{Actor, Asked, Decider, ids};
use uuid::Uuid;

use super::{ours, theirs};
use crate::client::SubscriptionPage;
use crate::look;
use crate::perform::{Adapter, Answered, log_away};
use crate::translate::ProviderSubscription;

impl Adapter {
    /// Compares each with ours, then notes that the page was read.
    pub(super) async fn read_page(&self, due: &Due, run_id: Uuid, page: &SubscriptionPage) -> Result<(), Performed> {
        let names: Vec<String> = page.items.iter().map(|read| read.id.clone()).collect();
        let known = index::subscriptions_of_provider(self.bus.pool(), &names).await.map_err(log_away)?;
        let known: HashMap<String, Uuid> = known.into_iter().collect();
        let mut seen = Vec::with_capacity(page.items.len());
        for read in &page.items {
            if let Some(id) = known.get(&read.id) {
                self.compare(due, run_id, *id, read).await?;
            }
            // What ended before anybody here knew of it needs nobody's attention.
            let shown = theirs(read);
            let known = known.contains_key(&read.id) || !shown.status.is_live();
            seen.push((shown, known));
        }
        runs::page_read(self.bus.pool(), run_id, &seen, page.next.as_deref()).await.map_err(log_away)
    }

    /// Most are as we know them, which memory can tell. Where it says otherwise, the log itself is asked.
    async fn compare(&self, due: &Due, run_id: Uuid, id: Uuid, read: &ProviderSubscription) -> Result<(), Performed> {
        let remembered = self.bus.state::<SubscriptionRules>(id).await.map_err(|_| Performed::log_away())?;
        let differs = |ours: &Ours| !reconcile::differences(ours, &theirs(read)).is_empty();
        if !ours(&remembered.state).is_some_and(|ours| differs(&ours)) {
            return Ok(());
        }
        let loaded = self.load::<SubscriptionRules>(id).await?;
        match ours(&loaded.state).filter(differs) {
            Some(ours) => self.take_over(due, run_id, &ours, read).await,
            None => Ok(()),
        }
    }

    /// Records what differs, takes it over as the provider's doing, and closes what is equal then.
    async fn take_over(
        &self,
        due: &Due,
        run_id: Uuid,
        ours_before: &Ours,
        read: &ProviderSubscription,
    ) -> Result<(), Performed> {
        let (id, shown) = (ours_before.subscription_id, theirs(read));
        let differences = reconcile::differences(ours_before, &shown);
        for difference in &differences {
            let drift_id = reconcile::drift_id(&shown, difference);
            if self.is_being_settled(drift_id).await? {
                return Ok(());
            }
            self.record_drift(due, seen(ours_before, &shown, difference)).await?;
            runs::met(self.bus.pool(), run_id, drift_id, false).await.map_err(log_away)?;
        }
        self.observe(due, id, read).await?;
        let after = self.load::<SubscriptionRules>(id).await?;
        let left = ours(&after.state).map(|ours| reconcile::differences(&ours, &shown)).unwrap_or_default();
        let is_left = |field: DriftField| left.iter().any(|left| left.field == field);
        for difference in differences.iter().filter(|found| !is_left(found.field) && is_taken_over(ours_before, found))
        {
            let drift_id = reconcile::drift_id(&shown, difference);
            self.close_drift(due, drift_id).await?;
            runs::met(self.bus.pool(), run_id, drift_id, true).await.map_err(log_away)?;
        }
        Ok(())
    }

    /// An operator's decision about it is being carried out: what is read meanwhile is neither theirs nor ours.
    async fn is_being_settled(&self, drift_id: Uuid) -> Result<bool, Performed> {
        effects::is_open(self.bus.pool(), "settle_drift", &drift_id.to_string()).await.map_err(log_away)
    }

    /// Writes it down, unless it already is: what was listed before leaves no trace, not even an outcome.
    pub(super) async fn record_drift(&self, due: &Due, seen: DetectDrift) -> Result<(), Performed> {
        let known = self.load::<DriftRules>(seen.drift_id).await?;
        let command = DriftCommand::Detect(Box::new(seen.clone()));
        let asked = Asked { at: self.bus.now(), by: &Actor::system("ccp-adapter"), command: &command };
        if DriftRules::decide(&known.state, &asked).is_ok_and(|decided| decided.events.is_empty()) {
            return Ok(());
        }
        let n = format!("drift/{}/{}", seen.drift_id, known.version);
        self.answer(due, &n, &RecordDrift { seen }).await.map_err(Answered::unforeseen)
    }

    /// The two sides agree.
    pub(super) async fn close_drift(&self, due: &Due, drift_id: Uuid) -> Result<(), Performed> {
        let known = self.load::<DriftRules>(drift_id).await?;
        if !known.state.known().is_some_and(domain::drift::Drift::is_open) {
            return Ok(());
        }
        let close = CloseDrift { drift_id, resolution: DriftResolution::Adopted };
        let n = format!("close/{drift_id}/{}", known.version);
        self.answer(due, &n, &close).await.map_err(Answered::unforeseen)
    }

    /// What the provider shows, as its own doing. What the rules will not take stays a difference.
    pub(crate) async fn observe(&self, due: &Due, id: Uuid, read: &ProviderSubscription) -> Result<(), Performed> {
        let observe = ObserveSubscription { subscription_id: id, seen: look::observation(read.clone(), None) };
        let answered = self.answer_as_provider(due, &format!("observe/{id}/{}", read.revision), &observe).await;
        taken_in(id, answered)
    }

    /// We hold what the provider no longer has: ours ends today, because an operator said so.
    pub(super) async fn end_here(&self, due: &Due, core: &SubscriptionCore) -> Result<(), Performed> {
        let id = core.started.subscription_id;
        let seen = nothing_shown(core, self.bus.now().date_naive());
        let n = format!("end/{}", seen.revision);
        let answered = self.answer(due, &n, &ObserveSubscription { subscription_id: id, seen }).await;
        taken_in(id, answered)
    }
}

fn taken_in(id: Uuid, answered: Result<(), Answered>) -> Result<(), Performed> {
    match answered {
        Ok(()) => Ok(()),
        Err(Answered::Refused(refusal)) => {
            tracing::warn!(subscription = %id, %refusal, "what the provider shows cannot be taken over");
            Ok(())
        }
        Err(stop @ Answered::Stop(_)) => Err(stop.unforeseen()),
    }
}

/// An instruction that the provider overrode on the day stays listed: what became of the term was not what was wanted.
const fn is_taken_over(before: &Ours, difference: &Difference) -> bool {
    !matches!(difference.field, DriftField::Renewal) || before.renewal.confirmed
}

pub(super) fn seen(ours: &Ours, shown: &Theirs, difference: &Difference) -> DetectDrift {
    DetectDrift {
        drift_id: reconcile::drift_id(shown, difference),
        provider_account_id: Some(shown.provider_account_id.clone()),
        provider_subscription_id: shown.provider_subscription_id.clone(),
        subscription_id: Some(ours.subscription_id),
        customer_id: Some(ours.customer_id),
        field: difference.field,
        ours: Some(difference.ours.clone()),
        theirs: Some(difference.theirs.clone()),
        revision: shown.revision,
    }
}

/// What there is to see of a subscription that is gone.
fn nothing_shown(core: &SubscriptionCore, today: NaiveDate) -> Observation {
    let revision = core.provider_revision.saturating_add(1);
    Observation {
        revision,
        status: SubscriptionStatus::Cancelled,
        quantity: core.quantity,
        starts_on: core.starts_on,
        ends_on: core.ends_on,
        auto_renew: false,
        changed_on: today,
        seats: Vec::new(),
        confirms: None,
        renewal: None,
        adopted_as: ids::derived(&["gone", &core.started.provider_subscription_id, &revision.to_string()]),
    }
}
