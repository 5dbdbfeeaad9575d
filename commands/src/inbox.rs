//! Incoming webhooks: verified over the raw body, stored once for ever, answered at once, applied later.

mod signature;
mod worker;

pub use signature::{Headers, SignatureError, WebhookSecret, verify};
pub use worker::{Applied, Applier, InboxWorker};

use event_log::crash;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

/// What storing a webhook came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    New,
    /// The same id with the same body is here already.
    Repeated,
    /// The same id is here with another body.
    OtherBody,
}

/// Stores a verified webhook.
///
/// # Errors
/// Any database error; the sender will repeat it.
pub async fn store(pool: &PgPool, provider: &str, id: &str, kind: &str, body: &[u8]) -> Result<Stored, sqlx::Error> {
    let hash = Sha256::digest(body).to_vec();
    crash::point("webhook.before_insert");
    let inserted = sqlx::query(
        "insert into inbox (provider, webhook_id, body, body_sha256, type) values ($1, $2, $3, $4, $5) \
         on conflict (provider, webhook_id) do nothing",
    )
    .bind(provider)
    .bind(id)
    .bind(body)
    .bind(&hash)
    .bind(kind)
    .execute(pool)
    .await?;
    crash::point("webhook.after_insert");
    if inserted.rows_affected() == 1 {
        return Ok(Stored::New);
    }
    let known: Vec<u8> = sqlx::query_scalar("select body_sha256 from inbox where provider = $1 and webhook_id = $2")
        .bind(provider)
        .bind(id)
        .fetch_one(pool)
        .await?;
    Ok(if known == hash { Stored::Repeated } else { Stored::OtherBody })
}
