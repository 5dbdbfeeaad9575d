//! Which process used how much of the processor, from `/proc`.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::host::{TICKS, Ticks};

/// A share of all cores, or of one backend's, from which on it is what limits a run.
const FULL: f64 = 0.88;

/// Whose use is measured, besides this process's own.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    pub postgres: u32,
    pub nats: u32,
    /// The served product, where there is one.
    pub product: Option<u32>,
}

/// Use so far.
#[derive(Debug)]
pub struct Sample {
    at: Instant,
    own: u64,
    postgres: u64,
    backends: BTreeMap<u32, u64>,
    nats: u64,
    product: u64,
    machine: u64,
    steal: u64,
}

/// Use between two samples, in cores.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub own: f64,
    pub postgres: f64,
    /// Of the one Postgres backend that used most.
    pub backend: f64,
    pub nats: f64,
    pub product: f64,
    /// Of everything that runs on this machine.
    pub machine: f64,
    /// Taken away by other guests of the host.
    pub steal: f64,
}

impl Meter {
    pub fn sample(&self) -> Sample {
        let processes = processes();
        let used = |pid: u32| processes.get(&pid).map_or(0, |process| process.used + process.children);
        let backends = processes.iter().filter(|(_, process)| process.parent == self.postgres);
        let backends: BTreeMap<u32, u64> = backends.map(|(pid, process)| (*pid, process.used)).collect();
        let host = Ticks::so_far();
        Sample {
            at: Instant::now(),
            own: used(std::process::id()),
            postgres: used(self.postgres) + backends.values().sum::<u64>(),
            backends,
            nats: used(self.nats),
            product: self.product.map_or(0, used),
            machine: host.busy,
            steal: host.stolen,
        }
    }

    /// What was used since `before`.
    pub fn since(&self, before: &Sample) -> Usage {
        let now = self.sample();
        let seconds = now.at.duration_since(before.at).as_secs_f64().max(0.01);
        let cores = |now: u64, before: u64| now.saturating_sub(before) as f64 / TICKS / seconds;
        let backends = now.backends.iter().map(|(pid, used)| {
            let earlier = before.backends.get(pid).copied().unwrap_or_default();
            cores(*used, earlier)
        });
        Usage {
            own: cores(now.own, before.own),
            postgres: cores(now.postgres, before.postgres),
            backend: backends.fold(0.0, f64::max),
            nats: cores(now.nats, before.nats),
            product: cores(now.product, before.product),
            machine: cores(now.machine, before.machine),
            steal: cores(now.steal, before.steal),
        }
    }
}

impl Usage {
    /// One sentence: what limited the run, and the numbers it is taken from.
    pub fn bound(&self) -> String {
        let cores = cores() as f64;
        let parts = [("Postgres", self.postgres), ("this program", self.own), ("the product", self.product)];
        let elsewhere = (self.machine - self.postgres - self.own - self.product - self.nats).max(0.0);
        let others = [("NATS", self.nats), ("everything else", elsewhere), ("taken by the host", self.steal)];
        let parts = parts.into_iter().chain(others).filter(|(_, used)| *used >= 0.05);
        let parts: Vec<String> = parts.map(|(name, used)| format!("{name} {used:.2}")).collect();
        let numbers = format!("{:.2} of {cores} cores busy: {}", self.machine, parts.join(", "));
        if self.machine + self.steal >= FULL * cores {
            format!("The processor ({numbers}).")
        } else if self.backend >= FULL {
            format!("One Postgres backend, busy for {:.2} of a core ({numbers}).", self.backend)
        } else {
            format!("Not the processor but waiting, for commits and answers ({numbers}).")
        }
    }
}

/// Cores this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

struct Process {
    parent: u32,
    /// Ticks of itself, and of the children it has waited for.
    used: u64,
    children: u64,
}

fn processes() -> BTreeMap<u32, Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, process(pid)?))).collect()
}

fn process(pid: u32) -> Option<Process> {
    parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The name in brackets may hold anything; the fields are counted from behind it.
fn parse_stat(stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Process {
        parent: fields.get(1)?.parse().ok()?,
        used: ticks(11)? + ticks(12)?,
        children: ticks(13)? + ticks(14)?,
    })
}

/// Resident memory of a process in megabytes: now, and at its highest.
pub fn resident_mb(pid: u32) -> Option<(f64, f64)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    Some((kilobytes("VmRSS:")? / 1024.0, kilobytes("VmHWM:")? / 1024.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn fields_are_counted_from_behind_the_name() {
        let line = "12 (odd) name)) S 7 12 12 0 -1 4194560 1 2 3 4 50 6 70 8 20 0 1 0 99 1 1";
        let process = parse_stat(line).unwrap();
        assert_eq!((process.parent, process.used, process.children), (7, 56, 78));
    }

    #[test]
    fn a_machine_without_idle_time_is_bound_by_it() {
        let full = Usage { machine: cores() as f64, postgres: 1.0, ..Usage::default() };
        assert!(full.bound().starts_with("The processor"));
        let idle = Usage { machine: 0.1, ..Usage::default() };
        assert!(idle.bound().starts_with("Not the processor"));
    }
}
