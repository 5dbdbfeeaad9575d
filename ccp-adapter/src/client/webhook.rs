//! Where the provider delivers its webhooks.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::CcpClient;
use super::call::Call;
use crate::outcome::Failure;
use crate::wire;

impl CcpClient {
    /// Has webhooks delivered to `url`, signed with `secret`. Asking again changes nothing.
    ///
    /// # Errors
    /// The [`Failure`] for which it is not certain that they are.
    pub async fn register_webhook(&self, op: Uuid, url: &str, secret: &SecretString) -> Result<(), Failure> {
        let body = wire::WebhookEndpoint { url, secret: secret.expose_secret() };
        let call = Call::write("register_webhook", Method::PUT, &["v1", "webhook-endpoint"], op).json(&body)?;
        self.perform(&call, |_| Ok(())).await.expected()
    }
}
