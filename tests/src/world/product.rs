//! The product and the simulators as child processes, configured the way a deployment would do it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};

use super::database::DatabaseUrls;
use super::gateways::Gateways;
use super::process::{Launch, Process};
use super::tools;

const READY_LIMIT: Duration = Duration::from_secs(60);
const MIGRATE_LIMIT: Duration = Duration::from_secs(120);
/// The product drains requests and finishes batches before it ends.
const STOP_GRACE: Duration = Duration::from_secs(30);

/// What is ours alone: administrators' addresses would be an invitation, the rest is no business of the product.
const WITHHELD: [&str; 10] = [
    "DATABASE_URL",
    "NATS_URL",
    "CLOUDSALES_ROOT",
    "CLOUDSALES_BIN_DIR",
    "CLOUDSALES_PG_BIN",
    "CLOUDSALES_NATS_SERVER",
    "CLOUDSALES_UBL_VALIDATOR",
    "CLOUDSALES_TEST_PG_URL",
    "CLOUDSALES_TEST_NATS_URL",
    "CLOUDSALES_LONG",
];

/// Where the mirror lives.
#[derive(Clone, Debug)]
pub struct Mirror {
    pub nats_url: String,
    pub stream: String,
    pub subject_prefix: String,
    /// The server reserves this much when the stream is made.
    pub max_bytes: u64,
}

/// How product and provider know each other.
#[derive(Clone, Debug)]
pub struct Provider {
    pub port: u16,
    pub client_id: String,
    pub client_secret: String,
    pub webhook_secret: String,
}

impl Provider {
    pub fn url(&self) -> String {
        loopback(self.port)
    }
}

/// Everything one world's processes are told. `clock` is where business time begins (RFC 3339), else real time.
#[derive(Clone, Debug)]
pub struct Settings {
    pub databases: DatabaseUrls,
    pub mirror: Mirror,
    pub provider: Provider,
    /// Nothing where money is not collected.
    pub gateways: Option<Gateways>,
    pub api_port: u16,
    pub internal_port: u16,
    pub clock: Option<String>,
    /// Holds the development signing key.
    pub dev_folder: PathBuf,
    /// Where documents are kept.
    pub documents: PathBuf,
    pub logs: PathBuf,
    /// Further variables for `cloudsales`, set last: limits, crash points.
    pub further: Vec<(String, String)>,
}

impl Settings {
    pub fn api_url(&self) -> String {
        loopback(self.api_port)
    }

    pub fn internal_url(&self) -> String {
        loopback(self.internal_port)
    }

