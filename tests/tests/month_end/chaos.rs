//! What dies while a month ends, and when.

use std::time::Duration;

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
        let fault = ends(&mut town, &mut dice).await?;
        town.recovers().await?;
        println!("{}, round {round}: {fault}", town.next);
        town.is_judged().await?;
    }
    Ok(())
}

/// The last midnight of the month, and what strikes around it.
async fn ends(town: &mut Town, dice: &mut Dice) -> anyhow::Result<String> {
    let trouble = TROUBLES[usize::try_from(dice.below(TROUBLES.len() as u64))?];
    let script = json!({ "fault": trouble, "match": { "path": "/v1/billing" }, "times": 2, "ms": 300 });
    story::troubles(&town.world, &script).await?;
    let fault = match dice.below(4) {
        0 => dies_at_a_point(town, dice).await?,
        1 => both_move_and_ask(town, dice).await?,
        2 => kills(town, dice, &[Side::First, Side::Twin]).await?,
        _ => {
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
