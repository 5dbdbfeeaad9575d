//! Configuration: defaults, then a file, then the environment. One flat set of names, printed by `config show`.

use std::collections::HashMap;
use std::fmt::Display;
use std::num::NonZeroU32;
use std::path::PathBuf;

use chrono::SecondsFormat;
use commands::seller::SellerEntity;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;
use thiserror::Error;

use crate::http::limits::{RATE_DEVELOPMENT, RATE_READS, RATE_WRITES};

/// In front of every variable of the environment.
const PREFIX: &str = "CLOUDSALES_";
/// Names a TOML file with the same names in lower case.
const FILE_VARIABLE: &str = "CLOUDSALES_CONFIG";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Development,
    Production,
}

/// Everything that can be set. Durations are in the unit their name ends with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(default = "production")]
    pub mode: Mode,
    /// Postgres, as the login that runs migrations. Needed by `migrate` only.
    pub database_owner_url: Option<SecretString>,
    /// Postgres, as the login the product runs under.
    pub database_url: SecretString,
    /// Postgres, as the read-only login of the audit commands.
    pub database_auditor_url: Option<SecretString>,
    #[serde(default = "default_pool")]
    pub database_pool: u32,
    #[serde(default = "default_nats")]
    pub nats_url: SecretString,
    #[serde(default = "default_stream")]
    pub nats_stream: String,
    #[serde(default = "default_prefix")]
    pub nats_subject_prefix: String,
    /// Bytes the mirror may hold; JetStream reserves them.
    #[serde(default = "default_nats_bytes")]
    pub nats_max_bytes: i64,
    #[serde(default = "default_http")]
    pub http_listen: String,
    #[serde(default = "default_internal")]
    pub internal_listen: String,
    /// Where the bound ports are written, as JSON, once both listen.
    pub port_file: Option<PathBuf>,
    pub ccp_url: Option<String>,
    #[serde(default)]
    pub ccp_client_id: String,
    pub ccp_client_secret: Option<SecretString>,
    /// `whsec_…`; two during a rotation, separated by a space.
    pub ccp_webhook_secret: Option<SecretString>,
    /// Where the provider is told to deliver; not told when absent.
    pub ccp_webhook_url: Option<String>,
    /// The wallet, and what it knows us by. Without both it cannot be reached.
    pub wallet_url: Option<String>,
    pub wallet_key: Option<SecretString>,
    /// The token gateway's one address, and what it knows us by. Without both it cannot be reached.
    pub token_gateway_url: Option<String>,
    pub token_gateway_token: Option<SecretString>,
    /// `whsec_…` of the payment providers' webhooks; two during a rotation, separated by a space.
    pub payments_webhook_secret: Option<SecretString>,
    /// Where payment providers are told to deliver; not told when absent.
    pub payments_webhook_url: Option<String>,
    /// Issuer, audience and key set of the tokens. Development has its own.
    #[serde(default = "default_issuer")]
    pub token_issuer: String,
    #[serde(default = "default_audience")]
    pub token_audience: String,
    pub token_jwks_url: Option<String>,
    /// 32 bytes as hex, the same on every node: signs page cursors.
    pub cursor_key: Option<SecretString>,
    /// Folder of the development signing key.
    #[serde(default = "default_dev_dir")]
    pub dev_dir: PathBuf,
    /// Where documents are kept: a folder, which all processes share, or `s3://bucket/prefix` in a build with the feature
    /// `s3`, which takes credentials, region and endpoint from the environment (`AWS_…`).
    #[serde(default = "default_documents")]
    pub documents_store: String,
    /// Where mail goes: `smtp://host:25`, with a login `smtps://user:password@host` or
    /// `smtp://user:password@host:587?tls=required`. Nobody is told by e-mail without it.
    pub smtp_url: Option<SecretString>,
    /// Whom mail comes from: an address, or `Name <address>`; without a name it bears the seller's.
    pub mail_from: Option<String>,
    /// Where customers reach this API, for links in mail.
    pub public_url: Option<String>,
    /// Where the business clock begins, RFC 3339; development only.
    pub clock_start: Option<chrono::DateTime<chrono::Utc>>,
    /// Names this machine in leases; several processes of one machine share it.
    #[serde(default = "default_node")]
    pub node: String,
    /// Each worker thread stays on one core: for a process that has its cores to itself.
    #[serde(default)]
    pub pin_threads: bool,
    /// The surface of the earlier licensing system, and what its inventory lists: SKUs, separated by commas.
    #[serde(default)]
    pub compat_licensing: bool,
    #[serde(default)]
    pub compat_licensing_skus: String,
    /// The surface of the earlier billing service, and what its clients bring as `X-Token`; nothing when absent.
    #[serde(default)]
    pub compat_billing: bool,
    pub compat_billing_token: Option<SecretString>,
    /// Requests of one tenant in a minute, in this process.
    pub rate_writes_per_minute: Option<NonZeroU32>,
    pub rate_reads_per_minute: Option<NonZeroU32>,
    #[serde(default = "default_sellers")]
    pub sellers: Vec<SellerEntity>,
}