    /// Brings the schema up to date, as the owner of the database.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        let launch = self.cloudsales("migrate.log")?.argument("migrate");
        let mut process = launch.environment("CLOUDSALES_DATABASE_OWNER_URL", &self.databases.owner).spawn()?;
        let status = process.wait(MIGRATE_LIMIT).await?;
        ensure!(status.success(), "`cloudsales migrate` failed: {status}\n{}", process.log_tail());
        Ok(())
    }

    /// Starts the product with every role; it is ready on return.
    pub async fn serve(&self) -> anyhow::Result<Service> {
        let launch = self.cloudsales("cloudsales.log")?.argument("serve");
        Service::start(launch, format!("{}/readyz", self.internal_url())).await
    }

    /// Starts a process with these roles only, separated by commas; it is ready on return.
    pub async fn serve_roles(&self, roles: &str) -> anyhow::Result<Service> {
        let launch = self.cloudsales("cloudsales.log")?.arguments(["serve", "--roles", roles]);
        Service::start(launch, format!("{}/readyz", self.internal_url())).await
    }

    /// Starts the provider's simulator, which keeps its ledger in `data`.
    pub async fn simulate_provider(&self, data: &Path) -> anyhow::Result<Service> {
        std::fs::create_dir_all(data)?;
        let mut launch = Launch::new(tools::own_binary("ccp-sim")?, self.logs.join("ccp-sim.log"))
            .arguments(["--listen", &format!("127.0.0.1:{}", self.provider.port)])
            .arguments(["--client-id", &self.provider.client_id])
            .argument("--data")
            .argument(data)
            .environment("CCP_SIM_CLIENT_SECRET", &self.provider.client_secret);
        if let Some(clock) = &self.clock {
            launch = launch.arguments(["--clock", clock]);
        }
        Service::start(launch, format!("{}/sim/health", self.provider.url())).await
    }

    /// Starts the payment gateways' simulator, which keeps its ledger in `data`.
    pub async fn simulate_gateways(&self, data: &Path) -> anyhow::Result<Service> {
        let gateways = self.gateways.as_ref().context("no payment gateways are configured")?;
        std::fs::create_dir_all(data)?;
        let mut launch = gateways.launch(data, &self.logs.join("payment-sim.log"))?;
        if let Some(clock) = &self.clock {
            launch = launch.arguments(["--clock", clock]);
        }
        Service::start(launch, format!("{}/sim/health", gateways.url())).await
    }

    /// The product's program with its whole environment; the caller adds the command.
    pub fn cloudsales(&self, log: &str) -> anyhow::Result<Launch> {
        let launch = Launch::new(tools::own_binary("cloudsales")?, self.logs.join(log)).withhold(&WITHHELD);
        let gateways = self.gateways.iter().flat_map(|gateways| gateways.variables(&self.api_url()));
        let variables = self.variables().into_iter().chain(gateways).map(|(name, value)| (name.to_string(), value));
        let clock = self.clock.iter().map(|clock| ("CLOUDSALES_CLOCK_START".to_string(), clock.clone()));
        let all = variables.chain(clock).chain(self.further.iter().cloned());
        Ok(all.fold(launch, |launch, (name, value)| launch.environment(name, value)))
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("CLOUDSALES_MODE", "development".to_string()),
            ("CLOUDSALES_DATABASE_URL", self.databases.app.clone()),
            ("CLOUDSALES_DATABASE_AUDITOR_URL", self.databases.auditor.clone()),
            ("CLOUDSALES_NATS_URL", self.mirror.nats_url.clone()),
            ("CLOUDSALES_NATS_STREAM", self.mirror.stream.clone()),
            ("CLOUDSALES_NATS_SUBJECT_PREFIX", self.mirror.subject_prefix.clone()),
            ("CLOUDSALES_NATS_MAX_BYTES", self.mirror.max_bytes.to_string()),
            ("CLOUDSALES_HTTP_LISTEN", format!("127.0.0.1:{}", self.api_port)),
            ("CLOUDSALES_INTERNAL_LISTEN", format!("127.0.0.1:{}", self.internal_port)),
            ("CLOUDSALES_CCP_URL", self.provider.url()),
            ("CLOUDSALES_CCP_CLIENT_ID", self.provider.client_id.clone()),
            ("CLOUDSALES_CCP_CLIENT_SECRET", self.provider.client_secret.clone()),
            ("CLOUDSALES_CCP_WEBHOOK_SECRET", self.provider.webhook_secret.clone()),
            ("CLOUDSALES_CCP_WEBHOOK_URL", format!("{}/v1/webhooks/ccp", self.api_url())),
            ("CLOUDSALES_DEV_DIR", self.dev_folder.display().to_string()),
            ("CLOUDSALES_DOCUMENTS_STORE", self.documents.display().to_string()),
        ]
    }
}

fn loopback(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// A child process that answers HTTP. Dropping it kills it.
#[derive(Debug)]
pub struct Service {
    pub process: Process,
    health_url: String,
}

impl Service {
    pub(super) async fn start(launch: Launch, health_url: String) -> anyhow::Result<Self> {
        let mut service = Self { process: launch.spawn()?, health_url };
        service.wait_until_healthy().await?;
        Ok(service)
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub fn is_running(&mut self) -> bool {
        self.process.exit_status().is_none()
    }

    /// Starts it again on the same ports after it has ended or was killed.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.process.start_again()?;
        self.wait_until_healthy().await
    }

    pub async fn wait_until_healthy(&mut self) -> anyhow::Result<()> {
        self.process.wait_until_healthy(&self.health_url, READY_LIMIT).await
    }

    /// Asks it to finish what it is doing and to end.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.process.terminate(STOP_GRACE).await.map(|_| ())
    }

    /// The crash.
    pub async fn kill9(&mut self) -> anyhow::Result<()> {
        self.process.kill9().await
    }
}
