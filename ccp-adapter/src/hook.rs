//! What the provider's webhooks hint at. Nobody acts on what they say, only on what is read afterwards.

use commands::billing::waits;
use commands::catalogue::ask_for_sync;
use commands::effects::{self, Wake};
use commands::inbox::{Applied, Applier};
use commands::index;
use commands::subscription::ask_for_look;
use futures::future::BoxFuture;
use serde::Deserialize;
use sqlx::PgPool;

/// The provider's name in the inbox.
pub const PROVIDER: &str = "ccp";

/// Applies the provider's hints.
#[derive(Debug, Clone)]
pub struct CcpHook {
    pub pool: PgPool,
    pub wake: Wake,
}

#[derive(Debug, Deserialize)]
struct Hint {
    #[serde(default)]
    data: Subject,
}

#[derive(Debug, Default, Deserialize)]
struct Subject {
    order_id: Option<String>,
    subscription_id: Option<String>,
    account_id: Option<String>,
    period: Option<String>,
}

impl Applier for CcpHook {
    fn provider(&self) -> &'static str {
        PROVIDER
    }

    fn apply<'a>(&'a self, id: &'a str, kind: &'a str, body: &'a [u8]) -> BoxFuture<'a, Result<Applied, sqlx::Error>> {
        Box::pin(async move {
            metrics::counter!("webhooks_applied_total", "type" => label(kind)).increment(1);
            let Ok(hint) = serde_json::from_slice::<Hint>(body) else { return Ok(Applied::Ignored) };
            match kind {
                "order.completed" | "order.rejected" => self.look_at_order(hint.data).await,
                "catalogue.changed" => {
                    ask_for_sync(&self.pool, &format!("webhook/{id}")).await?;
                    self.wake.wake();
                    Ok(Applied::Looked)
                }
                "operation.succeeded" | "operation.failed" => self.look_at_operation(hint.data).await,
                "subscription.updated" | "subscription.cancelled" | "subscription.expired" => {
                    self.look_at_subscription(id, hint.data).await
                }
                "billing.closed" => self.ask_for_bills(hint.data).await,
                _ => Ok(Applied::Ignored),
            }
        })
    }
}

impl CcpHook {
    async fn look_at_order(&self, subject: Subject) -> Result<Applied, sqlx::Error> {
        let Some(provider_order_id) = subject.order_id else { return Ok(Applied::Ignored) };
        let Some(order_id) = index::order_of_provider(&self.pool, &provider_order_id).await? else {
            return Ok(Applied::NotYet);
        };
        // When there is no watch yet, it is about to be written.
        let hastened = effects::hasten(&self.pool, "watch_order", &order_id.to_string()).await?;
        self.wake.wake();
        Ok(if hastened { Applied::Looked } else { Applied::NotYet })
    }

    /// Runs that do not wait ask for the bill anyway when it is their turn.
    async fn ask_for_bills(&self, subject: Subject) -> Result<Applied, sqlx::Error> {
        let Some(period) = subject.period else { return Ok(Applied::Ignored) };
        let account_id = match &subject.account_id {
            None => None,
            Some(theirs) => match index::account_of_provider(&self.pool, theirs).await? {
                Some(ours) => Some(ours),
                // None of ours: nobody waits for it.
                None => return Ok(Applied::Ignored),
            },
        };
        waits::closed(&self.pool, &period, account_id).await?;
        self.wake.wake();
        Ok(Applied::Looked)
    }

    /// Whoever asked for the operation had its row before; when none is open any more, it is known what came of it.
    async fn look_at_operation(&self, subject: Subject) -> Result<Applied, sqlx::Error> {
        let Some(provider_id) = subject.subscription_id else { return Ok(Applied::Ignored) };
        let Some(id) = index::subscription_of_provider(&self.pool, &provider_id).await? else {
            return Ok(Applied::NotYet);
        };
        for kind in ["change_subscription", "send_renewal"] {
            effects::hasten_open(&self.pool, kind, &id.to_string()).await?;
        }
        self.wake.wake();
        Ok(Applied::Looked)
    }

    async fn look_at_subscription(&self, webhook: &str, subject: Subject) -> Result<Applied, sqlx::Error> {
        let Some(provider_id) = subject.subscription_id else { return Ok(Applied::Ignored) };
        let Some(id) = index::subscription_of_provider(&self.pool, &provider_id).await? else {
            return Ok(Applied::NotYet);
        };
        ask_for_look(&self.pool, id, &format!("webhook/{webhook}")).await?;
        self.wake.wake();
        Ok(Applied::Looked)
    }
}

/// The types we know, so that a stranger cannot fill the metrics with labels.
fn label(kind: &str) -> &'static str {
    const KNOWN: &[&str] = &[
        "account.updated",
        "catalogue.changed",
        "order.completed",
        "order.rejected",
        "operation.succeeded",
        "operation.failed",
        "subscription.updated",
        "subscription.cancelled",
        "subscription.expired",
        "billing.closed",
    ];
    KNOWN.iter().find(|known| **known == kind).copied().unwrap_or("other")
}
