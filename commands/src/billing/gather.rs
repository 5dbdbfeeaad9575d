//! Our side of the bills: what happened to the subscriptions of some accounts, and which months of the provider's bill
//! that asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::billing::matching::DiscrepancyKind;
use domain::billing::{Charge, History, Period};
use domain::charge_ledger::{ChargeLedgerRules, ChargeLedgerState};
use domain::subscription::SubscriptionEvent;
use domain::{Event, ids};
use event_log::Recorded;
use event_log::recorded::COLUMNS;
use sqlx::PgPool;
use uuid::Uuid;

use super::scope;
use crate::{Bus, Failure, Rejection, bus};

/// What a bill depends on; everything else that happens to a subscription costs nothing.
const CHARGED: [&str; 6] = [
    "SubscriptionStarted",
    "SubscriptionRenewed",
    "QuantityChangeConfirmed",
    "CancellationConfirmed",
    "ExtensionConfirmed",
    "SubscriptionExpired",
];

/// The subscriptions of one account as a bill sees them, in the order in which they were started. They only ever grow:
/// what happens after they were read is billed later.
#[derive(Debug, Clone, Default)]
pub struct AccountHistory {
    pub subscriptions: Vec<Arc<History>>,
    /// Something in them cannot be read.
    pub is_spoilt: bool,
}

/// What is needed of the provider for one account.
#[derive(Debug, Clone)]
pub struct Gathered {
    pub history: AccountHistory,
    /// The run's own, and those before it whose bills may say something new.
    pub months: BTreeSet<Period>,
}

/// Both, for each of these accounts.
///
/// # Errors
/// [`Rejection`] when the database is away.
pub async fn gather(bus: &Bus, accounts: &[Uuid], period: Period) -> Result<HashMap<Uuid, Gathered>, Rejection> {
    let failed = |failure: Failure| bus::rejection(failure);
    let mut histories = histories(bus.pool(), accounts).await.map_err(|error| failed(error.into()))?;
    let mut gathered = HashMap::with_capacity(accounts.len());
    for account in accounts {
        let history = histories.remove(account).unwrap_or_default();
        let ledger = bus.state::<ChargeLedgerRules>(account).await.map_err(|error| failed(error.into()))?;
        let months = months(&history, &ledger.state, period);
        gathered.insert(*account, Gathered { history, months });
    }
    Ok(gathered)
}

/// The histories of all subscriptions of these accounts, in one query.
pub(super) async fn histories(pool: &PgPool, accounts: &[Uuid]) -> Result<HashMap<Uuid, AccountHistory>, sqlx::Error> {
    let sql = format!(
        "select {COLUMNS} from events where aggregate_type = 'subscription' and event_type = any($2) \
         and aggregate_id in (select subscription_id::text from index_subscriptions where account_id = any($1)) \
         order by aggregate_id, sequence"
    );
    let rows: Vec<Recorded> = sqlx::query_as(&sql).bind(accounts).bind(&CHARGED[..]).fetch_all(pool).await?;
    let mut found: BTreeMap<(i64, Uuid), Arc<History>> = BTreeMap::new();
    let mut spoilt = BTreeSet::new();
    for stream in rows.chunk_by(|one, next| one.aggregate_id == next.aggregate_id) {
        match history(stream) {
            Some(history) => {
                found.insert((stream[0].position, history.subject.account_id), Arc::new(history));
            }
            None => {
                spoilt.insert(stream[0].aggregate_id.clone());
            }
        }
    }
    let mut histories: HashMap<Uuid, AccountHistory> = HashMap::new();
    for ((_, account), history) in found {
        histories.entry(account).or_default().subscriptions.push(history);
    }
    for account in accounts_of(pool, spoilt).await? {
        histories.entry(account).or_default().is_spoilt = true;
    }
    Ok(histories)
}

fn history(stream: &[Recorded]) -> Option<History> {
    let mut events: Vec<&SubscriptionEvent> = Vec::with_capacity(stream.len());
    for recorded in stream {
        match recorded.event() {
            Ok(Event::Subscription(event)) => events.push(event),
            Ok(_) => {}
            Err(error) => {
                tracing::error!(position = recorded.position, %error, "a subscription cannot be billed");
                return None;
            }
        }
    }
    History::of(events)
}

async fn accounts_of(pool: &PgPool, subscriptions: BTreeSet<String>) -> Result<Vec<Uuid>, sqlx::Error> {
    if subscriptions.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = subscriptions.into_iter().collect();
    sqlx::query_scalar(
        "select distinct account_id from index_subscriptions where subscription_id = any($1::text[]::uuid[])",
    )
    .bind(ids)
    .fetch_all(pool)
    .await
}

/// The run's month, those before it in which there was something to charge, and those further back in which something
/// of ours is still listed as missing: its line may have come at last.
fn months(history: &AccountHistory, ledger: &ChargeLedgerState, period: Period) -> BTreeSet<Period> {
    let mut months = BTreeSet::from([period]);
    let recent: Vec<Period> = scope::months(period).collect();
    for history in &history.subscriptions {
        let charges = history.charges_through(period);
        let Some(first) = charges.first().map(Charge::period) else { continue };
        months.extend(recent.iter().filter(|month| **month >= first));
        let provider_id = &history.subject.provider_subscription_id;
        let is_missed = |charge: &&Charge| {
            let is_old = !recent.contains(&charge.period());
            is_old && ledger.is_open(missing(provider_id, charge)) && !ledger.is_billed(&charge.key)
        };
        months.extend(charges.iter().filter(is_missed).map(Charge::period));
    }
    months
}

/// The name of the difference that a charge has no line.
pub(super) fn missing(provider_subscription_id: &str, charge: &Charge) -> Uuid {
    let (kind, from) = (charge.key.kind, charge.key.from);
    ids::discrepancy(provider_subscription_id, kind, from, DiscrepancyKind::Missing.name())
}
