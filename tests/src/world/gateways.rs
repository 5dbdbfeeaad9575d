//! The payment gateways' simulator as a child process, and how the product knows it.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::process::Launch;
use super::{ports, random_bytes, random_hex, tools};

/// From acceptance to outcome; short, because whoever develops or tests waits for it.
const DELAY_MS: &str = "300";

/// How product and payment gateways know each other.
#[derive(Clone, Debug)]
pub struct Gateways {
    pub port: u16,
    pub wallet_key: String,
    pub token: String,
    pub webhook_secret: String,
}

impl Gateways {
    /// On a free port, with keys nobody had before.
    ///
    /// # Errors
    /// When no port is free.
    pub fn reserve() -> anyhow::Result<Self> {
        Ok(Self {
            port: ports::reserve()?,
            wallet_key: random_hex(16),
            token: random_hex(16),
            webhook_secret: format!("whsec_{}", STANDARD.encode(random_bytes(32))),
        })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the product is told; `api_url` is where it hears webhooks.
    pub fn variables(&self, api_url: &str) -> Vec<(&'static str, String)> {
        vec![
            ("CLOUDSALES_WALLET_URL", self.url()),
            ("CLOUDSALES_WALLET_KEY", self.wallet_key.clone()),
            ("CLOUDSALES_TOKEN_GATEWAY_URL", format!("{}/token/", self.url())),
            ("CLOUDSALES_TOKEN_GATEWAY_TOKEN", self.token.clone()),
            ("CLOUDSALES_PAYMENTS_WEBHOOK_SECRET", self.webhook_secret.clone()),
            ("CLOUDSALES_PAYMENTS_WEBHOOK_URL", format!("{api_url}/v1/webhooks/payments")),
        ]
    }

    /// The simulator, which keeps its ledger in `data`.
    pub(super) fn launch(&self, data: &Path, log: &Path) -> anyhow::Result<Launch> {
        Ok(Launch::new(tools::own_binary("payment-sim")?, log)
            .arguments(["--listen", &format!("127.0.0.1:{}", self.port)])
            .arguments(["--delay-ms", DELAY_MS])
            .argument("--data")
            .argument(data)
            .environment("PAYMENT_SIM_WALLET_KEY", &self.wallet_key)
            .environment("PAYMENT_SIM_TOKEN", &self.token)
            .environment("PAYMENT_SIM_WEBHOOK_SECRET", &self.webhook_secret))
    }
}
