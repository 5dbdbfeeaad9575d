//! A reader that writes down everything it is given, so that nothing it does wrong goes unseen.

use std::sync::Arc;

use anyhow::ensure;
use event_log::{ApplyError, Reader, Recorded};
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Semaphore;

/// Applies every event it can decode as one more row. Twins share the name and the tables.
#[derive(Debug)]
pub struct Ledger {
    /// One permit for each batch it may apply.
    gate: Option<Arc<Semaphore>>,
}

pub const LEDGER: &str = "ledger";

impl Ledger {
    pub fn open() -> Self {
        Self { gate: None }
    }

    /// One that stops in the middle of a transaction until a permit is given.
    pub fn behind(gate: &Arc<Semaphore>) -> Self {
        Self { gate: Some(Arc::clone(gate)) }
    }

    /// Makes the tables. Nothing in them is unique: a doublet must be found, not prevented.
    ///
    /// # Errors
    /// Any database error.
    pub async fn prepare(owner: &PgPool) -> anyhow::Result<()> {
        let statements = [
            "create table ledger_rows (n bigint generated always as identity, position bigint, aggregate_type text, \
             aggregate_id text, sequence bigint, digest text)",
            "create table ledger_sums (one boolean primary key default true check (one), events bigint not null, \
             positions bigint not null)",
            "insert into ledger_sums (events, positions) values (0, 0)",
            "grant select, insert, update on ledger_rows, ledger_sums to cloudsales_app",
        ];
        for statement in statements {
            sqlx::query(statement).execute(owner).await?;
        }
        Ok(())
    }

    /// Checks that what was written down are the log's events up to its head, each once, in order, byte for byte;
    /// all but those parked.
    ///
    /// # Errors
    /// With what differs.
    pub async fn check(pool: &PgPool) -> anyhow::Result<()> {
        let differing = "with due as (select * from events e \
                where not exists (select from dead_letters d where d.reader = 'ledger' and d.position = e.position)) \
             select count(*) from due e full join ledger_rows l using (position) \
             where e.position is null or l.position is null or l.digest <> md5(e.payload::text) \
                or (l.aggregate_type, l.aggregate_id, l.sequence) <> (e.aggregate_type, e.aggregate_id, e.sequence)";
        let unordered = "select count(*) from (select position, lag(position) over (order by n) before \
             from ledger_rows) l where position <= before";
        let sums = "select count(*) from ledger_sums s where (s.events, s.positions) <> \
             (select count(*), coalesce(sum(position), 0)::bigint from ledger_rows)";
        for (what, sql) in [("differing rows", differing), ("rows out of order", unordered), ("wrong sums", sums)] {
            let found: i64 = sqlx::query_scalar(sql).fetch_one(pool).await?;
            ensure!(found == 0, "the ledger has {what}: {found}");
        }
        Ok(())
    }

    async fn write(&self, tx: &mut PgConnection, events: &[Arc<Recorded>]) -> Result<(), ApplyError> {
        for event in events {
            event.event().map_err(|error| ApplyError::Poison(error.to_string()))?;
        }
        sqlx::query(
            "insert into ledger_rows (position, aggregate_type, aggregate_id, sequence, digest) \
             select p, t, i, s, md5(b) from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[]) \
                with ordinality v(p, t, i, s, b, n) order by n",
        )
        .bind(events.iter().map(|event| event.position).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.aggregate_type.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.aggregate_id.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.sequence).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.payload.as_str()).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
        if let Some(gate) = &self.gate
            && let Ok(permit) = gate.acquire().await
        {
            permit.forget();
        }
        sqlx::query("update ledger_sums set events = events + $1, positions = positions + $2")
            .bind(i64::try_from(events.len()).unwrap_or_default())
            .bind(events.iter().map(|event| event.position).sum::<i64>())
            .execute(tx)
            .await?;
        Ok(())
    }
}

impl Reader for Ledger {
    fn name(&self) -> &'static str {
        LEDGER
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        _generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(self.write(tx, events))
    }
}
