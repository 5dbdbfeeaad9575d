//! What dies while a month ends, and when.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;
use tests::story;
use tests::trial::Dice;
use tokio::task::JoinHandle;

use crate::town::{Side, Town};

/// Rounds in every run; the storm has more.
const ROUNDS: u32 = 4;
const STORM: u32 = 50;
/// A month's end writes about as many events, so that a kill meets any part of it.
const EVENTS: u64 = 150;
/// How long a doomed process may live on when the run never comes to its crash point.
const DOOMED: Duration = Duration::from_secs(8);
/// How long it may take to a crash point that is on every month's way.
const CERTAIN: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_secs(2);
/// Passed nowhere else: the first rounds are theirs, whatever the dice say.
const OF_BILLING: [&str; 2] = ["billing.before_append", "billing.after_append"];
/// Passages of a crash point among which one is fatal.
const PASSAGES: u64 = 3;
const POINTS: [&str; 8] = [
    "billing.before_append",
    "billing.after_append",
    "effect.before_call",
    "effect.after_call",
    "append.before",
    "append.after",
    "reader.before_commit",
    "reader.after_commit",
];
/// What the provider does wrong when it is asked for a bill; below what opens the breaker.
const TROUBLES: [&str; 4] = ["500_before", "reset", "503", "delay"];

#[tokio::test(flavor = "multi_thread")]
async fn crash_of_two_products_while_months_end() -> anyhow::Result<()> {
    months(ROUNDS).await
}

#[tokio::test(flavor = "multi_thread")]
async fn storm_of_month_ends() -> anyhow::Result<()> {
    if std::env::var("CLOUDSALES_LONG").is_err() {
        println!("the storm blows with CLOUDSALES_LONG=1 only");
        return Ok(());
    }
    months(STORM).await
}

async fn months(rounds: u32) -> anyhow::Result<()> {
    let (mut town, mut dice) = (Town::found().await?, Dice::thrown());
    for round in 0..rounds {
        town.lives().await?;
        let certain = OF_BILLING.get(usize::try_from(round)?).copied();
        let fault = ends(&mut town, &mut dice, certain).await?;
        town.recovers().await?;
        println!("{}, round {round}: {fault}", town.next);
        town.is_judged().await?;
    }
    Ok(())
}

/// The last midnight of the month, and what strikes around it: death at that point, or something at random.
async fn ends(town: &mut Town, dice: &mut Dice, certain: Option<&str>) -> anyhow::Result<String> {
    let trouble = TROUBLES[usize::try_from(dice.below(TROUBLES.len() as u64))?];
    let script = json!({ "fault": trouble, "match": { "path": "/v1/billing" }, "times": 2, "ms": 300 });
    story::troubles(&town.world, &script).await?;
    let fault = match (certain, dice.below(4)) {
        (Some(point), _) => dies_alone_at(town, point).await?,
        (None, 0) => dies_at_a_point(town, dice).await?,
        (None, 1) => both_move_and_ask(town, dice).await?,
        (None, 2) => kills(town, dice, &[Side::First, Side::Twin]).await?,
        (None, _) => {
            let side = if dice.below(2) == 0 { Side::First } else { Side::Twin };
            kills(town, dice, &[side]).await?
        }
    };
    story::calms(&town.world).await?;
    Ok(format!("{fault}; the provider: {trouble}"))
}

/// Somebody moves the clock into the next month; whoever is asked may die over it.
fn moves(town: &Town, side: Side) -> anyhow::Result<JoinHandle<()>> {
    let clock = town.clock(side)?;
    Ok(tokio::spawn(async move { drop(clock.advance("P1D").await) }))
}

/// The other one has ended in order, so that nobody else can come there.
async fn dies_alone_at(town: &mut Town, point: &str) -> anyhow::Result<String> {
    let mut doomed = town.doom(Side::Twin, &format!("{point}:1")).await?;
    town.service(Side::First).stop().await?;
    let moving = moves(town, Side::Twin)?;
    let begun = Instant::now();
    let status = loop {
        if let Ok(status) = doomed.wait(LOOK).await {
            break status;
        }
        ensure!(begun.elapsed() < CERTAIN, "{point} was never hit");
        // What waits for business time is asked for again.
        drop(town.clock(Side::Twin)?.advance("P0D").await);
    };
    ensure!(status.signal().is_some(), "{point} was never hit, it ended by itself: {status}");
    moving.await?;
    Ok(format!("death at {point}, alone"))
}

async fn dies_at_a_point(town: &mut Town, dice: &mut Dice) -> anyhow::Result<String> {
    let point = POINTS[usize::try_from(dice.below(POINTS.len() as u64))?];
    let plan = format!("{point}:{}", 1 + dice.below(PASSAGES));
    let mut doomed = town.doom(Side::Twin, &plan).await?;
    let moving = moves(town, Side::First)?;
    // It may be the other one that comes there.
    let died = doomed.wait(DOOMED).await.is_ok();
    doomed.kill9().await?;
    moving.await?;
    Ok(format!("{} at {plan}", if died { "death" } else { "nobody dies" }))
}

async fn both_move_and_ask(town: &Town, dice: &mut Dice) -> anyhow::Result<String> {
    let moving = [moves(town, Side::First)?, moves(town, Side::Twin)?];
    town.grows_by(dice.below(EVENTS)).await?;
    tokio::try_join!(town.asks_for_invoices(Side::First), town.asks_for_invoices(Side::Twin))?;
    for moving in moving {
        moving.await?;
    }
    Ok("both move the clock, and both are asked for invoices".to_owned())
}

async fn kills(town: &mut Town, dice: &mut Dice, sides: &[Side]) -> anyhow::Result<String> {
    let moving = moves(town, if dice.below(2) == 0 { Side::First } else { Side::Twin })?;
    for side in sides {
        town.grows_by(dice.below(EVENTS)).await?;
        town.service(*side).kill9().await?;
        town.asks_for_invoices(Side::First).await?;
    }
    for side in sides {
        town.service(*side).start_again().await?;
    }
    town.asks_for_invoices(Side::Twin).await?;
    moving.await?;
    Ok(format!("{sides:?} killed, and asked for invoices"))
}
