//! Waiting until everything that was begun has come to its end.

use std::time::Duration;

use anyhow::bail;
use event_log::mirror::{Mirror, MirrorConfig};
use sqlx::{Connection, FromRow, PgConnection};
use tokio::time::Instant;

use crate::world::World;
use crate::world::nats;

const LOOK: Duration = Duration::from_millis(50);

/// What is still under way.
#[derive(Debug, FromRow)]
struct UnderWay {
    head: i64,
    /// Readers that are not at the head.
    readers: i64,
    /// Effects that are not settled.
    effects: i64,
    /// Orders that are not final.
    orders: i64,
}

const QUERY: &str = "select h.position as head, \
    (select count(*) from readers r where r.position < h.position) as readers, \
    (select count(*) from effects where state = 'due') as effects, \
    (select count(*) from read_orders o join readers r on r.name = 'orders' and r.generation = o.generation \
     where o.status not in ('fulfilled', 'partially_fulfilled', 'failed', 'cancelled')) as orders from log_head h";

/// Returns once every order is final, every effect settled, and every reader and the mirror at the head. Webhooks may
/// still lie in the inbox: hints about what was never ours are let go of later, without a trace.
pub(super) async fn wait(world: &World, limit: Duration) -> anyhow::Result<()> {
    let place = &world.settings.mirror;
    let config = MirrorConfig {
        stream: place.stream.clone(),
        subject_prefix: place.subject_prefix.clone(),
        max_bytes: i64::try_from(place.max_bytes)?,
    };
    let mirror = Mirror::new(nats::connect(&place.nats_url).await?, config);
    let mut connection = PgConnection::connect(&world.admin_url).await?;
    let deadline = Instant::now() + limit;
    loop {
        let found: UnderWay = sqlx::query_as(QUERY).fetch_one(&mut connection).await?;
        let mirrored = mirror.info().await.ok().flatten().map(|info| info.state.last_sequence);
        let open = found.readers + found.effects + found.orders;
        if open == 0 && mirrored == Some(found.head.unsigned_abs()) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!("still under way: {found:?}, mirrored up to {mirrored:?}\n{}", effects(&mut connection).await?);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A few of the open effects, for whoever has to find out why.
async fn effects(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let open: Vec<String> = sqlx::query_scalar(
        "select format('%s %s: %s tries, %s looks, due %s, leased until %s, %s', kind, subject, attempts, asked, due_at, \
         lease_until, outcome) from effects where state = 'due' order by due_at limit 5",
    )
    .fetch_all(connection)
    .await?;
    Ok(open.join("\n"))
}
