//! From nothing to a served world, and back in order.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tests::demo;
use tests::world::backing::Backing;
use tests::world::database::{admin_url_of, prepare_database};
use tests::world::description::{Description, Site, WebhookSecrets};
use tests::world::mail::MailSink;
use tests::world::product::{Mirror, Service, Settings};
use tests::world::{folders, nats, ports, postgres, sample};

use crate::UpOptions;
use crate::data::DataFolder;
use crate::records::{self, Recorded};
use crate::signals::Signals;

const PORT_NAMES: [&str; 8] = ["api", "internal", "ccp_sim", "payment_sim", "mail", "smtp", "postgres", "nats"];
const STREAM_MAX_BYTES: u64 = 256 * 1024 * 1024;
const LOOK: Duration = Duration::from_millis(250);
/// A child that keeps dying is broken, not unlucky.
const REVIVALS_PER_MINUTE: usize = 10;

/// The running processes, in the order in which they have to stop; dropping it kills them in that order.
struct World {
    product: Service,
    provider: Service,
    gateways: Service,
    mail: Service,
    backing: Backing,
    description: Description,
    revivals: Vec<Instant>,
}

/// Starts the world, tells the story, serves until a signal and stops; a second signal stops at once.
pub async fn up(options: &UpOptions) -> anyhow::Result<()> {
    let _claim = records::claim_checkout()?;
    records::write(&[Recorded::new("dev", std::process::id())])?;
    let result = run(options, &mut Signals::listen()?).await;
    records::remove();
    result
}

async fn run(options: &UpOptions, signals: &mut Signals) -> anyhow::Result<()> {
    let mut world = tokio::select! {
        started = World::start(options) => started.context("cannot start")?,
        _ = signals.next() => bail!("stopped while starting"),
    };
    let served = tokio::select! {
        served = world.live(options) => served,
        _ = signals.next() => Ok(()),
    };
    println!("Stopping; a second signal stops at once.");
    let stopped = tokio::select! {
        stopped = world.stop() => stopped,
        _ = signals.next() => bail!("stopped at once"),
    };
    served.and(stopped)
}

impl World {
    async fn start(options: &UpOptions) -> anyhow::Result<Self> {
        let data = DataFolder::open(options.data.as_deref(), options.clock)?;
        let ports = ports::kept(&folders::dev().join("ports.json"), &PORT_NAMES)?;
        println!("Starting Postgres and NATS ...");
        let backing = start_backing(&data, &ports).await?;
        let settings = prepare(&data, &backing, &ports).await?;
        println!("Starting the simulators and the product ...");
        let (goods, money) = (data.path.join("ccp-sim"), data.path.join("payment-sim"));
        let (sink, letters) = (mail_sink(&ports)?, data.mail());
        let ((), provider, gateways, mail) = tokio::try_join!(
            settings.migrate(),
            settings.simulate_provider(&goods),
            settings.simulate_gateways(&money),
            sink.start(&letters, &settings.logs)
        )?;
        let product = settings.serve().await?;
        let description = describe(options, &settings, &data, &backing).await?;
        let description = Description { mail: Some(sink.url()), ..description };
        let mut world = Self { product, provider, gateways, mail, backing, description, revivals: Vec::new() };
        world.write_down()?;
        Ok(world)
    }

    /// Announces itself, tells the story, then serves; returns only when something cannot be kept running.
    async fn live(&mut self, options: &UpOptions) -> anyhow::Result<()> {
        self.announce();
        if !options.quiet && !options.empty {
            // A story that fails is worth looking at in the running world, so the world stays.
            if let Err(error) = demo::run(&self.description).await {
                println!("The story failed: {error:#}");
            }
        }
        if let Some(path) = &options.ready_file {
            std::fs::write(path, "ready\n")?;
        }
        println!("Serving until Ctrl-C.");
        loop {
            tokio::time::sleep(LOOK).await;
            self.revive().await?;
        }
    }

    /// Starts again whatever has died, as the supervisor of a deployment would.
    async fn revive(&mut self) -> anyhow::Result<()> {
        let mut revived = Vec::new();
        if let Some(server) = &mut self.backing.postgres
            && !server.is_running()
        {
            server.start_again().await?;
            revived.push("postgres");
        }
        if let Some(server) = &mut self.backing.nats
            && !server.is_running()
        {
            server.start_again().await?;
            revived.push("nats");
        }
        let Self { provider, gateways, mail, product, .. } = self;
        for (name, service) in
            [("ccp-sim", provider), ("payment-sim", gateways), ("mail-sink", mail), ("cloudsales", product)]
        {
            if !service.is_running() {
                println!("{name} died; its last output:\n{}", service.process.log_tail());
                service.start_again().await?;
                revived.push(name);
            }
        }
        if revived.is_empty() { Ok(()) } else { self.note_revived(&revived) }
    }

    fn note_revived(&mut self, revived: &[&str]) -> anyhow::Result<()> {
        println!("Started again: {}.", revived.join(", "));
        self.revivals.retain(|moment| moment.elapsed() < Duration::from_secs(60));
        self.revivals.push(Instant::now());
        ensure!(self.revivals.len() <= REVIVALS_PER_MINUTE, "{} keeps dying; see .dev/logs", revived.join(", "));
        self.write_down()
    }

