//! When to try or to ask again. Pure: the caller keeps the clock and the count.

use std::time::Duration;

use uuid::Uuid;

/// The first wait before a call is sent again; it doubles from there.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait of our own making: an outage ends without anybody waiting much longer than it lasted.
const LONGEST: Duration = Duration::from_mins(5);
/// A provider that asks for more than this is asked again anyway: it may have meant another unit.
pub const LONGEST_ASKED: Duration = Duration::from_hours(1);
/// Open operations are polled at least this often.
const LONGEST_POLL: Duration = Duration::from_secs(30);
/// Unknown outcomes are asked after in doubling steps up to this.
const LONGEST_DOUBLING_QUESTION: Duration = Duration::from_mins(1);
/// Then steadily.
const STEADY_QUESTION: Duration = Duration::from_mins(5);

/// How long to wait before sending operation `op` again after its `tries`-th try, the first being 1.
///
/// Grows exponentially to five minutes. Its upper half is jitter drawn from the operation id, so that what failed
/// together does not come back together. Never earlier than `asked`, what a Retry-After said.
pub fn retry_after(tries: u32, op: Uuid, asked: Option<Duration>) -> Duration {
    let full = doubling(tries.saturating_sub(1), LONGEST);
    let own = full / 2 + part(full / 2, op, tries);
    let asked = asked.map(|asked| asked.min(LONGEST_ASKED)).map(|asked| asked + part(FIRST, op, tries));
    own.max(asked.unwrap_or_default())
}

/// How long to wait before an accepted order or operation is looked at, having been looked at `looked` times:
/// 1, 2, 4, 8, 16, 30, 30 … seconds.
pub fn poll_after(looked: u32) -> Duration {
    doubling(looked, LONGEST_POLL)
}

/// How long to wait before looking whether what stands before us in our own house is out of the way, having looked
/// `looked` times: four times as often, for a look costs the provider nothing.
pub fn behind_after(looked: u32) -> Duration {
    poll_after(looked) / 4
}

/// How long to wait before asking what became of a call whose answer never came, having asked `asked` times:
/// 1, 2, 4 … 60 seconds, then every five minutes.
pub fn ask_after(asked: u32) -> Duration {
    let longest_step = doublings(LONGEST_DOUBLING_QUESTION);
    if asked > longest_step { STEADY_QUESTION } else { doubling(asked, LONGEST_DOUBLING_QUESTION) }
}

/// `FIRST` doubled `times` times, at most `longest`.
fn doubling(times: u32, longest: Duration) -> Duration {
    FIRST.saturating_mul(1_u32.checked_shl(times).unwrap_or(u32::MAX)).min(longest)
}

/// How many doublings reach `longest`.
fn doublings(longest: Duration) -> u32 {
    (0..).find(|times| doubling(*times, longest) == longest).unwrap_or_default()
}

/// A part of `whole` in thousandths, the same for the same operation and try.
fn part(whole: Duration, op: Uuid, tries: u32) -> Duration {
    let (high, low) = op.as_u64_pair();
    let mixed = (high ^ low.rotate_left(tries)).wrapping_add(u64::from(tries)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let thousandths = u32::try_from((mixed >> 32) % 1_001).unwrap_or_default();
    whole / 1_000 * thousandths
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::HashSet;

    use super::*;

    fn op(n: u128) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &n.to_be_bytes())
    }

    fn seconds(schedule: impl Fn(u32) -> Duration, n: u32) -> Vec<u64> {
        (0..n).map(|step| schedule(step).as_secs()).collect()
    }

    #[test]
    fn schedules_are_as_agreed() {
        assert_eq!(seconds(poll_after, 8), [1, 2, 4, 8, 16, 30, 30, 30]);
        let behind: Vec<u128> = (0..7).map(|looked| behind_after(looked).as_millis()).collect();
        assert_eq!(behind, [250, 500, 1_000, 2_000, 4_000, 7_500, 7_500]);
        assert_eq!(seconds(ask_after, 10), [1, 2, 4, 8, 16, 32, 60, 300, 300, 300]);
        for endless in [31, 32, 33, u32::MAX] {
            assert_eq!(poll_after(endless), LONGEST_POLL);
            assert_eq!(behind_after(endless), LONGEST_POLL / 4);
            assert_eq!(ask_after(endless), STEADY_QUESTION);
        }
    }

    #[test]
    fn a_retry_waits_between_half_and_the_whole_step() {
        let steps =
            [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (8, 128), (9, 256), (10, 300), (500, 300), (u32::MAX, 300)];
        for (tries, full_s) in steps {
            let full = Duration::from_secs(full_s);
            for n in 0..200 {
                let wait = retry_after(tries, op(n), None);
                assert!(wait >= full / 2 && wait <= full, "try {tries}: {wait:?}");
            }
        }
    }

    #[test]
    fn what_failed_together_does_not_come_back_together() {
        let waits: HashSet<Duration> = (0..200).map(|n| retry_after(5, op(n), None)).collect();
        assert!(waits.len() > 100, "{} different waits", waits.len());
        assert_eq!(retry_after(5, op(1), None), retry_after(5, op(1), None));
    }

    #[test]
    fn retry_after_is_honoured_and_bounded() {
        let asked = Some(Duration::from_secs(20));
        let wait = retry_after(1, op(1), asked);
        assert!(wait >= Duration::from_secs(20) && wait <= Duration::from_secs(21), "{wait:?}");
        assert!(retry_after(10, op(1), asked) >= Duration::from_secs(150), "our own step is longer");
        assert!(retry_after(1, op(1), Some(Duration::MAX)) <= LONGEST_ASKED + FIRST);
    }
}
