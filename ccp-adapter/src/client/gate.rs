//! What every call passes before it goes out: our own rate limit and the provider's circuit breaker.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::breaker::{Admit, Breaker, Health};
use crate::limiter::Limiter;
use crate::outcome::{Failure, FailureKind, Outcome};

pub struct Gate {
    limiter: Limiter,
    breaker: Mutex<Breaker>,
    provider: String,
}

impl Gate {
    pub fn new(provider: &str, calls_per_second: u32) -> Self {
        gauge(provider, true);
        Self {
            limiter: Limiter::new(calls_per_second),
            breaker: Mutex::new(Breaker::default()),
            provider: provider.to_owned(),
        }
    }

    /// Waits for this call's turn. Whoever passes reports with [`record`](Self::record).
    pub async fn pass(&self) -> Result<(), Failure> {
        self.limiter.turn().await.map_err(|wait| {
            Failure::new(FailureKind::Throttled, "too many of our own calls are waiting").with_retry_after(Some(wait))
        })?;
        match self.breaker().admit(Instant::now()) {
            Admit::Go => Ok(()),
            Admit::Wait(wait) => Err(Failure::unreachable("held back by the breaker").with_retry_after(Some(wait))),
        }
    }

    /// Every answer is a sign of health, a refusal too; only an outage is none.
    pub fn record<T>(&self, outcome: &Outcome<T>) {
        let health = if outcome.failure().is_some_and(Failure::is_outage) { Health::Failure } else { Health::Ok };
        let mut breaker = self.breaker();
        let was_closed = breaker.is_closed();
        breaker.record(Instant::now(), health);
        if breaker.is_closed() != was_closed {
            self.announce(breaker.is_closed());
        }
    }

    /// How long the breaker still holds work back.
    pub fn paused(&self) -> Option<Duration> {
        self.breaker().paused(Instant::now())
    }

    /// Whether the provider is taken to be down, until a probe says otherwise.
    pub fn is_open(&self) -> bool {
        !self.breaker().is_closed()
    }

    fn announce(&self, closed: bool) {
        gauge(&self.provider, closed);
        if closed {
            tracing::info!(provider = self.provider, "the provider is back: work goes on");
        } else {
            tracing::warn!(provider = self.provider, "the provider is down: work is paused");
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gauge(provider: &str, closed: bool) {
    metrics::gauge!("ccp_breaker_open", "provider" => provider.to_owned()).set(if closed { 0.0 } else { 1.0 });
}
