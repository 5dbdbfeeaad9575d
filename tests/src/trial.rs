//! A trial: a world on servers of its own, load on it, something breaks, and afterwards nothing may be wrong.

mod record;
mod settle;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::driver::{Driver, Load};
use crate::invariants::{self, Sampler, System};
use crate::world::process::Process;
use crate::world::{World, folders, nats, postgres};

pub use record::{Dice, Record, Recorder};

/// Clients of the load.
const CLIENTS: usize = 4;
/// A transaction that is idle for longer waits for something outside. Far above the stalls of a machine on which two
/// tests and a compiler run, and far below what a slow provider takes for an answer.
const IDLE: Duration = Duration::from_millis(1_000);
/// How long it may take until requests are accepted again after something was put right.
pub const RECOVERY: Duration = Duration::from_secs(45);
/// How long it may take until everything that was begun has come to its end.
const SETTLING: Duration = Duration::from_secs(90);

/// Invariants of which there is something to look at after any round: if not, nothing was checked.
const ALWAYS_SEEN: [u8; 13] = [1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 20, 21, 22];

/// The simulator answers its control calls at once.
const ANSWER: Duration = Duration::from_secs(10);

/// The world, what was written down about it, and who watches it.
#[derive(Debug)]
pub struct Trial {
    pub world: World,
    journal: PathBuf,
    sampler: Sampler,
    recorder: Recorder,
}

/// One round under way.
#[derive(Debug)]
pub struct Round {
    fault: String,
    pub driver: Driver,
    faults: u32,
    first_write: Duration,
}

impl Trial {
    /// A world of its own with the sample loaded; `name` is the test's.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(name: &str) -> anyhow::Result<Self> {
        folders::remove_abandoned_scratch();
        let world = World::with_own_servers(Vec::new()).await?;
        let sampler = Sampler::start(&world.admin_url, IDLE);
        let journal = world.folder.join("journal.jsonl");
        Ok(Self { world, journal, sampler, recorder: Recorder::new(name) })
    }

    /// Puts load on the world; returns once requests are accepted.
    ///
    /// # Errors
    /// When none is.
    pub async fn round(&self, fault: impl Into<String>) -> anyhow::Result<Round> {
        let driver = Load::on(&self.world, CLIENTS)?.start(&self.journal)?;
        driver.progress(8, RECOVERY).await?;
        Ok(Round { fault: fault.into(), driver, faults: 0, first_write: Duration::ZERO })
    }

    /// Ends the load, waits until all is settled, and looks for what must never happen.
    ///
    /// # Errors
    /// With every violation, or with what did not settle.
    pub async fn judge(&mut self, round: Round) -> anyhow::Result<()> {
        let Round { fault, driver, faults, first_write } = round;
        let (accepted, unanswered) = (driver.counts().accepted(), driver.counts().unknowns());
        driver.finish().await.with_context(|| format!("{fault}: the load"))?;
        let ended = Instant::now();
        settle::wait(&self.world, SETTLING).await.with_context(|| format!("{fault}: nothing settles"))?;
        let settled = ended.elapsed();
        let system = System::of(&self.world, Some(self.journal.clone()));
        let report = invariants::check_with(&system, &self.sampler.idle).await?;
        let (violations, blind) = (report.violations(), report.blind(&ALWAYS_SEEN));
        ensure!(blind.is_empty(), "{fault}: nothing was looked at for {blind:?}");
        println!(
            "{fault}: {faults} faults, {accepted} accepted, {unanswered} tries unanswered, first write after \
             {first_write:?}, settled after {settled:?}, {violations} violations"
        );
        self.recorder.add(Record { fault: fault.clone(), rounds: 1, faults, violations, first_write, settled })?;
        ensure!(violations == 0, "{fault}:\n{}", report.complaints());
        Ok(())
    }

    /// The crash of the product and its restart.
    ///
    /// # Errors
    /// When it cannot be started again.
    pub async fn kill_product(&mut self, round: &mut Round) -> anyhow::Result<()> {
        self.world.product.kill9().await?;
        self.world.product.start_again().await?;
        round.struck().await
    }

    /// Has the product die by itself at the `nth` passage of a crash point, under load, and starts it again.
    ///
    /// # Errors
    /// When it never came there.
    pub async fn crash_at(&mut self, round: &mut Round, point: &str, nth: u32) -> anyhow::Result<()> {
        self.world.product.kill9().await?;
        let mut settings = self.world.settings.clone();
        settings.further.push(("CLOUDSALES_CRASH_AT".to_owned(), format!("{point}:{nth}")));
        let mut doomed: Process = settings.cloudsales("doomed.log")?.argument("serve").spawn()?;
        let status = doomed.wait(RECOVERY).await.with_context(|| format!("{point} was never hit"))?;
        use std::os::unix::process::ExitStatusExt;
        ensure!(status.signal().is_some(), "{point} was never hit, it ended by itself: {status}");
        self.world.product.start_again().await?;
        round.struck().await
    }

    /// The world's own Postgres.
    ///
    /// # Errors
    /// When the world runs on somebody else's.
    pub fn postgres(&mut self) -> anyhow::Result<&mut postgres::Server> {
        let backing = self.world.backing.as_mut();
        backing.and_then(|backing| backing.postgres.as_mut()).context("the world has no Postgres of its own")
    }

    /// The world's own NATS.
    ///
    /// # Errors
    /// When the world runs on somebody else's.
    pub fn nats(&mut self) -> anyhow::Result<&mut nats::Server> {
        let backing = self.world.backing.as_mut();
        backing.and_then(|backing| backing.nats.as_mut()).context("the world has no NATS of its own")
    }

    /// Lets the provider misbehave.
    ///
    /// # Errors
    /// When the simulator does not take the script.
    pub async fn script(&self, script: &Value) -> anyhow::Result<()> {
        self.control(Method::POST, "faults", script).await.map(drop)
    }

    /// How often each of the provider's scripts has struck so far.
    ///
    /// # Errors
    /// When the simulator does not answer.
    pub async fn strikes(&self) -> anyhow::Result<Vec<u64>> {
        let shown = self.control(Method::GET, "faults", &Value::Null).await?;
        let scripts = shown["faults"].as_array().into_iter().flatten();
        Ok(scripts.filter_map(|script| script["hits"].as_u64()).collect())
    }

    /// How often the provider's scripts have struck together; ends them.
    ///
    /// # Errors
    /// When the simulator does not answer.
    pub async fn end_scripts(&self) -> anyhow::Result<u32> {
        let struck = self.strikes().await?;
        self.control(Method::DELETE, "faults", &Value::Null).await?;
        Ok(u32::try_from(struck.iter().sum::<u64>())?)
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER).build()?;
        let mut request = http.request(method, format!("{}/sim/{path}", self.world.settings.provider.url()));
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await?.error_for_status()?.text().await?;
        Ok(serde_json::from_str(&answer).unwrap_or(json!(null)))
    }
}

impl Round {
    /// One more fault is over: notes how long it takes until a request is accepted.
    ///
    /// # Errors
    /// When none is in time.
    pub async fn struck(&mut self) -> anyhow::Result<()> {
        self.faults += 1;
        let over = Instant::now();
        self.driver.progress(1, RECOVERY).await.with_context(|| self.fault.clone())?;
        self.first_write = self.first_write.max(over.elapsed());
        Ok(())
    }

    /// Faults that were counted elsewhere.
    pub fn add_faults(&mut self, faults: u32) {
        self.faults += faults;
    }
}
