//! Named places where a test may make the process die as if by kill -9.

/// Dies here if `CLOUDSALES_CRASH_AT` says so: `name` for the first passage, `name:k` for the k-th.
///
/// Compiled to nothing in release builds: a shipped process cannot be told to die.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PLAN: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);

    let plan = PLAN.get_or_init(|| {
        let plan = std::env::var("CLOUDSALES_CRASH_AT").ok()?;
        let (name, nth) = plan.split_once(':').unwrap_or((&plan, "1"));
        Some((name.to_owned(), nth.parse().ok()?))
    });
    if let Some((planned, nth)) = plan
        && planned == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *nth
    {
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
pub fn point(_name: &str) {}

/// Every crash point there is; the crash programme hits each of them.
pub const POINTS: &[&str] = &[
    "append.before",
    "append.after",
    "relay.before_publish",
    "relay.after_publish",
    "reader.before_commit",
    "reader.after_commit",
    "effect.before_call",
    "effect.after_call",
    "webhook.before_insert",
    "webhook.after_insert",
    "billing.before_append",
    "billing.after_append",
    "payment.intent_committed",
    "payment.charged_not_recorded",
    "mail.sent_not_noted",
];
