//! The simulators of the systems outside: they follow the business clock, and say whether they are done.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

/// A simulator on this machine that does not answer for so long is not there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Every simulator of this world, by its address.
#[derive(Debug, Clone)]
pub struct Simulators {
    http: reqwest::Client,
    urls: Vec<String>,
}

/// A simulator that does not follow the clock, or is none.
#[derive(Debug, Error)]
#[error("the simulator at {url} does not answer as one: {why}")]
pub struct Unfollowed {
    url: String,
    why: String,
}

/// What `GET /sim/health` tells. A simulator without webhooks leaves that out.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Health {
    /// Accepted, and not yet done.
    pub unfinished: u64,
    /// Not yet taken, apart from those that a script holds back for later.
    #[serde(default)]
    pub undelivered_webhooks: u64,
}

impl Simulators {
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(urls: impl IntoIterator<Item = String>) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { http, urls: urls.into_iter().map(|url| url.trim_end_matches('/').to_owned()).collect() })
    }

    /// Moves them all. One that is ahead stays where it is.
    ///
    /// # Errors
    /// [`Unfollowed`].
    pub async fn move_to(&self, moment: DateTime<Utc>) -> Result<(), Unfollowed> {
        let to = moment.to_rfc3339_opts(SecondsFormat::Micros, true);
        for url in &self.urls {
            let asked = self.http.post(format!("{url}/sim/clock")).json(&json!({ "to": to })).send().await;
            asked.and_then(reqwest::Response::error_for_status).map_err(|error| Unfollowed::new(url, &error))?;
        }
        Ok(())
    }

    /// What all of them together still have to do.
    ///
    /// # Errors
    /// [`Unfollowed`].
    pub async fn health(&self) -> Result<Health, Unfollowed> {
        let mut all = Health::default();
        for url in &self.urls {
            let one = self.health_of(url).await.map_err(|error| Unfollowed::new(url, &error))?;
            all.unfinished += one.unfinished;
            all.undelivered_webhooks += one.undelivered_webhooks;
        }
        Ok(all)
    }

    async fn health_of(&self, url: &str) -> Result<Health, reqwest::Error> {
        self.http.get(format!("{url}/sim/health")).send().await?.error_for_status()?.json().await
    }
}

impl Unfollowed {
    fn new(url: &str, error: &reqwest::Error) -> Self {
        let why = error.status().map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        Self { url: url.to_owned(), why }
    }
}
