//! Webhooks as the provider sends them, and the tools to bend them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::forge::now;
use crate::ground::{Ask, Ground};

pub const PATH: &str = "/v1/webhooks/ccp";

/// A webhook before it is signed.
#[derive(Clone, Debug)]
pub struct Hook {
    pub id: String,
    pub timestamp: String,
    pub body: String,
}

impl Hook {
    pub fn new(id: &str, kind: &str, data: &Value) -> Self {
        let body = json!({ "type": kind, "timestamp": "2026-01-01T00:00:00Z", "data": data }).to_string();
        Self { id: id.to_owned(), timestamp: now().to_string(), body }
    }

    /// One signature under a `whsec_` secret.
    pub fn signature(&self, secret: &str) -> String {
        format!("v1,{}", self.mac(&STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap()))
    }

    /// Base64 of the HMAC under these bytes.
    pub fn mac(&self, key: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }

    /// With any signature.
    pub fn with(&self, signature: &str) -> Ask {
        Ask::new("POST", PATH)
            .header("webhook-id", self.id.as_str())
            .header("webhook-timestamp", self.timestamp.as_str())
            .header("webhook-signature", signature)
            .bytes(self.body.as_str())
    }

    /// As the provider would send it.
    pub fn signed(&self, ground: &Ground) -> Ask {
        self.with(&self.signature(&ground.world.settings.provider.webhook_secret))
    }
}

/// Webhooks stored, and those of them in a state.
pub async fn stored(ground: &Ground, state: &str) -> i64 {
    let count = "select count(*) from inbox where state like $1";
    sqlx::query_scalar(count).bind(state).fetch_one(&ground.pool).await.unwrap()
}

/// Looks until no webhook waits to be applied. Unknown orders are given up after some seconds. However many there are,
/// they must become fewer.
pub async fn all_applied(ground: &Ground) {
    let (mut fewest, mut since) = (i64::MAX, std::time::Instant::now());
    loop {
        let waiting = stored(ground, "new").await;
        if waiting == 0 {
            break;
        }
        if waiting < fewest {
            (fewest, since) = (waiting, std::time::Instant::now());
        }
        assert!(since.elapsed() < tests::client::PATIENCE, "{waiting} webhooks stay unapplied");
        ground.quiet().await;
    }
    ground.quiet().await;
}
