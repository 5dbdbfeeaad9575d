//! The command loop: authorise, load, decide, append, and again if somebody was faster.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Decider, StreamId};
use event_log::append::{self, StoredOutcome};
use event_log::stream::{self, Versioned};
use event_log::{AppendError, Batcher, LogError, Submission, Ticket, Verdict, patience};
use sqlx::PgPool;
use tracing::{Instrument, debug, error, info_span};
use uuid::Uuid;

pub use crate::rejection::Rejection;
pub(crate) use crate::rejection::rejection;

use crate::authorise;
use crate::states::{Slot, States};
use crate::under_way::{Begun, Turn, UnderWay};
use crate::work::AnswerBody;
use crate::{Clock, Command, Context, Failure, Key, Work};

/// How often a command is decided anew after losing a race to another process.
const CONFLICTS: u32 = 3;
/// How often it is decided anew after losing one within this process, where somebody else always gets ahead.
const SPINS: u32 = 10_000;
/// How long a caller waits for the log's verdict.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes commands. Clones share everything.
#[derive(Clone)]
pub struct Bus {
    pub(crate) pool: PgPool,
    pub(crate) states: States,
    pub(crate) under_way: UnderWay,
    pub(crate) batcher: Batcher,
    clock: Arc<dyn Clock>,
    seller: Arc<crate::seller::Seller>,
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").finish_non_exhaustive()
    }
}

/// A success: what to answer, and where it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    pub status: u16,
    pub answer: ReceiptBody,
    /// Of the command's last event; without events, where the log was.
    pub last_position: i64,
    /// Whether this is the kept outcome of an earlier request with the same key.
    pub replayed: bool,
    /// Business time of a request that wrote nothing; what was written has its own.
    pub at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ReceiptBody {
    /// A resource of ours at this version.
    Resource { stream: StreamId, version: i64 },
    /// JSON kept with the key.
    Other(String),
}

impl Bus {
    pub fn new(pool: PgPool, batcher: Batcher, clock: Arc<dyn Clock>, seller: Arc<crate::seller::Seller>) -> Self {
        Self { pool, states: States::default(), under_way: UnderWay::default(), batcher, clock, seller }
    }

