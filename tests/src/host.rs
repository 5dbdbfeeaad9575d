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

    fn parse(line: &str) -> Self {
        let fields: Vec<u64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
        let field = |index: usize| fields.get(index).copied().unwrap_or_default();
        // user, nice, system, idle, iowait, irq, softirq, steal
        Self { busy: field(0) + field(1) + field(2) + field(5) + field(6), stolen: field(7) }
    }
}

/// What the host took of each core since the machine began.
pub fn stolen_of_cores() -> Vec<Duration> {
    stolen_in(&std::fs::read_to_string("/proc/stat").unwrap_or_default())
}

fn stolen_in(stat: &str) -> Vec<Duration> {
    // The first line is of all cores together; the others that begin like it are of one each.
    let cores = stat.lines().skip(1).take_while(|line| line.starts_with("cpu"));
    cores.map(|line| Duration::from_secs_f64(Ticks::parse(line).stolen as f64 / TICKS)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_waiting_cores_are_not_busy() {
        assert_eq!(Ticks::parse("cpu  10 1 5 100 3 2 4 7 0 0"), Ticks { busy: 22, stolen: 7 });
        assert_eq!(Ticks::parse(""), Ticks::default());
    }

    #[test]
    fn each_core_is_told_apart() {
        let stat =
            "cpu  3 0 0 0 0 0 0 30 0 0\ncpu0 1 0 0 0 0 0 0 10 0 0\ncpu1 2 0 0 0 0 0 0 20 0 0\nintr 7 7 7 7 7 7 7 7 7";
        assert_eq!(stolen_in(stat), [Duration::from_millis(100), Duration::from_millis(200)]);
        assert!(stolen_in("").is_empty());
    }
}
