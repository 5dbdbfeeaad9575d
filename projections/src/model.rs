//! A read model: a named reader that keeps the rows of one or more nouns.

use std::sync::Arc;

use event_log::{ApplyError, Reader, Recorded};
use futures::future::BoxFuture;
use sqlx::PgConnection;

use crate::accounts::Accounts;
use crate::balances::Balances;
use crate::billing_runs::BillingRuns;
use crate::catalogue::CatalogueChanges;
use crate::commissions::CommissionAccounts;
use crate::credit_notes::CreditNotes;
use crate::customers::Customers;
use crate::drift::Drifts;
use crate::exchange_rates::ExchangeRates;
use crate::invoices::Invoices;
use crate::ledger::Ledger;
use crate::notification_preferences::NotificationPreferences;
use crate::noun::{AnyNoun, Of};
use crate::orders::Orders;
use crate::payments::Payments;
use crate::price_rules::PriceRules;
use crate::services::Services;
use crate::subscriptions::Subscriptions;

/// Customers, accounts, the catalogue and its prices: small, read together, one position.
pub const DIRECTORY: &str = "directory";
pub const ORDERS: &str = "orders";
/// Subscriptions, their licences and their changes, and how they differ from the provider's.
pub const SUBSCRIPTIONS: &str = "subscriptions";
/// Invoices, payments, credit notes, balances, billing runs, commission: what moves together at a month's end.
pub const BILLING: &str = "billing";

type AfterCommit = Box<dyn Fn(&[Arc<Recorded>]) + Send + Sync>;

/// A reader over nouns.
pub struct ReadModel {
    pub(crate) name: &'static str,
    /// Of the code: a change in what rows mean raises it, and the start rebuilds.
    pub version: i32,
    pub nouns: Vec<Box<dyn AnyNoun>>,
    after_commit: Option<AfterCommit>,
}

impl std::fmt::Debug for ReadModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadModel").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}

/// Every read model there is.
pub fn all() -> Vec<ReadModel> {
    vec![
        ReadModel::new(
            DIRECTORY,
            3,
            vec![
                Box::new(Of::<Customers>::new()),
                Box::new(Of::<Accounts>::new()),
                Box::new(Of::<Services>::new()),
                Box::new(Of::<PriceRules>::new()),
                Box::new(Of::<ExchangeRates>::new()),
                Box::new(CatalogueChanges),
                Box::new(Of::<NotificationPreferences>::new()),
            ],
        ),
        ReadModel::new(ORDERS, 2, vec![Box::new(Of::<Orders>::new())]),
        ReadModel::new(SUBSCRIPTIONS, 2, vec![Box::new(Of::<Subscriptions>::new()), Box::new(Of::<Drifts>::new())]),
        ReadModel::new(
            BILLING,
            3,
            vec![
                Box::new(Of::<CommissionAccounts>::new()),
                Box::new(Of::<BillingRuns>::new()),
                Box::new(Of::<Invoices>::new()),
                Box::new(Of::<Payments>::new()),
                Box::new(Of::<CreditNotes>::new()),
                Box::new(Of::<Balances>::new()),
                Box::new(Ledger),
            ],
        ),
    ]
}

impl ReadModel {
    fn new(name: &'static str, version: i32, nouns: Vec<Box<dyn AnyNoun>>) -> Self {
        Self { name, version, nouns, after_commit: None }
    }

    /// Calls back after each commit, for caches.
    #[must_use]
    pub fn after_commit(mut self, callback: impl Fn(&[Arc<Recorded>]) + Send + Sync + 'static) -> Self {
        self.after_commit = Some(Box::new(callback));
        self
    }
}

impl Reader for ReadModel {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn may_be_lost(&self) -> bool {
        true
    }

    fn concerns(&self, event: &Recorded) -> bool {
        event.event().is_err() || self.nouns.iter().any(|noun| noun.concerns(event))
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            for recorded in events {
                // Also what is not ours must be readable: an unknown event may be about our rows.
                recorded.event().map_err(|error| ApplyError::Poison(error.to_string()))?;
            }
            for noun in &self.nouns {
                noun.apply(tx, generation, events).await?;
            }
            Ok(())
        })
    }

    fn applied(&self, events: &[Arc<Recorded>]) {
        if let Some(callback) = &self.after_commit {
            callback(events);
        }
    }
}
