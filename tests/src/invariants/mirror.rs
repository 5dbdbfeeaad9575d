//! The mirror: byte for byte the log, at the log's own positions, and nothing else.

use anyhow::Context;
use event_log::Recorded;
use event_log::mirror::{self, Mirror, MirrorConfig};
use event_log::recorded::COLUMNS;
use futures::{StreamExt, TryStreamExt};
use sqlx::{Connection, PgConnection};

use super::evidence::Evidence;
use super::{Finding, System};
use crate::world::nats;

const CLAIM: &str = "everything on the mirror is the log's, byte for byte, at its position";
/// Messages asked for at the same time.
const AT_ONCE: usize = 64;

pub(super) async fn check(evidence: &Evidence, system: &System) -> anyhow::Result<Finding> {
    let Some(place) = &system.mirror else { return Ok(Finding::not_given(6, CLAIM)) };
    let client = nats::connect(&place.nats_url).await?;
    let (stream, subject_prefix) = (place.stream.clone(), place.subject_prefix.clone());
    let mirror = Mirror::new(client, MirrorConfig { stream, subject_prefix, max_bytes: 0 });
    let Some(info) = mirror.info().await.context("the mirror cannot be read")? else {
        return Ok(Finding::new(6, CLAIM, 0, vec![format!("there is no stream {}", place.stream)]));
    };
    let mut violations = Vec::new();
    if mirror::log_id_of(&info) != Some(evidence.log_id) {
        violations.push("the stream is of another log".to_owned());
    }
    let (first, last) = (info.state.first_sequence, info.state.last_sequence);
    // Only what is committed is published: what is there by now is in the log by now, also behind the snapshot.
    let newer = if last > evidence.head.unsigned_abs() { written_since(evidence, system).await? } else { Vec::new() };
    let compared: Vec<Option<String>> = futures::stream::iter(first.max(1)..=last)
        .map(|position| compare(&mirror, (evidence, newer.as_slice()), position))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let looked_at = compared.len();
    violations.extend(compared.into_iter().flatten());
    Ok(Finding::new(6, CLAIM, looked_at, violations))
}

async fn written_since(evidence: &Evidence, system: &System) -> anyhow::Result<Vec<Recorded>> {
    let mut connection = PgConnection::connect(&system.database_url).await.context("the database cannot be reached")?;
    let sql = format!("select {COLUMNS} from events where position > $1 order by position");
    Ok(sqlx::query_as(&sql).bind(evidence.head).fetch_all(&mut connection).await?)
}

async fn compare(
    mirror: &Mirror,
    (evidence, newer): (&Evidence, &[Recorded]),
    position: u64,
) -> anyhow::Result<Option<String>> {
    let index = usize::try_from(position).unwrap_or(usize::MAX) - 1;
    let known = evidence.events.get(index).or_else(|| newer.get(index.checked_sub(evidence.events.len())?));
    let Some(event) = known else {
        return Ok(Some(format!("the mirror has a message at {position}, where the log ends before")));
    };
    let Some(message) = mirror.message(position).await? else {
        return Ok(Some(format!("the mirror has a hole at {position}")));
    };
    let same = mirror::is_copy(&mirror.config, evidence.log_id, (&message, event));
    Ok((!same).then(|| format!("the message at {position} is not the log's event")))
}
