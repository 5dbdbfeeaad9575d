//! What only one side has, once every page was read.

use std::collections::{BTreeMap, BTreeSet};

use commands::drift::runs::{self, Unlisted};
use commands::effects::{self, Due, Performed};
use commands::index::{self, IndexedDrift};
use domain::drift::{DetectDrift, DriftField};
use domain::ids;
use domain::order::OrderRules;
use domain::reconcile::{self, Ours};
use domain::subscription::SubscriptionRules;
use tokio::time::Instant;
use uuid::Uuid;

use super::{ours, theirs};
use crate::perform::{self, Adapter, log_away};

/// One of ours that the provider does not show.
struct Gone {
    ours: Ours,
    sku: String,
}

impl Adapter {
    /// Lists what is unknown or missing for the second time in a row. False when the time was over before it was done.
    pub(super) async fn one_sided(&self, due: &Due, run_id: Uuid, until: Instant) -> Result<bool, Performed> {
        let unknown = self.unknown(run_id).await?;
        let gone = self.gone(run_id).await?;
        let names = (unknown.keys().cloned().collect(), gone.keys().cloned().collect());
        let listed = runs::compare(self.bus.pool(), run_id, &names.0, &names.1).await.map_err(log_away)?;
        for unknown in listed.unknown.iter().filter_map(|name| unknown.get(name)) {
            self.list_unknown(due, run_id, unknown).await?;
        }
        for gone in listed.missing.iter().filter_map(|name| gone.get(name)) {
            if Instant::now() >= until {
                return Ok(false);
            }
            self.list_gone(due, run_id, gone).await?;
        }
        Ok(true)
    }

    /// What we do not have. On an account with an order under way it may be what that order brings.
    async fn unknown(&self, run_id: Uuid) -> Result<BTreeMap<String, Unlisted>, Performed> {
        let mut unknown = runs::unlisted(self.bus.pool(), run_id).await.map_err(log_away)?;
        if !unknown.is_empty() {
            let ordering = self.accounts_with_orders_under_way().await?;
            unknown.retain(|one| !one.account_id.is_some_and(|account| ordering.contains(&account)));
        }
        Ok(unknown.into_iter().map(|one| (one.provider_subscription_id.clone(), one)).collect())
    }

    async fn accounts_with_orders_under_way(&self) -> Result<BTreeSet<Uuid>, Performed> {
        let mut accounts = BTreeSet::new();
        for kind in ["submit_order", "watch_order"] {
            for order in effects::open_subjects(self.bus.pool(), kind).await.map_err(log_away)? {
                let order = self.bus.state::<OrderRules>(order).await.map_err(|_| Performed::log_away())?;
                accounts.extend(order.state.known().map(|order| order.details.account_id));
            }
        }
        Ok(accounts)
    }

    /// Ours that live and were not shown.
    async fn gone(&self, run_id: Uuid) -> Result<BTreeMap<String, Gone>, Performed> {
        let mut gone = BTreeMap::new();
        for (name, id) in runs::unseen(self.bus.pool(), run_id).await.map_err(log_away)? {
            let state = self.load::<SubscriptionRules>(id).await?;
            let sku = state.state.known().map(|known| known.core.started.sku.clone()).unwrap_or_default();
            if let Some(ours) = ours(&state.state).filter(|ours| ours.status.is_live()) {
                gone.insert(name, Gone { ours, sku });
            }
        }
        Ok(gone)
    }

