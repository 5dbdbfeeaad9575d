//! Which processes belong to this checkout, written down so that `down` ends exactly those.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use ::tests::world::{folders, process};
use anyhow::bail;
use serde::{Deserialize, Serialize};

/// A process as it was when it was written down. A process id alone may belong to somebody else by now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recorded {
    pub name: String,
    pub pid: u32,
    /// The boot and the moment within it at which the process began.
    started: String,
}

impl Recorded {
    pub fn new(name: &str, pid: u32) -> Self {
        Self { name: name.to_string(), pid, started: started(pid).unwrap_or_default() }
    }

    /// Whether this very process still runs.
    pub fn is_running(&self) -> bool {
        !self.started.is_empty() && started(self.pid).as_deref() == Some(self.started.as_str())
    }

    /// Sends a signal, if it is still the same process.
    pub fn signal(&self, signal: &str) -> anyhow::Result<()> {
        if self.is_running() { process::send_signal(self.pid, signal) } else { Ok(()) }
    }
}

pub fn description_path() -> PathBuf {
    folders::dev().join("world.json")
}

pub fn write(records: &[Recorded]) -> anyhow::Result<()> {
    folders::write_private(&path(), &serde_json::to_string_pretty(records)?)
}

pub fn read() -> Vec<Recorded> {
    fs::read_to_string(path()).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Forgets the world that ran.
pub fn remove() {
    for path in [path(), description_path()] {
        let _ = fs::remove_file(path);
    }
}

/// The right to run this checkout's world: held by one process at a time, and given back however it ends.
pub fn claim_checkout() -> anyhow::Result<File> {
    fs::create_dir_all(folders::dev().join("logs"))?;
    let lock = File::options().create(true).append(true).open(folders::dev().join("lock"))?;
    if lock.try_lock().is_err() {
        bail!("this checkout's world runs already: .dev/world.json describes it, `./dev down` stops it");
    }
    Ok(lock)
}

fn path() -> PathBuf {
    folders::dev().join("processes.json")
}

/// Nothing when there is no such process, or only its remains that nobody has collected yet.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    started_of(&stat).map(|ticks| format!("{}/{ticks}", boot.trim()))
}

/// The program's name stands in brackets and may hold anything, so fields count from the last closing one: state first,
/// start time twentieth.
fn started_of(stat: &str) -> Option<&str> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let is_dead = matches!(fields.first(), Some(&("Z" | "X")));
    if is_dead { None } else { fields.get(19).copied() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn this_process_is_running_and_a_later_one_of_its_number_is_not() {
        let mut record = Recorded::new("test", std::process::id());
        assert!(record.is_running());
        record.started.push('1');
        assert!(!record.is_running());
    }

    #[test]
    fn names_with_brackets_and_blanks_do_not_shift_the_fields() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20";
        assert_eq!(started_of(&format!("42 (a) b (c)) {rest}")), Some("777"));
        assert_eq!(started_of(&format!("42 (x) {}", rest.replacen('S', "Z", 1))), None);
    }
}
