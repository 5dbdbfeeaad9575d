//! The servers underneath: Postgres crashes, NATS loses everything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use tests::trial::{RECOVERY, Trial};

const ROUNDS: u32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn crash_of_postgres() -> anyhow::Result<()> {
    let mut trial = Trial::start("5-postgres").await?;
    let pid = trial.world.product.pid();
    let mut round = trial.round("Postgres stopped at once").await?;
    for _ in 0..ROUNDS {
        round.driver.progress(15, RECOVERY).await?;
        trial.postgres()?.immediate_stop().await?;
        trial.postgres()?.start_again().await?;
        round.struck().await?;
    }
    trial.judge(round).await?;

    let mut round = trial.round("kill -9 of Postgres' postmaster").await?;
    for _ in 0..ROUNDS {
        round.driver.progress(15, RECOVERY).await?;
        trial.postgres()?.kill_postmaster().await?;
        trial.postgres()?.start_again().await?;
        round.struck().await?;
    }
    trial.judge(round).await?;
    assert!(trial.world.product.is_running() && trial.world.product.pid() == pid, "the product was to outlive it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_of_nats_with_everything_on_it() -> anyhow::Result<()> {
    let mut trial = Trial::start("6-nats").await?;
    let pid = trial.world.product.pid();
    let mut round = trial.round("NATS killed, its store lost").await?;
    for _ in 0..ROUNDS {
        round.driver.progress(15, RECOVERY).await?;
        trial.nats()?.kill().await?;
        trial.nats()?.wipe_store()?;
        // Everything works without it.
        round.driver.progress(15, RECOVERY).await?;
        trial.nats()?.start_again().await?;
        round.struck().await?;
    }
    trial.judge(round).await?;

    let mut round = trial.round("NATS killed, an old copy of its store put back").await?;
    let copy = trial.world.folder.join("old-store");
    trial.nats()?.copy_store(&copy)?;
    round.driver.progress(30, RECOVERY).await?;
    trial.nats()?.kill().await?;
    trial.nats()?.restore_store(&copy)?;
    trial.nats()?.start_again().await?;
    round.struck().await?;
    trial.judge(round).await?;
    assert!(trial.world.product.is_running() && trial.world.product.pid() == pid, "the product was to outlive it");
    Ok(())
}