    async fn list_unknown(&self, due: &Due, run_id: Uuid, unknown: &Unlisted) -> Result<(), Performed> {
        let name = &unknown.provider_subscription_id;
        let before = self.listed_as(name, DriftField::Unknown).await?;
        if before.iter().any(|before| before.status == "ignored") {
            return Ok(());
        }
        let open = before.iter().find(|before| before.status == "open").map(|before| before.drift_id);
        let drift_id = open.unwrap_or_else(|| ids::drift(name, DriftField::Unknown.name(), unknown.revision));
        if effects::is_open(self.bus.pool(), "settle_drift", &drift_id.to_string()).await.map_err(log_away)? {
            return Ok(());
        }
        let seen = DetectDrift {
            drift_id,
            provider_account_id: Some(unknown.provider_account_id.clone()),
            provider_subscription_id: name.clone(),
            subscription_id: None,
            customer_id: unknown.customer_id,
            field: DriftField::Unknown,
            ours: None,
            theirs: Some(unknown.shown.clone()),
            revision: unknown.revision,
        };
        self.record_drift(due, seen).await?;
        runs::met(self.bus.pool(), run_id, drift_id, false).await.map_err(log_away)
    }

    /// A list may leave one out; only when the provider says of this very one that it is not there is it missing.
    async fn list_gone(&self, due: &Due, run_id: Uuid, gone: &Gone) -> Result<(), Performed> {
        let Gone { ours, sku } = gone;
        let name = &ours.provider_subscription_id;
        let drift_id = ids::drift(name, DriftField::Missing.name(), ours.revision);
        let open = self.listed_as(name, DriftField::Missing).await?.iter().any(|before| before.status == "open");
        if !open {
            let found = self.client.subscription(name).await.map_err(|failure| perform::not_reached(due, &failure))?;
            if found.is_some() {
                return Ok(());
            }
        }
        let seen = DetectDrift {
            drift_id,
            provider_account_id: None,
            provider_subscription_id: name.clone(),
            subscription_id: Some(ours.subscription_id),
            customer_id: Some(ours.customer_id),
            field: DriftField::Missing,
            ours: Some(reconcile::in_words(ours.status, ours.quantity, sku)),
            theirs: None,
            revision: 0,
        };
        self.record_drift(due, seen).await?;
        runs::met(self.bus.pool(), run_id, drift_id, false).await.map_err(log_away)
    }

    async fn listed_as(&self, name: &str, field: DriftField) -> Result<Vec<IndexedDrift>, Performed> {
        index::drifts_about(self.bus.pool(), name, field.name()).await.map_err(log_away)
    }

    /// Closes what is listed and no longer so: the complete scan did not meet it again.
    pub(super) async fn close_settled(&self, due: &Due, run_id: Uuid) -> Result<(), Performed> {
        for open in index::open_drifts(self.bus.pool()).await.map_err(log_away)? {
            let met = runs::has_met(self.bus.pool(), run_id, open.drift_id).await.map_err(log_away)?;
            if !met && self.is_settled(due, run_id, &open).await? {
                self.close_drift(due, open.drift_id).await?;
            }
        }
        Ok(())
    }

    async fn is_settled(&self, due: &Due, run_id: Uuid, open: &IndexedDrift) -> Result<bool, Performed> {
        let name = &open.provider_subscription_id;
        let shown = runs::has_seen(self.bus.pool(), run_id, name).await.map_err(log_away)?;
        if open.field == DriftField::Unknown.name() {
            return self.is_unknown_settled(due, name, shown).await;
        }
        let Some(id) = open.subscription_id else { return Ok(false) };
        let state = self.load::<SubscriptionRules>(id).await?;
        let Some(ours) = ours(&state.state) else { return Ok(false) };
        if open.field == DriftField::Missing.name() {
            return Ok(shown || !ours.status.is_live());
        }
        // What the provider did against an instruction is for somebody to look at, whatever holds by now.
        Ok(shown && !ours.changing && open.field != DriftField::Renewal.name())
    }

    /// We have it by now, or it has ended there.
    async fn is_unknown_settled(&self, due: &Due, name: &str, shown: bool) -> Result<bool, Performed> {
        let names = [name.to_owned()];
        if !index::subscriptions_of_provider(self.bus.pool(), &names).await.map_err(log_away)?.is_empty() {
            return Ok(true);
        }
        if shown {
            return Ok(false);
        }
        let found = self.client.subscription(name).await.map_err(|failure| perform::not_reached(due, &failure))?;
        Ok(!found.is_some_and(|found| theirs(&found).status.is_live()))
    }
}
