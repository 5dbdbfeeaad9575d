//! Killed processes, and two of each role at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use tests::trial::{Dice, RECOVERY, Trial};

const KILLS: u32 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn crash_of_the_product_again_and_again() -> anyhow::Result<()> {
    let (mut trial, mut dice) = (Trial::start("3-kills").await?, Dice::thrown());
    let mut round = trial.round("kill -9 of the product at random moments").await?;
    for _ in 0..KILLS {
        round.driver.progress(dice.below(25), RECOVERY).await?;
        trial.kill_product(&mut round).await?;
    }
    trial.judge(round).await
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_of_a_twin_of_every_role() -> anyhow::Result<()> {
    let mut trial = Trial::start("4-twins").await?;
    let (_, mut twin) = trial.world.twin().await?;
    let mut round = trial.round("two of every role at once").await?;
    round.driver.progress(60, RECOVERY).await?;
    round.struck().await?;
    trial.judge(round).await?;

    let mut round = trial.round("two of every role, each killed in turn").await?;
    for _ in 0..2 {
        round.driver.progress(20, RECOVERY).await?;
        twin.kill9().await?;
        round.struck().await?;
        round.driver.progress(20, RECOVERY).await?;
        twin.start_again().await?;
        trial.kill_product(&mut round).await?;
    }
    trial.judge(round).await
}