    /// The same bus, for callers who wait so long for another request with their key.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.under_way.patience = patience;
        self
    }

    /// Business time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub fn seller(&self) -> &crate::seller::Seller {
        &self.seller
    }

    /// Decides and appends. The same key with the same request answers the same again, for ever; while the first such
    /// request is under way in this process, another one waits for it.
    ///
    /// # Errors
    /// [`Rejection`].
    pub async fn execute<C: Command>(&self, context: &Context, command: &C) -> Result<Receipt, Rejection> {
        self.execute_in(None, context, command).await
    }

    /// As [`execute`](Self::execute), in the turn of the context's key if it has begun already.
    ///
    /// # Errors
    /// [`Rejection`].
    pub(crate) async fn execute_in<C: Command>(
        &self,
        turn: Option<Turn<'_>>,
        context: &Context,
        command: &C,
    ) -> Result<Receipt, Rejection> {
        let (operation, correlation_id) = (C::OPERATION.name(), context.trace.correlation_id.as_str());
        let span = info_span!("command", operation, correlation_id);
        async {
            let outcome = self.run(turn, context, command).await;
            note(&outcome);
            let result = if outcome.is_ok() { "ok" } else { "rejected" };
            metrics::counter!("commands_total", "operation" => C::OPERATION.name(), "result" => result).increment(1);
            outcome
        }
        .instrument(span)
        .await
    }

    async fn run<C: Command>(
        &self,
        turn: Option<Turn<'_>>,
        context: &Context,
        command: &C,
    ) -> Result<Receipt, Rejection> {
        if !authorise::role_may(C::OPERATION, &context.actor) {
            return Err(Rejection::Forbidden);
        }
        let begun = match turn {
            Some(turn) => Begun::First(turn),
            None => self.begin(&context.key).await?,
        };
        let turn = match begun {
            Begun::First(turn) => turn,
            Begun::Done(kept) => return Ok(kept),
        };
        let (mut conflicts, mut spins, mut fresh) = (0, 0, false);
        loop {
            let mut work = Work::new(self, context, C::OPERATION, fresh);
            match command.run(&mut work).await {
                Ok(answer) => match self.commit(&turn, work, answer).await? {
                    Attempt::Done(receipt) => return Ok(receipt),
                    Attempt::Outrun => (spins, fresh) = (spins + 1, false),
                    Attempt::Conflict => (conflicts, fresh) = (conflicts + 1, true),
                },
                // A refusal on what may be an old state is no refusal yet.
                Err(failure) if failure.is_about_state() && !fresh => {
                    fresh = true;
                    continue;
                }
                Err(failure) => return self.reject(context, failure).await,
            }
            if conflicts > 0 && context.if_match.is_some() {
                return self.reject(context, Failure::Stale).await;
            }
            if conflicts > CONFLICTS || spins > SPINS {
                return Err(Rejection::Contention);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn commit(&self, turn: &Turn<'_>, mut work: Work<'_>, answer: crate::Answer) -> Result<Attempt, Rejection> {
        if let Some(entry) = work.log.entry.take() {
            return self.enter(turn, work, answer, entry).await;
        }
        let ticket = Ticket::default();
        let (seen, next) = (work.seen(), work.next(&ticket));
        let status = answer.status;
        let fingerprint = work.context.key.fingerprint.clone();
        let at = work.log.events.is_empty().then_some(work.context.at);
        let (submission, body) = submission(turn.key, work, answer, ticket);
        let queued = self.states.advance(&seen, next, || self.batcher.submit(submission));
        let Some(queued) = queued else { return Ok(Attempt::Outrun) };
        let streams = || seen.iter().map(|(stream, _)| stream);
        let verdict = match queued {
            Ok(receiver) => tokio::time::timeout(PATIENCE, receiver).await,
            Err(error) => {
                self.states.forget(streams());
                return Err(error.into());
            }
        };
        let verdict = verdict.map_err(|_| Rejection::Unavailable)?.unwrap_or(Err(AppendError::Stopping));
        match verdict {
            Ok(Verdict::Appended { last, .. }) => {
                Ok(Attempt::Done(Receipt { status, answer: body, last_position: last, replayed: false, at }))
            }
            Ok(Verdict::Done(stored)) => {
                self.states.forget(streams());
                replay(stored, &fingerprint).map(Attempt::Done)
            }
            Ok(Verdict::Conflict) => {
                self.states.forget(streams());
                Ok(Attempt::Conflict)
            }
            Err(error) => {
                self.states.forget(streams());
                Err(error.into())
            }
        }
    }

    /// What it refuses may be its own effect, committed by another process: the key is looked up once more.
    async fn reject(&self, context: &Context, failure: Failure) -> Result<Receipt, Rejection> {
        if failure.is_about_state()
            && let Some(kept) = self.kept(&context.key).await?
        {
            return Ok(kept);
        }
        Err(rejection(failure))
    }

    /// The kept outcome of an earlier request with this key.
    ///
    /// # Errors
    /// [`Rejection::KeyReused`] when that was another request; [`Rejection::Unavailable`].
    pub(crate) async fn kept(&self, key: &Key) -> Result<Option<Receipt>, Rejection> {
        let stored = patience::answer(&self.pool, append::stored_outcome(&self.pool, key.id())).await;
        let stored = stored.map_err(|error| rejection(Failure::from(error)))?;
        stored.map(|stored| replay(stored, &key.fingerprint)).transpose()
    }

    /// A stream's state as it is now, from memory if it is there; for reading, not for deciding.
    ///
    /// # Errors
    /// [`LogError`].
    pub async fn state<D: Decider>(&self, id: impl std::fmt::Display) -> Result<Arc<Versioned<D::State>>, LogError> {
        let stream = StreamId::new(D::TYPE, id);
        let cached = self.states.get(&stream).filter(|slot| slot.pending().is_none());
        if let Some(state) = cached.and_then(|slot| slot.state::<D>()) {
            return Ok(state);
        }
        let loading = stream::load::<D, _>(&self.pool, &stream.id, Versioned::default());
        let loaded = patience::answer(&self.pool, loading).await?;
        Ok(Arc::new(loaded))
    }

    /// A stream's state with everything that any process has written by now, where an old state would mislead.
    ///
    /// # Errors
    /// [`LogError`].
    pub async fn current<D: Decider>(&self, id: impl std::fmt::Display) -> Result<Arc<Versioned<D::State>>, LogError> {
        let stream = StreamId::new(D::TYPE, id);
        let cached = self.states.get(&stream).filter(|slot| slot.pending().is_none());
        let base = cached.and_then(|slot| slot.state::<D>()).unwrap_or_default();
        let news = stream::events(&self.pool, D::TYPE.name(), &stream.id, base.version);
        let events = patience::answer(&self.pool, news).await?;
        if events.is_empty() {
            return Ok(base);
        }
        let mut folded = Versioned::clone(&base);
        for recorded in &events {
            stream::fold_one::<D>(&mut folded, recorded)?;
        }
        let folded = Arc::new(folded);
        self.states.remember(&stream, Slot::new::<D>(Arc::clone(&folded), None));
        Ok(folded)
    }

    /// A stream's state at one version.
    ///
    /// # Errors
    /// [`LogError`].
    pub async fn state_at<D: Decider>(&self, id: &str, version: i64) -> Result<Arc<Versioned<D::State>>, LogError> {
        let stream = StreamId::new(D::TYPE, id);
        let cached = self.states.get(&stream).filter(|slot| slot.version == version && slot.pending().is_none());
        if let Some(state) = cached.and_then(|slot| slot.state::<D>()) {
            return Ok(state);
        }
        let loading = stream::load_until::<D, _>(&self.pool, id, Versioned::default(), version);
        let loaded = patience::answer(&self.pool, loading).await?;
        Ok(Arc::new(loaded))
    }
}

/// How one attempt ended.
pub(crate) enum Attempt {
    Done(Receipt),
    /// A command of this process was faster.
    Outrun,
    /// Another process was faster.
    Conflict,
}

pub(crate) fn submission(id: Uuid, work: Work<'_>, answer: crate::Answer, ticket: Ticket) -> (Submission, ReceiptBody) {
    let (result, outcome, body) = match answer.body {
        AnswerBody::Resource(stream) => {
            let version = work.version(&stream);
            // The resource then looks as it did at this time, which no event tells.
            let at = work.log.events.is_empty().then(|| serde_json::json!({ "at": work.context.at }).to_string());
            (Some((stream.clone(), version)), at, ReceiptBody::Resource { stream, version })
        }
        AnswerBody::Other(json) => (None, Some(json.to_string()), ReceiptBody::Other(json.to_string())),
    };
    let fingerprint = work.context.key.fingerprint.clone();
    let (log, reads) = work.into_parts();
    let submission = Submission {
        id,
        fingerprint,
        status: answer.status,
        result,
        outcome,
        reads,
        events: log.events,
        personal: log.personal,
        ticket,
        depends_on: log.tickets,
    };
    (submission, body)
}

pub(crate) fn replay(stored: StoredOutcome, fingerprint: &[u8]) -> Result<Receipt, Rejection> {
    if stored.fingerprint != fingerprint {
        return Err(Rejection::KeyReused);
    }
    let (answer, at) = match (stored.aggregate_type, stored.aggregate_id, stored.outcome) {
        (Some(aggregate), Some(id), outcome) => {
            let aggregate = domain::AggregateType::parse(&aggregate).ok_or(Rejection::Internal)?;
            let resource = ReceiptBody::Resource { stream: StreamId { aggregate, id }, version: stored.version };
            (resource, outcome.map(|json| asked_at(&json)).transpose()?)
        }
        (_, _, Some(json)) => (ReceiptBody::Other(json), None),
        _ => return Err(Rejection::Internal),
    };
    let status = u16::try_from(stored.status).map_err(|_| Rejection::Internal)?;
    Ok(Receipt { status, answer, last_position: stored.last_position, replayed: true, at })
}

/// When a request that wrote nothing was made.
fn asked_at(outcome: &str) -> Result<DateTime<Utc>, Rejection> {
    let outcome: serde_json::Value = serde_json::from_str(outcome).map_err(|_| Rejection::Internal)?;
    let at = outcome.get("at").and_then(serde_json::Value::as_str);
    at.and_then(|at| at.parse().ok()).ok_or(Rejection::Internal)
}

fn note(outcome: &Result<Receipt, Rejection>) {
    match outcome {
        Ok(Receipt { answer: ReceiptBody::Resource { stream, version }, last_position, replayed, .. }) => {
            debug!(%stream, version, position = last_position, replayed, "done");
        }
        Ok(receipt) => debug!(position = receipt.last_position, replayed = receipt.replayed, "done"),
        Err(Rejection::Internal) => error!("a command failed for a reason of ours"),
        Err(rejection) => debug!(%rejection, "rejected"),
    }
}

impl Failure {
    /// Whether another state could have led to another end.
    fn is_about_state(&self) -> bool {
        match self {
            Self::Refused(_) | Self::NotFound | Self::Stale => true,
            Self::Forbidden | Self::Log(_) | Self::Encoding(_) => false,
        }
    }
}
