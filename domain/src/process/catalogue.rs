//! Keeping the catalogue: when it is read again, and what a reading means for the services.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::Effect;
use crate::service::{CatalogueItem, ServiceCommand};

/// Stable: it is part of every operation id.
pub const NAME: &str = "catalogue";

/// Once on every day of the business clock; `last_synced_on` is the day of the last complete sync. What the
/// provider announces and what an operator asks for comes on top and needs no decision.
pub fn due(last_synced_on: Option<NaiveDate>, today: NaiveDate) -> Option<Effect> {
    let synced_today = last_synced_on.is_some_and(|day| day >= today);
    (!synced_today).then_some(Effect::SyncCatalogue {})
}

/// What to ask of each service after a complete reading: one command per service, in the order of their ids. An
/// item met on two pages counts as it was met last. Never call it with some pages only: the `active` services
/// that those lack would be withdrawn.
pub fn commands(active: &[Uuid], offered: Vec<CatalogueItem>) -> BTreeMap<Uuid, ServiceCommand> {
    let gone = active.iter().map(|service| (*service, ServiceCommand::Withdraw));
    let there = offered.into_iter().map(|item| (item.service_id, ServiceCommand::Sync(item)));
    gone.chain(there).collect()
}
