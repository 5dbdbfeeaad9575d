//! A whole running world for one test: its own database and stream, the simulators, the product, the sample.

use std::path::PathBuf;

use anyhow::Context;

use super::backing::Backing;
use super::database::{admin_url_of, prepare_database};
use super::description::{Sample, Site, Tokens};
use super::gateways::Gateways;
use super::product::{Mirror, Provider, Service, Settings};
use super::{TestServers, folders, nats, ports, postgres, random_bytes, random_hex, sample, unique_name};
use crate::client::Client;

const STREAM_BYTES: u64 = 32 * 1024 * 1024;

/// Dropping it kills its processes.
#[derive(Debug)]
pub struct World {
    pub product: Service,
    pub provider: Service,
    pub gateways: Service,
    pub settings: Settings,
    pub sample: Sample,
    pub tokens: Tokens,
    /// The world's database as superuser: for looking at it from outside.
    pub admin_url: String,
    /// Servers of its own, for tests that break them.
    pub backing: Option<Backing>,
    pub folder: PathBuf,
}

impl World {
    /// On the servers that all tests of the run share.
    pub async fn start() -> anyhow::Result<Self> {
        let servers = TestServers::get().await?;
        Self::on((&servers.postgres_url, &servers.nats_url), None, None, Vec::new()).await
    }

    /// The same, where business time begins at a moment of our choice (RFC 3339).
    pub async fn start_at(clock: &str) -> anyhow::Result<Self> {
        let servers = TestServers::get().await?;
        Self::on((&servers.postgres_url, &servers.nats_url), None, Some(clock), Vec::new()).await
    }

    /// The same, with further variables for the product.
    pub async fn start_with(further: Vec<(String, String)>) -> anyhow::Result<Self> {
        let servers = TestServers::get().await?;
        Self::on((&servers.postgres_url, &servers.nats_url), None, None, further).await
    }

    /// Where business time begins at a moment of our choice, with further variables for the product.
    pub async fn start_at_with(clock: &str, further: Vec<(String, String)>) -> anyhow::Result<Self> {
        let servers = TestServers::get().await?;
        Self::on((&servers.postgres_url, &servers.nats_url), None, Some(clock), further).await
    }

    /// On fully durable servers of its own, which the test may break. `further` are variables for the product.
    pub async fn with_own_servers(further: Vec<(String, String)>) -> anyhow::Result<Self> {
        let folder = folders::scratch("private")?;
        let backing =
            Backing::private(&folder, postgres::Options::crash_tests(), nats::Options::shared_by_tests()).await?;
        let (postgres_url, nats_url) = (backing.postgres_url.clone(), backing.nats_url.clone());
        Self::on((&postgres_url, &nats_url), Some(backing), None, further).await
    }

    async fn on(
        (postgres_url, nats_url): (&str, &str),
        backing: Option<Backing>,
        clock: Option<&str>,
        further: Vec<(String, String)>,
    ) -> anyhow::Result<Self> {
        let folder = folders::scratch("world")?;
        let settings = settings(postgres_url, nats_url, &folder, further).await?;
        let settings = Settings { clock: clock.map(str::to_owned), ..settings };
        let (goods, money) = (folder.join("ccp-sim"), folder.join("payment-sim"));
        let ((), provider, gateways) = tokio::try_join!(
            settings.migrate(),
            settings.simulate_provider(&goods),
            settings.simulate_gateways(&money)
        )?;
        let product = settings.serve().await?;
        let site = Site::of(&settings);
        let sample = sample::load(&site).await.context("the sample cannot be loaded")?;
        let tokens = site.tokens(Some(&sample)).await?;
        let database = settings.databases.app.rsplit('/').next().unwrap_or_default().to_owned();
        let admin_url = admin_url_of(postgres_url, &database)?;
        Ok(Self { product, provider, gateways, settings, sample, tokens, admin_url, backing, folder })
    }

    pub fn site(&self) -> Site {
        Site::of(&self.settings)
    }

    /// A client with any token.
    pub fn client(&self, token: &str) -> anyhow::Result<Client> {
        Client::new(&self.settings.api_url(), token)
    }

    pub fn operator(&self) -> anyhow::Result<Client> {
        self.client(&self.tokens.operator)
    }

    pub fn auditor(&self) -> anyhow::Result<Client> {
        self.client(&self.tokens.auditor)
    }

    pub fn reseller(&self) -> anyhow::Result<Client> {
        self.client(self.tokens.reseller.as_deref().context("no reseller's token")?)
    }

    /// The reseller's end customer.
    pub fn customer(&self) -> anyhow::Result<Client> {
        self.client(self.tokens.customer.as_deref().context("no customer's token")?)
    }

    /// A customer that has nothing to do with the others.
    pub fn other_customer(&self) -> anyhow::Result<Client> {
        self.client(self.tokens.other_customer.as_deref().context("no other customer's token")?)
    }

    /// The id of a service by its SKU.
    pub fn service(&self, sku: &str) -> anyhow::Result<&str> {
        self.sample.services.get(sku).map(String::as_str).with_context(|| format!("no service {sku}"))
    }

    /// A second process of the product on the same data, with ports of its own. Its settings name them.
    pub async fn twin(&self) -> anyhow::Result<(Settings, Service)> {
        let settings = Settings {
            api_port: ports::reserve()?,
            internal_port: ports::reserve()?,
            logs: self.folder.join("twin-logs"),
            ..self.settings.clone()
        };
        std::fs::create_dir_all(&settings.logs)?;
        let service = settings.serve().await?;
        Ok((settings, service))
    }
}

async fn settings(
    postgres_url: &str,
    nats_url: &str,
    folder: &std::path::Path,
    further: Vec<(String, String)>,
) -> anyhow::Result<Settings> {
    use base64::Engine;
    let name = unique_name("world");
    let secret = base64::engine::general_purpose::STANDARD.encode(random_bytes(32));
    let logs = folder.join("logs");
    std::fs::create_dir_all(&logs)?;
    Ok(Settings {
        databases: prepare_database(postgres_url, &name).await?,
        mirror: Mirror {
            nats_url: nats_url.to_owned(),
            stream: name.to_uppercase(),
            subject_prefix: name.clone(),
            max_bytes: STREAM_BYTES,
        },
        provider: Provider {
            port: ports::reserve()?,
            client_id: "cloudsales".to_owned(),
            client_secret: random_hex(16),
            webhook_secret: format!("whsec_{secret}"),
        },
        gateways: Some(Gateways::reserve()?),
        api_port: ports::reserve()?,
        internal_port: ports::reserve()?,
        clock: None,
        dev_folder: folder.join("dev"),
        documents: folder.join("documents"),
        logs,
        further,
    })
}
