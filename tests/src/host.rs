//! What the host leaves of this machine, from `/proc/stat`.

use std::time::Duration;

/// Clock ticks per second of `/proc`, the same on every Linux.
pub const TICKS: f64 = 100.0;

/// Ticks of all cores together since the machine began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticks {
    pub busy: u64,
    /// Given to other guests of the host while something here could have run.
    pub stolen: u64,
}

impl Ticks {
    /// So far; nothing where the system does not tell.
    pub fn so_far() -> Self {
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        Self::parse(stat.lines().next().unwrap_or_default())
    }

    pub fn stolen(self) -> Duration {
        Duration::from_secs_f64(self.stolen as f64 / TICKS)
    }

    fn parse(line: &str) -> Self {
        let fields: Vec<u64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
        let field = |index: usize| fields.get(index).copied().unwrap_or_default();
        // user, nice, system, idle, iowait, irq, softirq, steal
        Self { busy: field(0) + field(1) + field(2) + field(5) + field(6), stolen: field(7) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_waiting_cores_are_not_busy() {
        assert_eq!(Ticks::parse("cpu  10 1 5 100 3 2 4 7 0 0"), Ticks { busy: 22, stolen: 7 });
        assert_eq!(Ticks::parse(""), Ticks::default());
    }
}
