//! Asking for a look at a subscription at the provider.

use std::time::Duration;

use chrono::NaiveDate;
use domain::ids;
use domain::process::{Effect, change};
use sqlx::PgPool;
use uuid::Uuid;

use crate::effects::{self, Wanted};
use crate::index;

/// The kind of these effects.
const LOOK: &str = "look_at_subscription";

/// Makes sure that live subscriptions whose term has ended by `today` are looked at, once per end: the provider has
/// renewed them or let them expire, and its webhook may have been lost. How many were found.
///
/// # Errors
/// Any database error.
pub async fn ask_due_looks(pool: &PgPool, today: NaiveDate) -> Result<usize, sqlx::Error> {
    let ended = index::live_subscriptions_ended_by(pool, today).await?;
    for (subscription_id, ends_on) in &ended {
        let op_id = ids::derived(&["look", &subscription_id.to_string(), &ends_on.to_string()]);
        ask(pool, *subscription_id, op_id).await?;
    }
    Ok(ended.len())
}

/// Makes sure that a look takes place after now. `cause` names the hint; many hints come down to one look.
///
/// # Errors
/// Any database error.
pub async fn ask_for_look(pool: &PgPool, subscription_id: Uuid, cause: &str) -> Result<(), sqlx::Error> {
    if effects::hasten_open(pool, LOOK, &subscription_id.to_string()).await? {
        return Ok(());
    }
    ask(pool, subscription_id, ids::derived(&["look", &subscription_id.to_string(), cause])).await
}

async fn ask(pool: &PgPool, subscription_id: Uuid, op_id: Uuid) -> Result<(), sqlx::Error> {
    let effect = &Effect::LookAtSubscription { subscription_id };
    let wanted =
        Wanted { process: change::NAME, op_id, position: None, correlation_id: None, effect, delay: Duration::ZERO };
    effects::ask_in_tx(pool, &wanted).await
}
