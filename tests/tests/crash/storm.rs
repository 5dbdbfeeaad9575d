//! Everything at random, for a long time; with `CLOUDSALES_LONG=1` only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use event_log::crash::POINTS;
use serde_json::json;
use tests::trial::{Dice, RECOVERY, Round, Trial};

const ROUNDS: u32 = 30;
const PROVIDER: [&str; 14] = [
    "500_after",
    "500_before",
    "reset",
    "429",
    "delay",
    "drip",
    "stale",
    "partial",
    "reject_line",
    "webhook_lost",
    "webhook_repeat",
    "webhook_reorder",
    "webhook_late",
    "webhook_forged",
];

async fn strike(trial: &mut Trial, round: &mut Round, dice: &mut Dice) -> anyhow::Result<()> {
    match dice.below(6) {
        0 => trial.kill_product(round).await,
        1 => {
            // No month ends here, nobody pays, and there is no mail server.
            let elsewhere = ["billing.", "payment.", "mail."];
            let passed = |point: &&str| !elsewhere.iter().any(|part| point.starts_with(part));
            let points: Vec<&str> = POINTS.iter().copied().filter(passed).collect();
            let point = points[usize::try_from(dice.below(points.len() as u64))?];
            let nth = u32::try_from(1 + dice.below(10))?;
            trial.crash_at(round, point, nth).await
        }
        2 => {
            trial.postgres()?.immediate_stop().await?;
            trial.postgres()?.start_again().await?;
            round.struck().await
        }
        3 => {
            trial.postgres()?.kill_postmaster().await?;
            trial.postgres()?.start_again().await?;
            round.struck().await
        }
        4 => {
            trial.nats()?.kill().await?;
            if dice.below(2) == 0 {
                trial.nats()?.wipe_store()?;
            }
            round.driver.progress(dice.below(10), RECOVERY).await?;
            trial.nats()?.start_again().await?;
            round.struck().await
        }
        _ => {
            trial.world.provider.kill9().await?;
            round.driver.progress(dice.below(10), RECOVERY).await?;
            trial.world.provider.start_again().await?;
            round.struck().await
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn storm() -> anyhow::Result<()> {
    if std::env::var("CLOUDSALES_LONG").is_err() {
        println!("the storm blows with CLOUDSALES_LONG=1 only");
        return Ok(());
    }
    let (mut trial, mut dice) = (Trial::start("storm").await?, Dice::thrown());
    for _ in 0..ROUNDS {
        let mut round = trial.round("a storm of everything").await?;
        let fault = PROVIDER[usize::try_from(dice.below(PROVIDER.len() as u64))?];
        trial.script(&json!({ "fault": fault, "times": 4, "share": 0.3, "seed": dice.below(1_000) })).await?;
        for _ in 0..=dice.below(3) {
            round.driver.progress(dice.below(20), RECOVERY).await?;
            strike(&mut trial, &mut round, &mut dice).await?;
        }
        round.add_faults(trial.end_scripts().await?);
        trial.judge(round).await?;
    }
    Ok(())
}
