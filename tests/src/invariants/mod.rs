//! What must never happen, as programs over a system as it is: anybody can run them against a running world.
//!
//! Everything is read in one snapshot of the database, so it may be at work meanwhile. Nothing here is written, and
//! nothing is taken from the product's own read side: what the log means is folded again from its events.

mod agreement;
mod beside;
mod billing;
mod commands;
mod evidence;
mod fold;
mod generations;
mod hints;
mod log;
mod mirror;
mod models;
mod needles;
mod payments;
mod people;
mod processes;
mod provider;
mod sampler;
mod seats;
mod secrets;
mod sides;
mod tenants;

use std::collections::BTreeMap;
use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};

use crate::driver::Stories;
use crate::world::World;
use crate::world::description::Description;
use crate::world::folders;
use crate::world::gateways::Gateways;
use evidence::Evidence;
pub use needles::Secret;
pub use sampler::{Idle, Sampler};

/// Violations shown of one invariant; all are counted.
const SHOWN: usize = 3;

/// The system to look at.
#[derive(Debug, Clone)]
pub struct System {
    /// The product's database, as superuser.
    pub database_url: String,
    pub mirror: Option<MirrorPlace>,
    /// The provider simulator's address.
    pub ccp_sim: Option<String>,
    /// The address of the simulated payment gateways.
    pub payment_sim: Option<String>,
    /// What a load driver wrote.
    pub journal: Option<PathBuf>,
    /// Processes that must not have ended, by name.
    pub pids: BTreeMap<String, u32>,
    /// What nobody may read anywhere.
    pub secrets: Vec<Secret>,
    /// Folders with the logs of its processes.
    pub logs: Vec<PathBuf>,
}

#[derive(Debug, Clone)]
pub struct MirrorPlace {
    pub nats_url: String,
    pub stream: String,
    pub subject_prefix: String,
}

impl System {
    /// A test's world.
    pub fn of(world: &World, journal: Option<PathBuf>) -> Self {
        let mirror = &world.settings.mirror;
        Self {
            database_url: world.admin_url.clone(),
            mirror: Some(MirrorPlace {
                nats_url: mirror.nats_url.clone(),
                stream: mirror.stream.clone(),
                subject_prefix: mirror.subject_prefix.clone(),
            }),
            ccp_sim: Some(world.settings.provider.url()),
            payment_sim: world.settings.gateways.as_ref().map(Gateways::url),
            journal,
            pids: BTreeMap::new(),
            secrets: secrets::of_world(world),
            logs: vec![world.settings.logs.clone(), world.folder.join("twin-logs")],
        }
    }

    /// A development world.
    pub fn described(world: Description) -> Self {
        let secrets = secrets::of_description(&world);
        let Description { postgres_url, nats_url, stream, subject_prefix, ccp_sim, payment_sim, pids, .. } = world;
        Self {
            database_url: postgres_url,
            mirror: Some(MirrorPlace { nats_url, stream, subject_prefix }),
            ccp_sim: Some(ccp_sim),
            payment_sim,
            journal: None,
            pids,
            secrets,
            logs: vec![folders::dev().join("logs")],
        }
    }
}

/// What became of one invariant.
#[derive(Debug, Clone)]
pub struct Finding {
    /// As numbered in the list of what must never happen.
    pub number: u8,
    /// The invariant as a sentence that should be true.
    pub claim: &'static str,
    /// Things looked at; `None` when what it takes was not given.
    pub looked_at: Option<usize>,
    pub violations: Vec<String>,
}

impl Finding {
    fn new(number: u8, claim: &'static str, looked_at: usize, violations: Vec<String>) -> Self {
        Self { number, claim, looked_at: Some(looked_at), violations }
    }

    const fn not_given(number: u8, claim: &'static str) -> Self {
        Self { number, claim, looked_at: None, violations: Vec::new() }
    }
}

/// All findings.
#[derive(Debug, Clone, Default)]
pub struct Report(pub Vec<Finding>);

impl Report {
    pub fn violations(&self) -> usize {
        self.0.iter().map(|finding| finding.violations.len()).sum()
    }

    /// What those invariants claim and nothing was looked at for: a check of nothing finds nothing.
    pub fn blind(&self, numbers: &[u8]) -> Vec<&'static str> {
        let asked = self.0.iter().filter(|finding| numbers.contains(&finding.number));
        asked.filter(|finding| finding.looked_at.unwrap_or(0) == 0).map(|finding| finding.claim).collect()
    }

    /// What was violated, and nothing else.
    pub fn complaints(&self) -> String {
        let violated = self.0.iter().filter(|finding| !finding.violations.is_empty());
        let lines = violated.map(|finding| {
            let shown = finding.violations.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("\n      ");
            format!(
                "{:>4}  not so: {} ({} times)\n      {shown}",
                finding.number,
                finding.claim,
                finding.violations.len()
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// For people.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["no", "invariant", "looked at", "violations", ""]);
        for finding in &self.0 {
            let looked_at = finding.looked_at.map_or_else(|| "-".to_owned(), |count| count.to_string());
            let mut shown: Vec<&str> = finding.violations.iter().take(SHOWN).map(String::as_str).collect();
            if finding.violations.len() > SHOWN {
                shown.push("…");
            }
            let count = finding.violations.len().to_string();
            table.add_row([&finding.number.to_string(), finding.claim, &looked_at, &count, &shown.join("\n")]);
        }
        table
    }
}

/// Looks at everything once.
///
/// # Errors
/// When a part of the system that was named cannot be reached.
pub async fn check(system: &System) -> anyhow::Result<Report> {
    let before = match &system.payment_sim {
        Some(url) => Some(payments::Ledger::read(url).await?),
        None => None,
    };
    let done = match &system.ccp_sim {
        Some(url) => Some(provider::Ledger::read(url).await?),
        None => None,
    };
    let evidence = Evidence::gather(system).await?;
    let stories = system.journal.as_deref().map(Stories::read).transpose()?;
    let mut findings = Vec::new();
    findings.extend(commands::check(&evidence, stories.as_ref()));
    findings.extend(log::check(&evidence));
    findings.push(mirror::check(&evidence, system).await?);
    let differences = models::differences(&evidence);
    findings.extend(models::check(&evidence, &system.pids, &differences));
    findings.push(generations::check(&evidence, &system.database_url, &differences).await?);
    findings.extend(processes::check(&evidence));
    findings.extend(billing::check(&evidence));
    findings.extend(payments::check(&evidence, before, system.payment_sim.as_deref()).await?);
    findings.extend(provider::check(&evidence, done, system).await?);
    findings.push(people::check(&evidence));
    findings.push(secrets::check(&evidence, system).await?);
    findings.push(tenants::check(&evidence, stories.as_ref()));
    findings.sort_by_key(|finding| finding.number);
    Ok(Report(findings))
}

/// The same, with what was seen of the sessions meanwhile.
///
/// # Errors
/// As [`check`].
pub async fn check_with(system: &System, idle: &Idle) -> anyhow::Result<Report> {
    let mut report = check(system).await?;
    report.0.push(idle.finding());
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looked_at_nothing_is_told() {
        let report = Report(vec![
            Finding::new(1, "seen", 3, Vec::new()),
            Finding::new(2, "empty", 0, Vec::new()),
            Finding::not_given(3, "not given"),
            Finding::not_given(4, "not asked for"),
        ]);
        assert_eq!(report.blind(&[1, 2, 3]), ["empty", "not given"]);
    }
}
