//! Commands that were decided on something that no stream's version tells of, and how such a one is appended: not with a
//! batch but in a transaction of its own, which takes a lock, looks once more, and appends, all over one connection.
//! Whoever wants the same meanwhile, in this process or another, waits for the lock and then finds it. A lock held beside
//! the append would not do: it goes when its connection is cut, the caller leaves or its patience ends, and the batch is
//! still sent. Here what loses the lock writes nothing. Who has the lock needs no second connection, so that those who
//! wait for it can use up a small pool without stopping it.
//!
//! - The id of a price rule comes into a scope. It is in one scope at a time, and which one that is can only be seen in the
//!   log: each scope is a stream of its own, and there is none that everybody who sets the id would write.
//! - A customer is closed. An account opened, an invoice issued or a balance credited at the same moment is a stream of its
//!   own. So it is with an account that is closed, to which an order or a subscription may come. Both look under the lock
//!   of the log itself, so that between that look and the append nobody writes anything.
//! - An account is linked to one that the provider has already. Another one of ours that gets the same at that moment is a
//!   stream of its own. It looks under the lock of the log too, for the provider's own answers link accounts as well.

use std::time::Duration;

use domain::{AggregateType, StreamId};
use event_log::{Submission, Ticket, Verdict, append};
use sqlx::{PgConnection, PgPool};
use tokio::time::timeout;
use uuid::Uuid;

use crate::bus::{Attempt, rejection, replay, submission};
use crate::under_way::Turn;
use crate::{Answer, Bus, Failure, Receipt, Rejection, Work, index};

/// How long a caller waits for it to be written.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the server lets one wait for the others, an append taking milliseconds; and how long one that has gone without
/// a word keeps them waiting, for it may hold the lock of the log.
const WAIT: &str = "select set_config('lock_timeout', '5s', true), \
    set_config('idle_in_transaction_session_timeout', '5s', true)";
/// Until the transaction ends, however that comes about.
const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('price-rule/' || $1::text, 0))";

/// What a command was decided on that no version tells.
#[derive(Debug)]
pub(crate) enum Entry {
    /// Where the id of a price rule was.
    Rule {
        rule_id: Uuid,
        /// The scope it was in last, be it there or removed by now.
        last_in: Option<Uuid>,
    },
    /// There was nothing to keep this customer open but what the command has read.
    Closing { customer_id: Uuid },
    /// The same of this account.
    ClosingAccount { account_id: Uuid },
    /// No other account had the provider's that this one is linked to.
    Linking { account_id: Uuid, provider_account_id: String },
}

impl Entry {
    /// Appends, unless it is no longer so: then there is no verdict. `seen` is everything that the command has read.
    async fn append(
        self,
        pool: &PgPool,
        submission: &Submission,
        seen: &[StreamId],
    ) -> Result<Option<Verdict>, sqlx::Error> {
        let mut tx = pool.begin().await?;
        sqlx::query(WAIT).execute(&mut *tx).await?;
        if !self.still_holds(&mut tx, seen).await? {
            return Ok(None);
        }
        let verdicts = append::append(&mut tx, std::slice::from_ref(submission)).await?;
        tx.commit().await?;
        Ok(verdicts.into_iter().next())
    }

    /// Whether it is still so, and stays so until the transaction ends.
    async fn still_holds(self, tx: &mut PgConnection, seen: &[StreamId]) -> Result<bool, sqlx::Error> {
        match self {
            Self::Rule { rule_id, last_in } => {
                sqlx::query(LOCK).bind(rule_id).execute(&mut *tx).await?;
                let now_in = index::price_rule(&mut *tx, rule_id).await?.map(|found| found.scope_id);
                Ok(now_in == last_in)
            }
            Self::Closing { customer_id } => {
                append::hold_log_in_tx(tx).await?;
                let accounts = index::open_accounts(&mut *tx, customer_id).await?;
                let invoices = index::open_invoices(&mut *tx, customer_id).await?;
                let balances = index::balances(&mut *tx, customer_id).await?;
                let all = [
                    (AggregateType::Account, accounts),
                    (AggregateType::Invoice, invoices),
                    (AggregateType::Balance, balances),
                ];
                Ok(all.iter().all(|(aggregate, ids)| were_read(seen, *aggregate, ids)))
            }
            Self::ClosingAccount { account_id } => {
                append::hold_log_in_tx(tx).await?;
                let orders = index::open_orders(&mut *tx, account_id).await?;
                let has_live_subscriptions = index::has_live_subscriptions(&mut *tx, account_id).await?;
                Ok(!has_live_subscriptions && were_read(seen, AggregateType::Order, &orders))
            }
            Self::Linking { account_id, provider_account_id } => {
                append::hold_log_in_tx(tx).await?;
                Ok(!index::is_linked_elsewhere(&mut *tx, &provider_account_id, account_id).await?)
            }
        }
    }
}

/// Whether the command has read all of them: what it has read the append checks by its version.
fn were_read(seen: &[StreamId], aggregate: AggregateType, ids: &[Uuid]) -> bool {
    ids.iter().all(|id| seen.contains(&StreamId::new(aggregate, id)))
}

impl Bus {
    /// Commits an attempt that was decided on something that no version tells.
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
        let appended = timeout(PATIENCE, entry.append(&self.pool, &submission, &streams)).await;
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
