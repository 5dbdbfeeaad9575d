//! The circuit breaker of one provider: it pauses the work while the provider is down, and fails none of it.
//!
//! A pure state machine; the caller brings the clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Failures within [`WINDOW`] that open the breaker.
const FAILURES_TO_OPEN: usize = 5;
const WINDOW: Duration = Duration::from_secs(30);
/// The pause after opening; it doubles with every probe that fails.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// Recovery is noticed within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A probe that has not reported by then was given up by its caller; another may go. Longer than one exchange.
const PROBE_PATIENCE: Duration = Duration::from_secs(20);
/// How long others wait while a probe is under way.
const WAIT_FOR_PROBE: Duration = Duration::from_millis(500);

/// Whether a call may go now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Admit {
    Go,
    /// Ask again after this time.
    Wait(Duration),
}

/// What a call says about the provider's health. A refusal is healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Ok,
    Failure,
}

#[derive(Debug)]
pub struct Breaker {
    state: State,
}

#[derive(Debug)]
enum State {
    /// Calls go. Holds when the recent failures were, oldest first.
    Closed { failures: VecDeque<Instant> },
    /// No call goes before `until`.
    Open { until: Instant, pause: Duration },
    /// One call is finding out how things are.
    Probing { patience_until: Instant, pause: Duration },
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed { failures: VecDeque::new() } }
    }
}

impl Breaker {
    /// Asks to make one call now. Whoever is let go reports with [`record`](Self::record).
    pub fn admit(&mut self, now: Instant) -> Admit {
        let (free_at, pause) = match self.state {
            State::Closed { .. } => return Admit::Go,
            State::Open { until, pause } => (until, pause),
            State::Probing { patience_until, pause } => (patience_until, pause),
        };
        match self.wait(now, free_at) {
            Some(wait) => Admit::Wait(wait),
            None => {
                self.state = State::Probing { patience_until: now + PROBE_PATIENCE, pause };
                Admit::Go
            }
        }
    }

    /// Reports what a call says about the provider.
    pub fn record(&mut self, now: Instant, health: Health) {
        match (&mut self.state, health) {
            (State::Closed { failures }, Health::Failure) => {
                failures.retain(|at| now.saturating_duration_since(*at) < WINDOW);
                failures.push_back(now);
                if failures.len() >= FAILURES_TO_OPEN {
                    self.open(now, FIRST_PAUSE);
                }
            }
            (State::Probing { pause, .. }, Health::Failure) => {
                let pause = (*pause * 2).min(LONGEST_PAUSE);
                self.open(now, pause);
            }
            (State::Probing { .. }, Health::Ok) => *self = Self::default(),
            // Sent before it opened: the pause is decided already, and one late success is no recovery.
            (State::Open { .. }, Health::Ok | Health::Failure) | (State::Closed { .. }, Health::Ok) => {}
        }
    }

    /// How long work is still held back; `None` when a call may go. Takes no probe.
    pub fn paused(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until, .. } => self.wait(now, until),
            State::Probing { patience_until, .. } => self.wait(now, patience_until),
        }
    }

    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    fn open(&mut self, now: Instant, pause: Duration) {
        self.state = State::Open { until: now + pause, pause };
    }

    fn wait(&self, now: Instant, free_at: Instant) -> Option<Duration> {
        let left = free_at.saturating_duration_since(now);
        let longest = if matches!(self.state, State::Probing { .. }) { WAIT_FOR_PROBE } else { left };
        (!left.is_zero()).then(|| left.min(longest))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn opened(start: Instant) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES_TO_OPEN {
            assert_eq!(breaker.admit(start), Admit::Go);
            breaker.record(start, Health::Failure);
        }
        breaker
    }

    #[test]
    fn opens_after_five_failures_within_thirty_seconds_only() {
        // (seconds at which a call failed, still closed afterwards)
        let cases: [(&[u64], bool); 5] = [
            (&[0, 1, 2, 3], true),
            (&[0, 1, 2, 3, 4], false),
            (&[0, 7, 15, 22, 29], false),
            (&[0, 8, 16, 24, 30], true),
            (&[0, 8, 16, 24, 30, 31], false),
        ];
        for (failed_at, closed) in cases {
            let start = Instant::now();
            let mut breaker = Breaker::default();
            for at in failed_at {
                breaker.record(start + s(*at), Health::Failure);
                breaker.record(start + s(*at), Health::Ok);
            }
            assert_eq!(breaker.is_closed(), closed, "{failed_at:?}");
        }
    }

    #[test]
    fn holds_work_back_then_lets_one_probe_go() {
        let start = Instant::now();
        let mut breaker = opened(start);
        assert_eq!(breaker.admit(start + s(1)), Admit::Wait(s(4)));
        assert_eq!(breaker.paused(start + s(1)), Some(s(4)));
        assert_eq!(breaker.paused(start + s(5)), None);
        assert_eq!(breaker.admit(start + s(5)), Admit::Go);
        assert_eq!(breaker.admit(start + s(5)), Admit::Wait(WAIT_FOR_PROBE));
        breaker.record(start + s(6), Health::Ok);
        assert!(breaker.is_closed());
        assert_eq!(breaker.admit(start + s(6)), Admit::Go);
        assert_eq!(breaker.admit(start + s(6)), Admit::Go);
    }

    #[test]
    fn every_failed_probe_doubles_the_pause_up_to_its_limit() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        for pause_s in [5, 10, 20, 30, 30] {
            assert_eq!(breaker.admit(now), Admit::Wait(s(pause_s)));
            now += s(pause_s);
            assert_eq!(breaker.admit(now), Admit::Go);
            breaker.record(now, Health::Failure);
        }
    }

    #[test]
    fn after_recovery_it_starts_anew() {
        let start = Instant::now();
        let mut breaker = opened(start);
        assert_eq!(breaker.admit(start + s(5)), Admit::Go);
        breaker.record(start + s(5), Health::Ok);
        for _ in 1..FAILURES_TO_OPEN {
            breaker.record(start + s(6), Health::Failure);
        }
        assert!(breaker.is_closed());
        breaker.record(start + s(6), Health::Failure);
        assert_eq!(breaker.admit(start + s(6)), Admit::Wait(FIRST_PAUSE));
    }

    #[test]
    fn answers_to_calls_sent_before_it_opened_change_nothing() {
        let start = Instant::now();
        let mut breaker = opened(start);
        breaker.record(start + s(1), Health::Ok);
        breaker.record(start + s(2), Health::Failure);
        assert_eq!(breaker.admit(start + s(2)), Admit::Wait(s(3)));
    }

    #[test]
    fn a_probe_that_never_reports_does_not_close_the_way_for_ever() {
        let start = Instant::now();
        let mut breaker = opened(start);
        assert_eq!(breaker.admit(start + s(5)), Admit::Go);
        assert_eq!(breaker.admit(start + s(24)), Admit::Wait(WAIT_FOR_PROBE));
        assert_eq!(breaker.admit(start + s(25)), Admit::Go);
        assert_eq!(breaker.admit(start + s(25)), Admit::Wait(WAIT_FOR_PROBE));
    }
}
