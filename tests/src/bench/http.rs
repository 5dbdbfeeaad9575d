//! Commands over HTTP: the shipped binary as a process of its own, with the provider's simulator beside it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures::future::try_join_all;
use sqlx::{Connection as _, PgConnection};

use super::cpu::{Meter, resident_mb};
use super::ground::{Ground, head};
use super::http_client::{Connection, Request};
use super::load::{self, Run, Worker};
use super::plan::Plan;
use super::random::{Random, new_id};
use crate::client::Client;
use crate::world::description::Site;
use crate::world::process::Process;
use crate::world::product::{Mirror, Provider, Service, Settings};
use crate::world::{ports, random_hex};

/// Connections, each with one request under way.
pub const CONNECTIONS: usize = 64;
const CUSTOMERS: usize = 20;
/// The longest a name may be.
const NAME: usize = 200;
/// What the mirror may hold.
const STREAM_BYTES: u64 = 512 * 1024 * 1024;
const START: Duration = Duration::from_secs(60);
/// After the start, before memory is read.
const SETTLE: Duration = Duration::from_secs(2);
/// How often a quiet moment is looked for, and how long after each try.
const STOPS: usize = 400;
const BETWEEN_STOPS: Duration = Duration::from_millis(5);

/// Which roles the measured process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roles {
    /// Those `serve` has by default: the relay, the read models, the processes and the provider's adapter share its
    /// processor time.
    All,
    /// The API alone; what follows from the events would be another process's work.
    Http,
}

/// A served product with its accounts.
pub struct Served {
    settings: Settings,
    product: Process,
    provider: Service,
    targets: Arc<Targets>,
    /// Megabytes once it has settled, before any request.
    pub idle_mb: f64,
}

struct Targets {
    tokens: Vec<(String, String)>,
    /// Account ids, each with the index of its customer.
    accounts: Vec<(String, usize)>,
}

impl Served {
    /// Starts it on a log of that name, which nobody else may have written to, and opens the accounts.
    ///
    /// # Errors
    /// When a process does not start, or a request is refused.
    pub async fn start(name: &str, plan: &Plan, ground: &Ground, roles: Roles) -> anyhow::Result<Self> {
        let settings = settings(ground, name).await?;
        let provider = settings.simulate_provider(&ground.folder.join(name).join("ccp-sim")).await?;
        let launch = settings.cloudsales("cloudsales.log")?.argument("serve");
        let launch = launch.environment("CLOUDSALES_PIN_THREADS", "true");
        let launch = if roles == Roles::Http { launch.arguments(["--roles", "http"]) } else { launch };
        let mut product = launch.spawn()?;
        product.wait_until_healthy(&format!("{}/readyz", settings.internal_url()), START).await?;
        tokio::time::sleep(SETTLE).await;
        let idle_mb = resident_mb(product.pid()).context("the product has ended")?.0;
        let targets = Arc::new(Targets { tokens: customers(&settings).await?, accounts: Vec::new() });
        let targets =
            Arc::new(Targets { accounts: accounts(&settings, &targets, plan.accounts).await?, ..take(targets)? });
        Ok(Self { settings, product, provider, targets, idle_mb })
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn site(&self) -> Site {
        Site::of(&self.settings)
    }

    pub fn pid(&self) -> u32 {
        self.product.pid()
    }

    /// Ids and tokens of its customers.
    pub fn callers(&self) -> &[(String, String)] {
        &self.targets.tokens
    }

    /// Ids of its accounts, each with its customer's token.
    pub fn accounts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.targets.accounts.iter().map(|(id, customer)| (id.as_str(), self.targets.tokens[*customer].1.as_str()))
    }

