//! What the gateway does wrong, and how often.

use serde_json::{Value, json};
use tests::gateways::{desk, payments_go_wrong};
use tests::trial::Dice;
use tests::world::World;

/// More often than anything is asked.
const ALWAYS: u64 = 1_000_000;

/// What happens to calls, in parts of a hundred: sixty in all. Longer than the product waits is `timeout_after`.
const CALLS: [(&str, u32, u64); 8] = [
    ("500_after", 12, 0),
    ("500_before", 10, 0),
    ("reset", 10, 0),
    ("429", 6, 1_000),
    ("503", 6, 1_000),
    ("timeout_after", 2, 17_000),
    ("delay", 7, 400),
    ("drip", 7, 400),
];

/// What charges come to, what is shown of them, and what webhooks do; each on its own.
const ANSWERS: [(&str, &str, &str, f64); 11] = [
    ("POST", "/v1/payment-requests", "outcome:declined", 0.1),
    ("POST", "/v1/payment-requests", "outcome:expired", 0.1),
    ("GET", "/v1/payment-requests", "stale", 0.2),
    ("GET", "/v1/payment-requests", "amount:0.01", 0.1),
    ("GET", "/v1/payment-requests", "currency:USD", 0.05),
    ("POST", "payment.", "webhook_lost", 0.2),
    ("POST", "payment.", "webhook_repeat", 0.2),
    ("POST", "payment.", "webhook_reorder", 0.1),
    ("POST", "payment.", "webhook_late", 0.1),
    ("POST", "payment.", "webhook_forged", 0.2),
    ("POST", "payment.", "amount:0.01", 0.1),
];

/// From now on.
pub async fn begin(world: &World, dice: &mut Dice) -> anyhow::Result<()> {
    let mut spared = 100;
    for (fault, share, ms) in CALLS {
        // The first script that strikes wins: each sees only what those before have let pass.
        let share_of_rest = f64::from(share) / f64::from(spared);
        spared -= share;
        let matching = json!({ "path": "/v1/payment-requests" });
        let script = json!({ "match": matching, "fault": fault, "ms": ms, "share": share_of_rest });
        payments_go_wrong(world, &seeded(script, dice)).await?;
    }
    for (method, path, fault, share) in ANSWERS {
        let script = json!({ "match": { "method": method, "path": path }, "fault": fault, "share": share });
        payments_go_wrong(world, &seeded(script, dice)).await?;
    }
    Ok(())
}

/// How often each has struck.
pub async fn struck(world: &World) -> anyhow::Result<Vec<(String, u64)>> {
    let shown = desk(world)?.get("/sim/faults").await?.body;
    let of = |script: &Value| Some((script["fault"].as_str()?.to_owned(), script["hits"].as_u64()?));
    Ok(shown["faults"].as_array().into_iter().flatten().filter_map(of).collect())
}

/// Every charge the gateway has under way is done, and everything it had to tell is told, however late.
pub async fn falls_silent(world: &World) -> anyhow::Result<()> {
    let silent = |body: &Value| {
        ["unfinished", "undelivered_webhooks", "late_webhooks"].iter().all(|name| body[*name].as_u64() == Some(0))
    };
    let desk = desk(world)?;
    // Who was away for long is told again only after half a minute.
    if desk.wait_until("/sim/health", silent).await.is_err() {
        desk.wait_until("/sim/health", silent).await?;
    }
    Ok(())
}

fn seeded(mut script: Value, dice: &mut Dice) -> Value {
    script["seed"] = dice.below(1_000_000).into();
    script["times"] = ALWAYS.into();
    script
}
