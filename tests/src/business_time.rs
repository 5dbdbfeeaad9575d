//! Business time of a development world: looked at and moved over HTTP, as anybody may.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use reqwest::Method;
use serde_json::{Value, json};

/// A year in which much happens takes a while; a test has less time than this anyway.
const PATIENCE: Duration = Duration::from_secs(600);

/// The development clock of one process of the product.
#[derive(Debug, Clone)]
pub struct DevClock {
    http: reqwest::Client,
    url: String,
}

/// What a move came to.
#[derive(Debug, Clone, Copy)]
pub struct Moved {
    pub now: DateTime<Utc>,
    /// Everything that follows is in every read model at this position.
    pub position: i64,
    /// Real time.
    pub took: Duration,
}

impl DevClock {
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(api: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { http, url: format!("{}/dev/clock", api.trim_end_matches('/')) })
    }

    /// Business time.
    ///
    /// # Errors
    /// When the process does not answer.
    pub async fn now(&self) -> anyhow::Result<DateTime<Utc>> {
        let answer = self.http.get(&self.url).send().await?.error_for_status()?;
        instant(&answer.json().await?)
    }

    /// The business day.
    ///
    /// # Errors
    /// When the process does not answer.
    pub async fn today(&self) -> anyhow::Result<NaiveDate> {
        Ok(self.now().await?.date_naive())
    }

    /// Moves by an ISO 8601 duration, and waits until everything that follows is done.
    ///
    /// # Errors
    /// When the clock stopped on the way.
    pub async fn advance(&self, span: &str) -> anyhow::Result<Moved> {
        let began = Instant::now();
        let (status, body) = self.ask(&json!({ "advance": span })).await?;
        ensure!(status == 200, "the clock does not move by {span}: {status} {body}");
        let position = body["position"].as_i64().with_context(|| format!("no position in {body}"))?;
        Ok(Moved { now: instant(&body)?, position, took: began.elapsed() })
    }

    /// Moves to the beginning of a day to come.
    ///
    /// # Errors
    /// When that day has begun, or the clock stopped on the way.
    pub async fn advance_to(&self, day: NaiveDate) -> anyhow::Result<Moved> {
        let days = day.signed_duration_since(self.today().await?).num_days();
        ensure!(days > 0, "{day} has begun");
        let at_midnight = format!("P{}D", days - 1);
        let moved = self.advance(&at_midnight).await?;
        let hours = 24 - chrono::Timelike::hour(&moved.now);
        self.advance(&format!("PT{hours}H")).await
    }

    /// Any body, whatever is answered.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn ask(&self, body: &Value) -> anyhow::Result<(u16, Value)> {
        let answer = self.http.request(Method::POST, &self.url).json(body).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }
}

fn instant(body: &Value) -> anyhow::Result<DateTime<Utc>> {
    Ok(body["now"].as_str().with_context(|| format!("no now in {body}"))?.parse()?)
}
