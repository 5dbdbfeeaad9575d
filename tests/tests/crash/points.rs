//! Death at each named crash point.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use event_log::crash::POINTS;
use tests::trial::Trial;

use crate::payments;

/// At which passage to die: late enough that the load is in full swing.
const WRITING: &[(&str, u32)] = &[
    ("append.before", 12),
    ("append.after", 12),
    ("relay.before_publish", 9),
    ("relay.after_publish", 9),
    ("webhook.before_insert", 3),
];
const READING: &[(&str, u32)] = &[
    ("reader.before_commit", 40),
    ("reader.after_commit", 40),
    ("effect.before_call", 6),
    ("effect.after_call", 6),
    ("webhook.after_insert", 3),
];
/// Passed only when a month ends; tried where months end.
const BILLING: [&str; 2] = ["billing.before_append", "billing.after_append"];
/// Passed only where there is a mail server; tried in the stories of mail.
const MAIL: [&str; 1] = ["mail.sent_not_noted"];

async fn crash_at_each(name: &str, points: &[(&str, u32)]) -> anyhow::Result<()> {
    let mut trial = Trial::start(name).await?;
    for (point, nth) in points {
        let mut round = trial.round(format!("the product dies at `{point}`")).await?;
        trial.crash_at(&mut round, point, *nth).await?;
        round.driver.progress(20, tests::trial::RECOVERY).await?;
        trial.judge(round).await?;
    }
    Ok(())
}

#[test]
fn every_crash_point_is_in_the_programme() {
    let tried: BTreeSet<&str> = WRITING
        .iter()
        .chain(READING)
        .map(|(point, _)| *point)
        .chain(BILLING)
        .chain(payments::POINTS)
        .chain(MAIL)
        .collect();
    assert_eq!(tried, POINTS.iter().copied().collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_at_each_point_of_writing() -> anyhow::Result<()> {
    crash_at_each("1-points-writing", WRITING).await
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_at_each_point_of_reading_and_doing() -> anyhow::Result<()> {
    crash_at_each("2-points-reading", READING).await
}