    /// In the order in which they depend on each other, going on after a failure.
    async fn stop(&mut self) -> anyhow::Result<()> {
        let product = self.product.stop().await.context("the product did not stop in time");
        let provider = self.provider.stop().await.context("the provider's simulator did not stop in time");
        let gateways = self.gateways.stop().await.context("the payment gateways' simulator did not stop in time");
        let mail = self.mail.stop().await.context("the mail sink did not stop in time");
        let backing = self.backing.stop().await.context("a server did not stop in time");
        product.and(provider).and(gateways).and(mail).and(backing)
    }

    fn write_down(&mut self) -> anyhow::Result<()> {
        let children = [
            ("cloudsales", Some(self.product.pid())),
            ("ccp-sim", Some(self.provider.pid())),
            ("payment-sim", Some(self.gateways.pid())),
            ("mail-sink", Some(self.mail.pid())),
            ("nats", self.backing.nats.as_ref().and_then(nats::Server::pid)),
            ("postgres", self.backing.postgres.as_ref().and_then(postgres::Server::pid)),
        ];
        let all = [("dev", Some(std::process::id()))].into_iter().chain(children);
        let running: Vec<(&str, u32)> = all.filter_map(|(name, pid)| Some((name, pid?))).collect();
        let records: Vec<Recorded> = running.iter().map(|(name, pid)| Recorded::new(name, *pid)).collect();
        records::write(&records)?;
        self.description.pids = running.into_iter().map(|(name, pid)| (name.to_string(), pid)).collect();
        self.description.write(&records::description_path())
    }

    fn announce(&self) {
        let world = &self.description;
        println!("\nCloudsales is running.\n");
        println!("  API        {}  (reference at {}/docs)", world.api, world.api);
        println!("  internal   {}  (/readyz, /metrics)", world.internal);
        println!("  provider   {}  (simulated)", world.ccp_sim);
        println!("  payments   {}  (simulated)", world.payment_sim.as_deref().unwrap_or("none"));
        println!("  mail       {}  (kept here, not delivered)", world.mail.as_deref().unwrap_or("none"));
        println!("  Postgres   {}\n  NATS       {}", world.postgres_url, world.nats_url);
        println!("  data       {}\n  all of it  {}\n", world.data_dir.display(), records::description_path().display());
        println!("A token per role:\n");
        let tokens = &world.tokens;
        let always = [("operator", Some(&tokens.operator)), ("auditor", Some(&tokens.auditor))];
        let service = [("service", Some(&tokens.service)), ("reseller", tokens.reseller.as_ref())];
        let customers = [("customer", tokens.customer.as_ref()), ("other_customer", tokens.other_customer.as_ref())];
        for (role, token) in always.into_iter().chain(service).chain(customers) {
            println!("  {role:<15}{}", token.map_or("none in an empty world", String::as_str));
        }
        println!();
    }
}

async fn start_backing(data: &DataFolder, ports: &BTreeMap<String, u16>) -> anyhow::Result<Backing> {
    let logs = folders::dev().join("logs");
    let postgres = postgres::Options {
        port: ports.get("postgres").copied(),
        log: Some(logs.join("postgres.log")),
        ..postgres::Options::development()
    };
    let nats = nats::Options {
        port: ports.get("nats").copied(),
        log: Some(logs.join("nats.log")),
        ..nats::Options::development()
    };
    Backing::start(&data.path, postgres, nats).await
}

async fn prepare(data: &DataFolder, backing: &Backing, ports: &BTreeMap<String, u16>) -> anyhow::Result<Settings> {
    let names = data.names();
    let port = |name: &str| ports.get(name).copied().context("a port is missing");
    Ok(Settings {
        databases: prepare_database(&backing.postgres_url, &names.database).await?,
        mirror: Mirror {
            nats_url: backing.nats_url.clone(),
            stream: names.stream,
            subject_prefix: names.subject_prefix,
            max_bytes: STREAM_MAX_BYTES,
        },
        provider: data.provider(port("ccp_sim")?),
        gateways: Some(data.gateways(port("payment_sim")?)),
        api_port: port("api")?,
        internal_port: port("internal")?,
        clock: data.clock(),
        dev_folder: folders::dev(),
        documents: data.documents(),
        logs: folders::dev().join("logs"),
        further: mail_sink(ports)?.variables(&format!("http://127.0.0.1:{}", port("api")?)),
    })
}

fn mail_sink(ports: &BTreeMap<String, u16>) -> anyhow::Result<MailSink> {
    let port = |name: &str| ports.get(name).copied().context("a port is missing");
    Ok(MailSink { smtp_port: port("smtp")?, http_port: port("mail")? })
}

async fn describe(
    options: &UpOptions,
    settings: &Settings,
    data: &DataFolder,
    backing: &Backing,
) -> anyhow::Result<Description> {
    let site = Site::of(settings);
    let payments = settings.gateways.as_ref().map(|gateways| gateways.webhook_secret.clone());
    let sample = if options.empty { None } else { Some(sample::load(&site).await.context("cannot load the sample")?) };
    Ok(Description {
        tokens: site.tokens(sample.as_ref()).await.context("cannot get a token per role")?,
        api: site.api,
        internal: site.internal,
        ccp_sim: site.ccp_sim,
        payment_sim: site.payment_sim,
        mail: None,
        postgres_url: admin_url_of(&backing.postgres_url, &data.names().database)?,
        nats_url: backing.nats_url.clone(),
        stream: settings.mirror.stream.clone(),
        subject_prefix: settings.mirror.subject_prefix.clone(),
        webhook_secrets: WebhookSecrets { ccp: settings.provider.webhook_secret.clone(), payments },
        sample,
        pids: BTreeMap::new(),
        data_dir: data.path.clone(),
    })
}