    /// One run over all connections.
    ///
    /// # Errors
    /// When a request is not answered 2xx, or the log has not exactly the events of those that were.
    pub async fn run(&mut self, plan: &Plan, meter: &Meter) -> anyhow::Result<Run> {
        let meter = Meter { product: Some(self.product.pid()), ..*meter };
        let mut log = PgConnection::connect(&self.settings.databases.app).await?;
        let before = head(&mut log).await?;
        let workers = (0..CONNECTIONS).map(|_| Caller::connect(self.settings.api_port, &self.targets));
        let run = load::closed_loop(plan, &meter, try_join_all(workers).await?).await?;
        let sql = "select count(*) from events where position > $1 \
                   and event_type in ('AccountOpened', 'AccountDetailsChanged')";
        let written: i64 = sqlx::query_scalar(sql).bind(before).fetch_one(&mut log).await?;
        ensure!(u64::try_from(written) == Ok(run.done), "{} answers, {written} events in the log", run.done);
        self.product.fail_if_ended()?;
        Ok(run)
    }

    /// Megabytes at its highest so far.
    ///
    /// # Errors
    /// When it has ended.
    pub fn highest_mb(&self) -> anyhow::Result<f64> {
        Ok(resident_mb(self.product.pid()).context("the product has ended")?.1)
    }

    /// Holds product and simulator still while something else is measured, at a moment when no transaction is open:
    /// one that stayed open would keep the whole cluster from clearing away what is dead.
    ///
    /// # Errors
    /// When they cannot be signalled, or are never without a transaction.
    pub async fn pause(&mut self) -> anyhow::Result<()> {
        self.provider.process.signal("STOP")?;
        let mut database = PgConnection::connect(&self.settings.databases.app).await?;
        for _ in 0..STOPS {
            self.product.signal("STOP")?;
            if !in_transaction(&mut database).await? {
                return Ok(());
            }
            self.product.signal("CONT")?;
            tokio::time::sleep(BETWEEN_STOPS).await;
        }
        anyhow::bail!("the product was never without a transaction")
    }

    /// # Errors
    /// When they cannot be signalled.
    pub fn resume(&mut self) -> anyhow::Result<()> {
        self.provider.process.signal("CONT")?;
        self.product.signal("CONT")
    }

    /// # Errors
    /// When they do not die.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.product.kill9().await?;
        self.provider.kill9().await
    }
}

/// Whether a session of this login waits within a transaction, once those that are busy have come to their end.
async fn in_transaction(database: &mut PgConnection) -> anyhow::Result<bool> {
    let sql = "select coalesce(array_agg(distinct state), '{}') from pg_stat_activity \
               where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'";
    for _ in 0..STOPS {
        let states: Vec<String> = sqlx::query_scalar(sql).fetch_one(&mut *database).await?;
        if !states.iter().any(|state| state == "active") {
            return Ok(!states.is_empty());
        }
        tokio::time::sleep(BETWEEN_STOPS).await;
    }
    Ok(true)
}

fn take(targets: Arc<Targets>) -> anyhow::Result<Targets> {
    Arc::into_inner(targets).context("a connection is still open")
}

/// Settings of a product with a database, a stream and a provider of that name.
///
/// # Errors
/// When the database cannot be made.
pub async fn settings(ground: &Ground, name: &str) -> anyhow::Result<Settings> {
    let folder = ground.folder.join(name);
    std::fs::create_dir_all(&folder)?;
    Ok(Settings {
        databases: ground.migrated(name).await?,
        mirror: Mirror {
            nats_url: ground.nats.url(),
            stream: name.to_uppercase(),
            subject_prefix: name.to_owned(),
            max_bytes: STREAM_BYTES,
        },
        provider: Provider {
            port: ports::reserve()?,
            client_id: "cloudsales-bench".to_owned(),
            client_secret: random_hex(24),
            webhook_secret: webhook_secret(),
        },
        gateways: None,
        api_port: ports::reserve()?,
        internal_port: ports::reserve()?,
        clock: None,
        dev_folder: folder.clone(),
        documents: folder.join("documents"),
        logs: folder,
        further: vec![unlimited("WRITES"), unlimited("READS")],
    })
}