/// Configuration that cannot be used; says which and why.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("the configuration cannot be read: {0}")]
    Unreadable(#[from] config::ConfigError),
    #[error("{name} is needed: {why}")]
    Missing { name: &'static str, why: &'static str },
    #[error("{name} is not valid: {why}")]
    Invalid { name: &'static str, why: String },
}

impl Settings {
    /// Reads file and environment of this process.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load() -> Result<Self, ConfigError> {
        Self::from(std::env::vars().collect())
    }

    /// Reads them from given variables.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn from(variables: HashMap<String, String>) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder();
        if let Some(file) = variables.get(FILE_VARIABLE) {
            builder = builder.add_source(config::File::new(file, config::FileFormat::Toml));
        }
        for (name, value) in &variables {
            // Variables of other programs of ours begin the same way; only what is known here is taken.
            let field = name.strip_prefix(PREFIX).map(str::to_lowercase);
            if let Some(field) = field.filter(|field| FIELDS.contains(&field.as_str())) {
                builder = builder.set_override(field, value.as_str())?;
            }
        }
        let settings: Self = builder.build()?.try_deserialize()?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.sellers.is_empty() {
            return Err(ConfigError::Missing { name: "sellers", why: "somebody must sell" });
        }
        for entity in &self.sellers {
            if domain::tax::rate_on(&entity.country, chrono::NaiveDate::MAX).is_none() {
                let why = format!("{} has no tax rate for its country {}", entity.id, entity.country);
                return Err(ConfigError::Invalid { name: "sellers", why });
            }
        }
        self.check_databases()?;
        if self.compat_billing_token.as_ref().is_some_and(|token| token.expose_secret().is_empty()) {
            let why = "an empty token keeps nobody out".to_owned();
            return Err(ConfigError::Invalid { name: "compat_billing_token", why });
        }
        if self.mode == Mode::Production {
            self.check_production()?;
        }
        Ok(())
    }

    /// An address that is none is wrong, whoever is away. What the parser says of it may repeat a password.
    fn check_databases(&self) -> Result<(), ConfigError> {
        let addresses = [
            ("database_url", Some(&self.database_url)),
            ("database_owner_url", self.database_owner_url.as_ref()),
            ("database_auditor_url", self.database_auditor_url.as_ref()),
        ];
        let leads_nowhere = |url: &SecretString| url.expose_secret().parse::<PgConnectOptions>().is_err();
        let wrong = addresses.into_iter().find(|(_, url)| url.is_some_and(leads_nowhere));
        match wrong {
            Some((name, _)) => Err(ConfigError::Invalid { name, why: "it is no Postgres URL".to_owned() }),
            None => Ok(()),
        }
    }

    fn check_production(&self) -> Result<(), ConfigError> {
        if self.token_jwks_url.is_none() {
            return Err(ConfigError::Missing { name: "token_jwks_url", why: "tokens are checked against it" });
        }
        if self.cursor_key.is_none() {
            return Err(ConfigError::Missing { name: "cursor_key", why: "a default one would be no secret" });
        }
        if self.clock_start.is_some() {
            let why = "outside development business time is real time".to_owned();
            return Err(ConfigError::Invalid { name: "clock_start", why });
        }
        Ok(())
    }

    /// Writes one tenant may ask for in a minute.
    pub fn writes_per_minute(&self) -> NonZeroU32 {
        self.rate_writes_per_minute.unwrap_or_else(|| self.usual_rate(RATE_WRITES))
    }

    /// Reads one tenant may ask for in a minute.
    pub fn reads_per_minute(&self) -> NonZeroU32 {
        self.rate_reads_per_minute.unwrap_or_else(|| self.usual_rate(RATE_READS))
    }

    fn usual_rate(&self, rate: NonZeroU32) -> NonZeroU32 {
        match self.mode {
            Mode::Development => rate.saturating_mul(RATE_DEVELOPMENT),
            Mode::Production => rate,
        }
    }

    /// Every name with its value, secrets left out.
    pub fn shown(&self) -> Vec<(&'static str, String)> {
        let secret = |set: bool| if set { "(set)".to_owned() } else { "(not set)".to_owned() };
        vec![
            ("mode", format!("{:?}", self.mode).to_lowercase()),
            ("database_owner_url", secret(self.database_owner_url.is_some())),
            ("database_url", secret(true)),
            ("database_auditor_url", secret(self.database_auditor_url.is_some())),
            ("database_pool", self.database_pool.to_string()),
            ("nats_url", secret(true)),
            ("nats_stream", self.nats_stream.clone()),
            ("nats_subject_prefix", self.nats_subject_prefix.clone()),
            ("nats_max_bytes", self.nats_max_bytes.to_string()),
            ("http_listen", self.http_listen.clone()),
            ("internal_listen", self.internal_listen.clone()),
            ("port_file", shown(self.port_file.as_ref().map(|path| path.display()))),
            ("ccp_url", shown(self.ccp_url.as_ref())),
            ("ccp_client_id", self.ccp_client_id.clone()),
            ("ccp_client_secret", secret(self.ccp_client_secret.is_some())),
            ("ccp_webhook_secret", secret(self.ccp_webhook_secret.is_some())),
            ("ccp_webhook_url", shown(self.ccp_webhook_url.as_ref())),
            ("wallet_url", shown(self.wallet_url.as_ref())),
            ("wallet_key", secret(self.wallet_key.is_some())),
            ("token_gateway_url", shown(self.token_gateway_url.as_ref())),
            ("token_gateway_token", secret(self.token_gateway_token.is_some())),
            ("payments_webhook_secret", secret(self.payments_webhook_secret.is_some())),
            ("payments_webhook_url", shown(self.payments_webhook_url.as_ref())),
            ("token_issuer", self.token_issuer.clone()),
            ("token_audience", self.token_audience.clone()),
            ("token_jwks_url", shown(self.token_jwks_url.as_ref())),
            ("cursor_key", secret(self.cursor_key.is_some())),
            ("dev_dir", self.dev_dir.display().to_string()),
            ("documents_store", self.documents_store.clone()),
            ("smtp_url", secret(self.smtp_url.is_some())),
            ("mail_from", shown(self.mail_from.as_ref())),
            ("public_url", shown(self.public_url.as_ref())),
            ("clock_start", shown(self.clock_start.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)))),
            ("node", self.node.clone()),
            ("pin_threads", self.pin_threads.to_string()),
            ("compat_licensing", self.compat_licensing.to_string()),
            ("compat_licensing_skus", self.compat_licensing_skus.clone()),
            ("compat_billing", self.compat_billing.to_string()),
            ("compat_billing_token", secret(self.compat_billing_token.is_some())),
            ("rate_writes_per_minute", self.writes_per_minute().to_string()),
            ("rate_reads_per_minute", self.reads_per_minute().to_string()),
            ("sellers", self.sellers.iter().map(|entity| entity.id.as_str()).collect::<Vec<_>>().join(", ")),
        ]
    }
}

