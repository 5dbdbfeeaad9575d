//! How much a tenant may ask for in a minute: a quota of writes and one of reads, told in every answer.
//!
//! A quota can be used up at once and then fills again evenly. It is counted in each process by itself: behind a
//! balancer a tenant has it once per process, which is enough for what it is for, that nobody keeps others waiting.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock, Reference};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::limits::RATE_SWEEP;
use super::problem::{Problem, ProblemType};

/// draft-ietf-httpapi-ratelimit-headers: structured lists of names with parameters.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Seconds in which a quota fills again.
const WINDOW_S: u32 = 60;

/// The quotas of one process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RateLimits {
    writes: Arc<Limiter<MonotonicClock>>,
    reads: Arc<Limiter<MonotonicClock>>,
}

impl RateLimits {
    /// Requests each tenant may make in a minute.
    pub fn per_minute(writes: NonZeroU32, reads: NonZeroU32) -> Self {
        Self {
            writes: Arc::new(Limiter::new("writes", writes, MonotonicClock)),
            reads: Arc::new(Limiter::new("reads", reads, MonotonicClock)),
        }
    }

    /// More than anybody asks for.
    #[cfg(test)]
    pub fn unlimited() -> Self {
        Self::per_minute(NonZeroU32::MAX, NonZeroU32::MAX)
    }

    /// A request's way to the quota of its kind.
    pub fn meter(&self, method: &Method) -> Meter {
        let limiter = if method.is_safe() { &self.reads } else { &self.writes };
        Meter { limiter: Arc::clone(limiter), standing: Arc::default() }
    }
}

/// One request's way to its tenant's quota; the edge puts it among the request's extensions, and tells in the answer,
/// whatever that is, what was taken.
#[derive(Debug, Clone)]
pub struct Meter {
    limiter: Arc<Limiter<MonotonicClock>>,
    standing: Arc<OnceLock<Standing>>,
}

impl Meter {
    /// Takes one request from the tenant's quota.
    ///
    /// # Errors
    /// `rate-limited`, with the seconds until one more is let through.
    pub fn take(&self, tenant: &str) -> Result<(), Problem> {
        let standing = self.standing.get_or_init(|| self.limiter.take(tenant));
        if standing.allowed {
            Ok(())
        } else {
            Err(Problem::from(ProblemType::RateLimited).retry_after_s(standing.reset_s))
        }
    }

    /// Adds where the tenant stands, if the request was counted, to a response's headers.
    pub fn write(&self, headers: &mut HeaderMap) {
        let Some(standing) = self.standing.get() else { return };
        headers.insert(RATE_LIMIT_POLICY, self.limiter.policy.clone());
        let told = format!("\"{}\";r={};t={}", self.limiter.name, standing.remaining, standing.reset_s);
        if let Ok(told) = HeaderValue::try_from(told) {
            headers.insert(RATE_LIMIT, told);
        }
    }
}

/// Where a tenant stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    allowed: bool,
    /// Requests that would be let through right now.
    remaining: u32,
    /// Until the quota is full again; when it is used up, until one more is let through.
    reset_s: u32,
}

type Tenants<C> = RateLimiter<String, HashMapStateStore<String>, C, StateInformationMiddleware>;

/// One quota, kept for every tenant that used some of it lately.
struct Limiter<C: Clock> {
    name: &'static str,
    quota: NonZeroU32,
    /// As every answer tells it.
    policy: HeaderValue,
    tenants: Tenants<C>,
    taken: AtomicU32,
}

impl<C: Clock> fmt::Debug for Limiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("name", &self.name).field("quota", &self.quota).finish_non_exhaustive()
    }
}

impl<C: Clock> Limiter<C> {
    fn new(name: &'static str, per_minute: NonZeroU32, clock: C) -> Self {
        let tenants = RateLimiter::hashmap_with_clock(Quota::per_minute(per_minute), clock);
        let policy = HeaderValue::try_from(format!("\"{name}\";q={per_minute};w={WINDOW_S}"));
        let policy = policy.unwrap_or(HeaderValue::from_static(""));
        Self { name, quota: per_minute, policy, tenants: tenants.with_middleware(), taken: AtomicU32::new(0) }
    }

    fn take(&self, tenant: &str) -> Standing {
        self.forget_the_rested();
        let standing = |allowed, remaining, reset_s| Standing { allowed, remaining, reset_s };
        match self.tenants.check_key(&tenant.to_owned()) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let used = self.quota.get().saturating_sub(remaining);
                standing(true, remaining, whole_seconds(self.fill_time(if remaining == 0 { 1 } else { used })))
            }
            Err(refused) => {
                let wait = refused.earliest_possible().duration_since(self.tenants.clock().now());
                standing(false, 0, whole_seconds(wait.into()))
            }
        }
    }

    /// How long it takes until that many more are there.
    fn fill_time(&self, requests: u32) -> Duration {
        Duration::from_secs(u64::from(WINDOW_S)) * requests / self.quota.get()
    }

    /// Whose quota is full again need not be remembered: memory follows the tenants of the last minute.
    fn forget_the_rested(&self) {
        if self.taken.fetch_add(1, Ordering::Relaxed) % RATE_SWEEP == RATE_SWEEP - 1 {
            self.tenants.retain_recent();
        }
    }
}

/// At least one: whoever comes back within the same second would be told the same again.
fn whole_seconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
#[path = "rate_limit_tests.rs"]
mod tests;