/// What is measured is what can be done, not what a tenant may.
fn unlimited(kind: &str) -> (String, String) {
    (format!("CLOUDSALES_RATE_{kind}_PER_MINUTE"), "1000000000".to_owned())
}

fn webhook_secret() -> String {
    use base64::Engine;
    let secret = base64::engine::general_purpose::STANDARD.encode(crate::world::random_bytes(32));
    format!("whsec_{secret}")
}

/// Ids and tokens of new customers.
async fn customers(settings: &Settings) -> anyhow::Result<Vec<(String, String)>> {
    let site = Site::of(settings);
    let operator = Client::new(&site.api, &site.token("operator", None).await?)?;
    let mut customers = Vec::new();
    for number in 0..CUSTOMERS {
        let body = serde_json::json!({
            "name": format!("Measured {number}"), "kind": "direct", "country": "DE", "currency": "EUR",
            "contact": { "name": "Buyer", "email": "buyer@customer.example" },
        });
        let id = operator.post("/v1/customers", &format!("bench/customer/{number}"), &body, 201).await?.id()?;
        let token = site.token("customer", Some(&id)).await?;
        customers.push((id, token));
    }
    Ok(customers)
}

async fn accounts(settings: &Settings, targets: &Arc<Targets>, count: usize) -> anyhow::Result<Vec<(String, usize)>> {
    let share = count.div_ceil(CONNECTIONS);
    let opening = (0..CONNECTIONS).map(|_| async {
        let mut caller = Caller::connect(settings.api_port, targets).await?;
        let mut opened = Vec::with_capacity(share);
        for _ in 0..share {
            let customer = caller.random.below(targets.tokens.len());
            opened.push((caller.open(customer).await?, customer));
        }
        anyhow::Ok(opened)
    });
    Ok(try_join_all(opening).await?.into_iter().flatten().collect())
}

struct Caller {
    connection: Connection,
    targets: Arc<Targets>,
    random: Random,
}

impl Caller {
    async fn connect(port: u16, targets: &Arc<Targets>) -> anyhow::Result<Self> {
        let connection = Connection::open(port).await?;
        Ok(Self { connection, targets: Arc::clone(targets), random: Random::default() })
    }

    /// Opens an account of that customer; its id.
    async fn open(&mut self, customer: usize) -> anyhow::Result<String> {
        let (customer_id, _) = &self.targets.tokens[customer];
        let name = self.random.name(NAME);
        let body = format!(r#"{{"customer_id":"{customer_id}","name":"{name}"}}"#);
        let answer: Created = serde_json::from_slice(self.send("POST /v1/accounts", customer, &body).await?)?;
        Ok(answer.id)
    }

    /// The body of a 2xx answer.
    async fn send(&mut self, target: &str, customer: usize, body: &str) -> anyhow::Result<&[u8]> {
        let (_, token) = &self.targets.tokens[customer];
        let key = new_id().to_string();
        let reply = self.connection.send(&Request { target, token, key: &key, body }).await?;
        let well = (200..300).contains(&reply.status);
        ensure!(well, "{target} answered {}: {}", reply.status, String::from_utf8_lossy(reply.body));
        Ok(reply.body)
    }
}

#[derive(serde::Deserialize)]
struct Created {
    id: String,
}

impl Worker for Caller {
    async fn step(&mut self) -> anyhow::Result<()> {
        if self.random.fifth() {
            let customer = self.random.below(self.targets.tokens.len());
            return self.open(customer).await.map(|_| ());
        }
        let chosen = self.random.below(self.targets.accounts.len());
        let (account, customer) = &self.targets.accounts[chosen];
        let (target, customer) = (format!("PUT /v1/accounts/{account}"), *customer);
        let body = format!(r#"{{"name":"{}"}}"#, self.random.name(NAME));
        self.send(&target, customer, &body).await.map(|_| ())
    }
}
