//! The data folder of a development world, and the facts that must stay the same as long as its data lives.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tests::world::{backing, folders, random_bytes, random_hex};

const PARTS: [&str; 6] = ["postgres", "nats", "ccp-sim", "payment-sim", MAIL, DOCUMENTS];
const DOCUMENTS: &str = "documents";
const MAIL: &str = "mail";

/// Made with the data and kept beside it.
#[derive(Debug, Serialize, Deserialize)]
struct Facts {
    /// Tells worlds apart that share a database or message server.
    name: String,
    /// How far business time is ahead of real time, in milliseconds; nothing where it is real time.
    clock_offset_ms: Option<i64>,
    ccp_client_id: String,
    ccp_client_secret: String,
    ccp_webhook_secret: String,
    /// A world from before there were payments gets its keys when it is opened.
    #[serde(default)]
    payments: PaymentKeys,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct PaymentKeys {
    wallet_key: String,
    token: String,
    webhook_secret: String,
}

impl Default for PaymentKeys {
    fn default() -> Self {
        Self { wallet_key: random_hex(24), token: random_hex(24), webhook_secret: new_webhook_secret() }
    }
}

#[derive(Debug)]
pub struct DataFolder {
    pub path: PathBuf,
    facts: Facts,
    begins_at: Option<DateTime<Utc>>,
}

/// The names a world uses on its servers.
#[derive(Debug)]
pub struct Names {
    pub database: String,
    pub stream: String,
    pub subject_prefix: String,
}

impl DataFolder {
    /// Opens the folder, or makes it; `clock` is for a new one only.
    pub fn open(chosen: Option<&Path>, clock: Option<DateTime<Utc>>) -> anyhow::Result<Self> {
        let path = std::path::absolute(chosen.unwrap_or(&default_path()))?;
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        let folder = match Self::existing(&path)? {
            Some(folder) => {
                ensure!(
                    clock.is_none(),
                    "{} holds a world whose time has begun: --clock needs a new one",
                    path.display()
                );
                folder
            }
            None => Self::create(&path, clock)?,
        };
        folders::write_private(&path.join("secrets.json"), &serde_json::to_string_pretty(&folder.facts)?)?;
        folders::write_private(&last_used(), &path.display().to_string())?;
        Ok(folder)
    }

    /// The folder if there is a world in it.
    pub fn existing(path: &Path) -> anyhow::Result<Option<Self>> {
        let Ok(text) = fs::read_to_string(path.join("secrets.json")) else { return Ok(None) };
        let facts: Facts = serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
        let begins_at = facts.clock_offset_ms.map(|offset_ms| now() + TimeDelta::milliseconds(offset_ms));
        Ok(Some(Self { path: path.to_path_buf(), facts, begins_at }))
    }

    fn create(path: &Path, clock: Option<DateTime<Utc>>) -> anyhow::Result<Self> {
        let is_empty = fs::read_dir(path)?.next().is_none();
        ensure!(is_empty, "{} holds something else: choose a new folder for the data", path.display());
        let facts = Facts {
            name: random_hex(4),
            clock_offset_ms: clock.map(|clock| (clock - now()).num_milliseconds()),
            ccp_client_id: "cloudsales-dev".to_string(),
            ccp_client_secret: random_hex(24),
            ccp_webhook_secret: new_webhook_secret(),
            payments: PaymentKeys::default(),
        };
        Ok(Self { path: path.to_path_buf(), facts, begins_at: clock })
    }

    /// Where the business clock stands at this start (RFC 3339); nothing where it is real time.
    pub fn clock(&self) -> Option<String> {
        self.begins_at.map(|begin| begin.to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    pub fn provider(&self, port: u16) -> tests::world::product::Provider {
        tests::world::product::Provider {
            port,
            client_id: self.facts.ccp_client_id.clone(),
            client_secret: self.facts.ccp_client_secret.clone(),
            webhook_secret: self.facts.ccp_webhook_secret.clone(),
        }
    }

    pub fn gateways(&self, port: u16) -> tests::world::gateways::Gateways {
        let PaymentKeys { wallet_key, token, webhook_secret } = self.facts.payments.clone();
        tests::world::gateways::Gateways { port, wallet_key, token, webhook_secret }
    }

    /// Plain names on servers of our own, marked ones on servers we were given.
    pub fn names(&self) -> Names {
        let mark = |variable| backing::given(variable).map(|_| format!("_{}", self.facts.name)).unwrap_or_default();
        let (database, nats) = (mark("DATABASE_URL"), mark("NATS_URL"));
        Names {
            database: format!("cloudsales{database}"),
            stream: format!("EVENTS{nats}"),
            subject_prefix: format!("evt{nats}"),
        }
    }

    /// Where its documents are kept.
    pub fn documents(&self) -> PathBuf {
        self.path.join(DOCUMENTS)
    }

    /// Where its mail is kept.
    pub fn mail(&self) -> PathBuf {
        self.path.join(MAIL)
    }

    /// Removes what a world keeps here, and nothing else.
    pub fn remove(&self) {
        backing::remove_data(&self.path);
        for part in PARTS {
            let _ = fs::remove_dir_all(self.path.join(part));
        }
        let _ = fs::remove_file(self.path.join("secrets.json"));
        let _ = fs::remove_dir(&self.path);
    }
}

/// The folder the last start used, so that `reset` finds it after a `down`.
pub fn last_path() -> PathBuf {
    fs::read_to_string(last_used()).map(|path| PathBuf::from(path.trim())).unwrap_or_else(|_| default_path())
}

fn new_webhook_secret() -> String {
    format!("whsec_{}", STANDARD.encode(random_bytes(32)))
}

fn default_path() -> PathBuf {
    folders::dev().join("data")
}

fn last_used() -> PathBuf {
    folders::dev().join("last-data-folder")
}

fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
