//! `.dev/world.json`: what another program needs to know to use a running development world.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::gateways::Gateways;
use super::product::Settings;

/// Addresses, secrets, tokens and process ids of the running world. A system that does not exist is null.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Description {
    pub api: String,
    pub internal: String,
    pub ccp_sim: String,
    pub payment_sim: Option<String>,
    pub mail: Option<String>,
    /// The world's database, as superuser.
    pub postgres_url: String,
    pub nats_url: String,
    /// Its own names on the message server, which it may share with other worlds.
    pub stream: String,
    pub subject_prefix: String,
    pub webhook_secrets: WebhookSecrets,
    pub tokens: Tokens,
    /// Null in an empty world.
    pub sample: Option<Sample>,
    pub pids: BTreeMap<String, u32>,
    pub data_dir: PathBuf,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookSecrets {
    pub ccp: String,
    pub payments: Option<String>,
}

/// A token per role; those of customers are null in an empty world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tokens {
    pub operator: String,
    pub auditor: String,
    pub service: String,
    pub reseller: Option<String>,
    pub customer: Option<String>,
    pub other_customer: Option<String>,
}

/// The customers and accounts every new world begins with, and the services by SKU.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    pub reseller_id: String,
    pub customer_id: String,
    pub account_id: String,
    pub direct_customer_id: String,
    pub other_customer_id: String,
    pub other_account_id: String,
    pub services: BTreeMap<String, String>,
}

impl Description {
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).context("nothing is running here: start it with `./dev up`")?;
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    pub fn site(&self) -> Site {
        Site {
            api: self.api.clone(),
            internal: self.internal.clone(),
            ccp_sim: self.ccp_sim.clone(),
            payment_sim: self.payment_sim.clone(),
        }
    }

    /// Readable for its owner alone, since it holds tokens.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        super::folders::write_private(path, &serde_json::to_string_pretty(self)?)
    }
}

/// A running product's public address, and the development token service behind it.
#[derive(Clone, Debug)]
pub struct Site {
    pub api: String,
    pub internal: String,
    pub ccp_sim: String,
    pub payment_sim: Option<String>,
}

impl Site {
    /// Where the processes of these settings listen.
    pub fn of(settings: &Settings) -> Self {
        Self {
            api: settings.api_url(),
            internal: settings.internal_url(),
            ccp_sim: settings.provider.url(),
            payment_sim: settings.gateways.as_ref().map(Gateways::url),
        }
    }

    /// A token for a role; customers' and resellers' tokens name whose they are.
    pub async fn token(&self, role: &str, customer_id: Option<&str>) -> anyhow::Result<String> {
        let mut wish = serde_json::json!({ "role": role });
        if let Some(customer_id) = customer_id {
            wish["customer_id"] = customer_id.into();
        }
        let client = reqwest::Client::builder().no_proxy().build()?;
        let answer = client.post(format!("{}/dev/token", self.api)).json(&wish).send().await?;
        let answer: TokenAnswer = answer.error_for_status()?.json().await?;
        Ok(answer.token)
    }

    /// A token per role, and for each of the sample's customers.
    pub async fn tokens(&self, sample: Option<&Sample>) -> anyhow::Result<Tokens> {
        Ok(Tokens {
            operator: self.token("operator", None).await?,
            auditor: self.token("auditor", None).await?,
            service: self.token("service", None).await?,
            reseller: self.token_for("reseller", sample.map(|sample| &sample.reseller_id)).await?,
            customer: self.token_for("customer", sample.map(|sample| &sample.customer_id)).await?,
            other_customer: self.token_for("customer", sample.map(|sample| &sample.other_customer_id)).await?,
        })
    }

    async fn token_for(&self, role: &str, customer_id: Option<&String>) -> anyhow::Result<Option<String>> {
        match customer_id {
            Some(customer_id) => self.token(role, Some(customer_id)).await.map(Some),
            None => Ok(None),
        }
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: String,
}
