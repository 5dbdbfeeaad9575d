//! The provider's client: every call it offers, in our words.

mod accounts;
mod billing;
mod call;
mod catalogue;
mod changes;
mod gate;
mod orders;
mod paging;
mod scan;
mod subscriptions;
pub(crate) mod transport;
mod webhook;

pub use changes::ChangeAtProvider;
pub use orders::OrderAtProvider;
pub use scan::SubscriptionPage;

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use secrecy::SecretString;
use thiserror::Error;

use crate::limiter::DEFAULT_CALLS_PER_SECOND;
use crate::token::{Credentials, Tokens};
use gate::Gate;

/// How long a connection may lie idle: shorter than what servers and balancers commonly allow, for a connection
/// closed under a write leaves its outcome unknown.
const IDLE: Duration = Duration::from_secs(15);

/// Where the provider is and how it is spoken to.
#[derive(Debug, Clone)]
pub struct CcpConfig {
    /// `http` or `https`; the calls' paths are added to its own.
    pub base_url: String,
    pub client_id: String,
    pub client_secret: SecretString,
    /// Our name of the provider, part of every service's id.
    pub provider: String,
    pub connect_timeout: Duration,
    /// From sending the request to the last byte of its answer.
    pub total_timeout: Duration,
    /// Our own rate limit.
    pub calls_per_second: u32,
}

impl CcpConfig {
    /// 3 s to connect, 15 s in all, 50 calls per second.
    pub fn new(base_url: impl Into<String>, client_id: impl Into<String>, client_secret: SecretString) -> Self {
        Self {
            base_url: base_url.into(),
            client_id: client_id.into(),
            client_secret,
            provider: "ccp".to_owned(),
            connect_timeout: Duration::from_secs(3),
            total_timeout: Duration::from_secs(15),
            calls_per_second: DEFAULT_CALLS_PER_SECOND,
        }
    }
}

/// Why there is no client.
#[derive(Debug, Error)]
pub enum ClientError {
    #[error("the provider's address must be an http or https address without query and credentials")]
    BaseUrl,
    #[error("the HTTP client cannot be built: {0}")]
    Http(#[source] reqwest::Error),
}

/// Cheap to clone; all clones share connections, token, rate limit and breaker.
#[derive(Clone)]
pub struct CcpClient {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for CcpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CcpClient").field("provider", &self.provider()).finish_non_exhaustive()
    }
}

struct Shared {
    http: Client,
    base_url: Url,
    tokens: Tokens,
    gate: Gate,
    provider: String,
}

impl CcpClient {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`ClientError`] when the configuration cannot be used.
    pub fn new(config: CcpConfig) -> Result<Self, ClientError> {
        let base_url = base_url(&config.base_url)?;
        let http = http(&config, &base_url)?;
        let credentials = Credentials { id: config.client_id, secret: config.client_secret };
        let tokens = Tokens::new(http.clone(), &base_url, credentials);
        let gate = Gate::new(&config.provider, config.calls_per_second);
        Ok(Self { shared: Arc::new(Shared { http, base_url, tokens, gate, provider: config.provider }) })
    }

    /// Our name of the provider.
    pub fn provider(&self) -> &str {
        &self.shared.provider
    }

    /// How long the breaker still holds work back; `None` when a call may go. Calls meanwhile are not reached.
    pub fn paused(&self) -> Option<Duration> {
        self.shared.gate.paused()
    }

    /// Whether the provider is taken to be down.
    pub fn is_away(&self) -> bool {
        self.shared.gate.is_open()
    }
}

fn base_url(text: &str) -> Result<Url, ClientError> {
    let url = Url::parse(text).map_err(|_| ClientError::BaseUrl)?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let usable = matches!(url.scheme(), "http" | "https") && plain && url.password().is_none();
    if usable { Ok(url) } else { Err(ClientError::BaseUrl) }
}

fn http(config: &CcpConfig, base_url: &Url) -> Result<Client, ClientError> {
    let builder = Client::builder()
        .connect_timeout(config.connect_timeout)
        .timeout(config.total_timeout)
        .pool_idle_timeout(IDLE)
        .redirect(Policy::none())
        .user_agent(concat!("cloudsales/", env!("CARGO_PKG_VERSION")));
    // What runs on this machine is never behind the machine's proxy.
    let builder = if is_local(base_url) { builder.no_proxy() } else { builder };
    builder.build().map_err(ClientError::Http)
}

fn is_local(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_taken() {
        for good in ["http://127.0.0.1:1", "https://ccp.example/api/"] {
            let config = CcpConfig::new(good, "id", "secret".into());
            assert!(CcpClient::new(config).is_ok(), "{good}");
        }
        for bad in
            ["", "ccp", "ftp://ccp", "http://u:p@ccp", "http://u@ccp", "http://ccp?x=1", "http://ccp#x", "mailto:a@b"]
        {
            let config = CcpConfig::new(bad, "id", "secret".into());
            assert!(matches!(CcpClient::new(config), Err(ClientError::BaseUrl)), "{bad}");
        }
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert!(!format!("{:?}", CcpConfig::new("http://ccp", "id", "hush-hush".into())).contains("hush"));
    }
}
