//! The id of a price rule comes into a scope. It is in one scope at a time, and which one that is can only be seen in the
//! log: each scope is a stream of its own, and there is none that everybody who sets the id would write, so that no
//! version tells that somebody else was faster.
//!
//! So it is not written with a batch but in a transaction of its own: the id's lock, one more look where the id is, the
//! append, all over one connection. Whoever sets the id for another scope meanwhile, in this process or another, waits
//! for the lock and then finds it there. A lock held beside the append would not do: it goes when its connection is cut,
//! the caller leaves or its patience ends, and the batch is still sent. Here what loses the lock writes nothing. Who has
//! the lock needs no second connection, so that those who wait for it can use up a small pool without stopping it.

use std::time::Duration;

use domain::StreamId;
use event_log::{Submission, Ticket, Verdict, append};
use sqlx::PgPool;
use tokio::time::timeout;
use uuid::Uuid;

use crate::bus::{Attempt, rejection, replay, submission};
use crate::under_way::Turn;
use crate::{Answer, Bus, Failure, Receipt, Rejection, Work, index};

/// How long a caller waits for it to be written.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the server lets one wait for the others: an append takes milliseconds.
const WAIT: &str = "set local lock_timeout = '5s'";
/// Until the transaction ends, however that comes about.
const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('price-rule/' || $1::text, 0))";

/// Where the id was when its command was decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub rule_id: Uuid,
    /// The scope it was in last, be it there or removed by now.
    pub last_in: Option<Uuid>,
}

impl Entry {
    /// Appends, unless the id has come into another scope since: then there is no verdict.
    async fn append(self, pool: &PgPool, submission: &Submission) -> Result<Option<Verdict>, sqlx::Error> {
        let mut tx = pool.begin().await?;
        sqlx::query(WAIT).execute(&mut *tx).await?;
        sqlx::query(LOCK).bind(self.rule_id).execute(&mut *tx).await?;
        let now_in = index::price_rule(&mut *tx, self.rule_id).await?.map(|found| found.scope_id);
        if now_in != self.last_in {
            return Ok(None);
        }
        let verdicts = append::append(&mut tx, std::slice::from_ref(submission)).await?;
        tx.commit().await?;
        Ok(verdicts.into_iter().next())
    }
}

impl Bus {
    /// Commits an attempt that brings an id into a scope.
    pub(crate) async fn enter(
        &self,
        turn: &Turn<'_>,
        work: Work<'_>,
        answer: Answer,
        entry: Entry,
    ) -> Result<Attempt, Rejection> {
        // What it was decided on is in a batch still: it would be written before that.
        if work.log.tickets.iter().any(|ticket| ticket.is_pending() || ticket.has_failed()) {
            return Ok(Attempt::Outrun);
        }
        let streams: Vec<StreamId> = work.streams().cloned().collect();
        let (status, fingerprint) = (answer.status, work.context.key.fingerprint.clone());
        let (submission, body) = submission(turn.key, work, answer, Ticket::default());
        let appended = timeout(PATIENCE, entry.append(&self.pool, &submission)).await;
        // Memory has none of what was written here.
        self.states.forget(&streams);
        let verdict = appended.map_err(|_| Rejection::Unavailable)?.map_err(|error| rejection(Failure::from(error)))?;
        match verdict {
            Some(Verdict::Appended { last, .. }) => {
                self.batcher.note_committed(last);
                Ok(Attempt::Done(Receipt { status, answer: body, last_position: last, replayed: false, at: None }))
            }
            Some(Verdict::Done(stored)) => replay(stored, &fingerprint).map(Attempt::Done),
            Some(Verdict::Conflict) | None => Ok(Attempt::Outrun),
        }
    }
}
