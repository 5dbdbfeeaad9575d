//! What trials came to, and the page that says so.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::world::folders;

/// What one fault came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    pub fault: String,
    pub rounds: u32,
    pub faults: u32,
    pub violations: usize,
    /// From the end of the fault to the first request accepted, at worst.
    pub first_write: Duration,
    /// From the end of the load until all was settled, at worst.
    pub settled: Duration,
}

/// Collects the records of one test. With `CLOUDSALES_WRITE_DOCS=1` the page is written with each.
#[derive(Debug)]
pub struct Recorder {
    test: String,
    records: Vec<Record>,
}

/// What people wrote; the table follows it.
const HEAD: &str = include_str!("reliability_head.md");

impl Recorder {
    pub fn new(test: &str) -> Self {
        Self { test: test.to_owned(), records: Vec::new() }
    }

    /// # Errors
    /// When the page is wanted and cannot be written.
    pub fn add(&mut self, record: Record) -> anyhow::Result<()> {
        match self.records.iter_mut().find(|known| known.fault == record.fault) {
            Some(known) => known.merge(&record),
            None => self.records.push(record),
        }
        if std::env::var("CLOUDSALES_WRITE_DOCS").is_ok_and(|wanted| wanted == "1") {
            self.write()?;
        }
        Ok(())
    }

    /// Every test keeps its part; the page is put together from all parts there are.
    fn write(&self) -> anyhow::Result<()> {
        let parts = parts();
        fs::create_dir_all(&parts)?;
        let part = parts.join(format!("{}.json", self.test));
        fs::write(part, serde_json::to_string_pretty(&self.records)?)?;
        let mut files: Vec<PathBuf> = fs::read_dir(&parts)?.flatten().map(|entry| entry.path()).collect();
        files.sort();
        let read = |path: &PathBuf| serde_json::from_str(&fs::read_to_string(path).ok()?).ok();
        let records: Vec<Record> = files.iter().filter_map(read).flat_map(|part: Vec<Record>| part).collect();
        let page = folders::checkout().join("docs/reliability.md");
        let draft = page.with_extension(format!("{}.part", self.test));
        fs::write(&draft, format!("{HEAD}\n{}", table(&records)))?;
        Ok(fs::rename(draft, page)?)
    }
}

impl Record {
    fn merge(&mut self, other: &Self) {
        self.rounds += other.rounds;
        self.faults += other.faults;
        self.violations += other.violations;
        self.first_write = self.first_write.max(other.first_write);
        self.settled = self.settled.max(other.settled);
    }
}

fn parts() -> PathBuf {
    folders::dev().join("reliability")
}

fn table(records: &[Record]) -> String {
    let mut text = String::from(
        "| fault | rounds | faults injected | violations | first write after, s | settled after, s |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    for record in records {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.1} | {:.1} |",
            record.fault,
            record.rounds,
            record.faults,
            record.violations,
            record.first_write.as_secs_f64(),
            record.settled.as_secs_f64(),
        );
    }
    text
}

/// Chance that can be repeated: the same seed gives the same numbers.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Seeded by `CLOUDSALES_SEED`, else by the operating system; the seed is printed.
    pub fn thrown() -> Self {
        let given = std::env::var("CLOUDSALES_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| {
            crate::world::random_bytes(4).into_iter().fold(0, |seed, byte| seed << 8 | u64::from(byte))
        });
        println!("CLOUDSALES_SEED={seed}");
        Self(seed)
    }

    /// Others for somebody who throws at the same time; they follow from these.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.below(u64::MAX))
    }

    /// A number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