/// What may come from the environment: everything but lists.
const FIELDS: &[&str] = &[
    "mode",
    "database_owner_url",
    "database_url",
    "database_auditor_url",
    "database_pool",
    "nats_url",
    "nats_stream",
    "nats_subject_prefix",
    "nats_max_bytes",
    "http_listen",
    "internal_listen",
    "port_file",
    "ccp_url",
    "ccp_client_id",
    "ccp_client_secret",
    "ccp_webhook_secret",
    "ccp_webhook_url",
    "wallet_url",
    "wallet_key",
    "token_gateway_url",
    "token_gateway_token",
    "payments_webhook_secret",
    "payments_webhook_url",
    "token_issuer",
    "token_audience",
    "token_jwks_url",
    "cursor_key",
    "dev_dir",
    "documents_store",
    "smtp_url",
    "mail_from",
    "public_url",
    "clock_start",
    "node",
    "pin_threads",
    "compat_licensing",
    "compat_licensing_skus",
    "compat_billing",
    "compat_billing_token",
    "rate_writes_per_minute",
    "rate_reads_per_minute",
];

fn shown(value: Option<impl Display>) -> String {
    value.map_or_else(|| "(not set)".to_owned(), |value| value.to_string())
}

fn production() -> Mode {
    Mode::Production
}

fn default_pool() -> u32 {
    16
}

fn default_nats() -> SecretString {
    "nats://127.0.0.1:4222".into()
}

fn default_stream() -> String {
    "EVENTS".to_owned()
}

fn default_prefix() -> String {
    "evt".to_owned()
}

fn default_nats_bytes() -> i64 {
    8 << 30
}

fn default_http() -> String {
    "127.0.0.1:8080".to_owned()
}

fn default_internal() -> String {
    "127.0.0.1:8081".to_owned()
}

fn default_issuer() -> String {
    "cloudsales-development".to_owned()
}

fn default_audience() -> String {
    "cloudsales".to_owned()
}

fn default_dev_dir() -> PathBuf {
    ".dev".into()
}

fn default_documents() -> String {
    "documents".to_owned()
}

fn default_node() -> String {
    std::fs::read_to_string("/etc/hostname").map_or_else(|_| "node".to_owned(), |name| name.trim().to_owned())
}

/// The sample seller: one entity in Germany.
fn default_sellers() -> Vec<SellerEntity> {
    vec![SellerEntity {
        id: "cloudsales-de".to_owned(),
        legal_name: "Cloudsales GmbH".to_owned(),
        country: "DE".to_owned(),
        vat_id: "DE999999999".to_owned(),
        address: vec!["Musterstraße 1".to_owned(), "10115 Berlin".to_owned()],
        number_prefix: String::new(),
        time_zone: commands::seller::Tz::UTC,
        customer_countries: Vec::new(),
    }]
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
