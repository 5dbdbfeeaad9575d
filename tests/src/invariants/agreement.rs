//! Asks the provider what it has and holds it against the log, more than once where they differ: a system at work may
//! be ahead on either side.

use std::time::Duration;

use anyhow::Context;
use event_log::Recorded;
use event_log::recorded::COLUMNS;
use serde::Deserialize;
use sqlx::{Connection, PgConnection};

use super::evidence::Evidence;
use super::sides::{Here, Open, Theirs};

/// Between one look and the next at what differs. Only what every look finds is told.
const AGAIN: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

const EVENTS: &str = "events where aggregate_type in ('subscription', 'order', 'account', 'drift') order by position";
const OPEN: &str = "select kind, subject from effects where state in ('due', 'dead')";

#[derive(Deserialize)]
struct Shown {
    subscriptions: Vec<Theirs>,
}

/// How many were compared, and what differs.
pub(super) async fn check(
    evidence: &Evidence,
    database_url: &str,
    (http, url): (&reqwest::Client, &str),
) -> anyhow::Result<(usize, Vec<String>)> {
    let open = evidence.effects.iter().filter(|effect| matches!(effect.state.as_str(), "due" | "dead"));
    let open: Vec<Open> =
        open.map(|effect| Open { kind: effect.kind.clone(), subject: effect.subject.clone() }).collect();
    let here = Here::of(|| evidence.events.iter(), &open);
    let theirs = shown(http, url).await?;
    let mut differing = here.differences(&theirs);
    for pause in AGAIN {
        if differing.is_empty() {
            break;
        }
        tokio::time::sleep(pause).await;
        let still = read(database_url).await?.differences(&shown(http, url).await?);
        differing.retain(|found| still.contains(found));
    }
    Ok((here.count(&theirs), differing))
}

async fn shown(http: &reqwest::Client, url: &str) -> anyhow::Result<Vec<Theirs>> {
    let answer = http.get(format!("{url}/sim/subscriptions")).send().await.context("the provider cannot be reached")?;
    let shown: Shown = answer.error_for_status()?.json().await?;
    Ok(shown.subscriptions)
}

/// Both parts in one snapshot.
async fn read(database_url: &str) -> anyhow::Result<Here> {
    let mut connection = PgConnection::connect(database_url).await.context("the database cannot be reached")?;
    let mut tx = connection.begin_with("begin isolation level repeatable read read only").await?;
    let events: Vec<Recorded> = sqlx::query_as(&format!("select {COLUMNS} from {EVENTS}")).fetch_all(&mut *tx).await?;
    let open: Vec<Open> = sqlx::query_as(OPEN).fetch_all(&mut *tx).await?;
    Ok(Here::of(|| events.iter(), &open))
}
