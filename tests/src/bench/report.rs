//! What was measured, beside its limits.

use comfy_table::{ContentArrangement, Table};

use super::cpu::cores;
use super::ground::{FETCHED_MB, Ground};
use super::plan::Plan;

/// What a figure is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// A ratio, ours to the other's.
    AtLeast { reach: f64, goal: f64 },
    /// Milliseconds.
    AtMostMs { reach: f64, goal: f64 },
    /// A ratio, ours to the other's.
    AtMostTimes { reach: f64, goal: f64 },
    /// Megabytes.
    AtMostMb { reach: f64, goal: f64 },
}

/// One figure.
#[derive(Debug, Clone)]
pub struct Row {
    pub number: String,
    pub what: String,
    pub ours: String,
    pub beside: String,
    /// What the limit is about.
    pub value: f64,
    pub limit: Limit,
    /// One sentence: what bounds it.
    pub bound: String,
}

#[derive(Debug)]
pub struct Report {
    /// Where and with what it was measured, a line each.
    pub setting: String,
    pub rows: Vec<Row>,
    /// Whole sentences.
    pub notes: Vec<String>,
}

impl Limit {
    pub fn reached(self, value: f64) -> bool {
        match self {
            Self::AtLeast { reach, .. } => value >= reach,
            Self::AtMostMs { reach, .. } | Self::AtMostTimes { reach, .. } | Self::AtMostMb { reach, .. } => {
                value <= reach
            }
        }
    }

    pub fn met_goal(self, value: f64) -> bool {
        match self {
            Self::AtLeast { goal, .. } => value >= goal,
            Self::AtMostMs { goal, .. } | Self::AtMostTimes { goal, .. } | Self::AtMostMb { goal, .. } => value <= goal,
        }
    }

    /// Value, reach and goal, as they are shown.
    pub fn shown(self, value: f64) -> [String; 3] {
        match self {
            Self::AtLeast { reach, goal } => [format!("{value:.2} ×"), format!("≥ {reach} ×"), format!("{goal} ×")],
            Self::AtMostTimes { reach, goal } => [format!("{value:.2} ×"), format!("≤ {reach} ×"), format!("{goal} ×")],
            Self::AtMostMs { reach, goal } => [format!("{value:.2} ms"), format!("≤ {reach} ms"), format!("{goal} ms")],
            Self::AtMostMb { reach, goal } => [format!("{value:.0} MB"), format!("≤ {reach} MB"), format!("{goal} MB")],
        }
    }
}

impl Row {
    pub fn cells(&self) -> Vec<String> {
        let [value, reach, goal] = self.limit.shown(self.value);
        let yes = |met: bool| if met { "yes" } else { "no" }.to_owned();
        let met = [yes(self.limit.reached(self.value)), yes(self.limit.met_goal(self.value))];
        let [number, what, ours, beside] = [&self.number, &self.what, &self.ours, &self.beside].map(Clone::clone);
        let [reached, met_goal] = met;
        vec![number, what, ours, beside, value, reach, reached, goal, met_goal]
    }
}

/// Of both tables.
pub const COLUMNS: [&str; 9] = ["", "what", "ours", "beside", "value", "reach", "met", "goal", "met"];

impl Report {
    /// # Errors
    /// When a server is away.
    pub async fn new(plan: &Plan, ground: &Ground) -> anyhow::Result<Self> {
        let (postgres, nats) = ground.versions().await?;
        let lines = [
            format!("Machine: {} cores, {} GB of memory; servers, product and load share them.", cores(), memory_gb()),
            format!("Postgres {postgres}."),
            format!("nats-server {nats}, file storage, default sync interval."),
            "Figures 1 to 5, 11, 12 and 14, and those beside 3 and 12: a core for each worker thread (pin_threads)."
                .to_owned(),
            format!(
                "Runs of commands: {:.0} s after {:.0} s of warm-up, each behind a CHECKPOINT and {FETCHED_MB} MB of memory \
                 fetched from the host, {} repetition(s) with all kinds alternating; medians, ratios taken within a \
                 repetition. {} accounts, 1 command in 5 opens a new stream.",
                plan.measured.as_secs_f64(),
                plan.warm_up.as_secs_f64(),
                plan.repetitions,
                plan.accounts
            ),
        ];
        Ok(Self { setting: lines.join("\n"), rows: Vec::new(), notes: Vec::new() })
    }

    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub fn note(&mut self, sentence: String) {
        self.notes.push(sentence);
    }

    /// The table as a terminal shows it.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.set_content_arrangement(ContentArrangement::Dynamic).set_header(COLUMNS);
        for row in &self.rows {
            table.add_row(row.cells());
        }
        let bounds = self.rows.iter().map(|row| format!("{:<3} bound by: {}", row.number, row.bound));
        let lines: Vec<String> = bounds.chain(self.notes.iter().cloned()).collect();
        format!("{table}\n{}", lines.join("\n"))
    }
}

fn memory_gb() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes: u64 = total.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default();
    (kilobytes + (1 << 19)) >> 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_must_be_high_and_times_low() {
        let ratio = Limit::AtLeast { reach: 1.6, goal: 3.0 };
        assert!(ratio.reached(1.6) && !ratio.met_goal(2.9) && !ratio.reached(1.59));
        let time = Limit::AtMostMs { reach: 10.0, goal: 5.0 };
        assert!(time.reached(10.0) && time.met_goal(5.0) && !time.reached(10.1));
    }
}
