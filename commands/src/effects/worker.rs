//! Performs due effects, a bounded number at a time.

use std::sync::Arc;
use std::time::Duration;

use domain::process::Lane;
use event_log::error::is_transient;
use event_log::lease::Owner;
use event_log::patience::answer;
use event_log::{LogError, crash};
use futures::future::BoxFuture;
use sqlx::PgPool;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, error, info_span, warn};
use uuid::Uuid;

use super::store::{self, Due};
use super::{Wake, Woken};
use crate::ports::NewId;

/// Effects of a lane performed at once: calls wait for somebody else, rendering keeps a processor busy.
const fn at_once(lane: Lane) -> usize {
    match lane {
        Lane::Provider | Lane::Payments => 16,
        Lane::Mail => 4,
        Lane::Documents => 2,
    }
}
/// How often leases of dead processes are looked for.
const LOOK_FOR_DEAD: Duration = Duration::from_secs(2);
/// How long to wait before an outcome is written down once more.
const NOTE_AGAIN: Duration = Duration::from_millis(200);
/// Longer than any call may take, so that a live worker never loses its lease.
const LEASE: Duration = Duration::from_secs(60);
/// Tries that reached whoever it is for before an effect is given to the operator.
pub const TRIES: u32 = 10;
/// How long the worker sleeps at most: other processes may have made something due.
const NAP_MAX: Duration = Duration::from_millis(500);
/// How long to wait for ourselves: the log was away, or a command lost its races.
const OURSELVES: Duration = Duration::from_millis(250);

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Performed {
    /// It is settled, one way or the other; `outcome` says how.
    Done { outcome: String },
    /// It was not reached, or waits for something: no try.
    Wait { after: Duration, why: String },
    /// Nobody was there for it, and nobody said for how long: no try, but counted, so that the next wait is longer.
    Missed { after: Duration, why: String },
    /// It was looked at and is not over yet. `reference` is their name for what goes on there, once known.
    Poll { after: Duration, reference: Option<String> },
    /// It reached whoever it is for and must be tried again, or asked about.
    Again { after: Duration, why: String },
    /// Nobody foresaw this: the operator decides.
    Dead { reason: String },
}

/// Who can perform effects.
pub trait Performer: Send + Sync + 'static {
    fn perform<'a>(&'a self, due: &'a Due) -> BoxFuture<'a, Performed>;
}

/// Takes due effects of one lane and has them performed.
#[derive(Clone)]
pub struct Worker {
    pub lane: Lane,
    pub pool: PgPool,
    pub performer: Arc<dyn Performer>,
    pub wake: Wake,
    pub new_id: NewId,
    pub owner: Owner,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

impl Worker {
    /// Works until shutdown, then lets what is running come to its end.
    pub async fn run(self, shutdown: CancellationToken) {
        let slots = Arc::new(Semaphore::new(at_once(self.lane)));
        let tasks = TaskTracker::new();
        let mut woken = self.wake.listen();
        let mut looked: Option<Instant> = None;
        let mut doubtful: Option<Uuid> = None;
        while !shutdown.is_cancelled() {
            if looked.is_none_or(|looked| looked.elapsed() >= LOOK_FOR_DEAD) {
                looked = Some(Instant::now());
                self.bury().await;
            }
            if let Some(lease) = doubtful
                && answer(&self.pool, store::give_back(&self.pool, lease)).await.is_ok()
            {
                doubtful = None;
            }
            let (free, lease) = (slots.available_permits(), (self.new_id)());
            let due = if free == 0 { Ok(Vec::new()) } else { self.take(lease, free).await };
            match due {
                Ok(due) if due.is_empty() => self.nap(&mut woken, &slots, &shutdown).await,
                Ok(due) => {
                    for one in due {
                        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
                        let (worker, shutdown) = (self.clone(), shutdown.clone());
                        tasks.spawn(async move {
                            worker.perform(one, &shutdown).await;
                            drop(slot);
                            worker.wake.wake();
                        });
                    }
                }
                Err(error) => {
                    // It may have taken some whose names were lost on the way here: nobody performs those.
                    doubtful = Some(lease);
                    warn!(%error, "effects cannot be read");
                    tokio::time::sleep(NAP_MAX).await;
                }
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    async fn take(&self, lease: Uuid, free: usize) -> Result<Vec<Due>, sqlx::Error> {
        let limit = i64::try_from(free).unwrap_or(1);
        let owner = self.owner.code();
        answer(&self.pool, store::take(&self.pool, self.lane, (lease, &owner), LEASE, limit)).await
    }

    /// Ends the leases of processes of this machine that died: their work need not wait until the leases run out.
    async fn bury(&self) {
        let holders = answer(&self.pool, store::holders(&self.pool)).await.unwrap_or_default();
        for dead in holders.iter().filter(|holder| self.owner.outlives(holder)) {
            if let Err(error) = answer(&self.pool, store::release(&self.pool, dead)).await {
                warn!(%error, "the leases of a dead process were not ended");
            }
        }
    }

    async fn nap(&self, woken: &mut Woken, slots: &Semaphore, shutdown: &CancellationToken) {
        let next = answer(&self.pool, store::next_due(&self.pool, self.lane)).await.ok().flatten();
        let nap = next.map_or(NAP_MAX, |seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default().min(NAP_MAX));
        // With every slot busy only the end of a call is news.
        let nap = if slots.available_permits() == 0 { NAP_MAX } else { nap.max(Duration::from_millis(1)) };
        tokio::select! {
            () = woken.woken() => {}
            () = tokio::time::sleep(nap) => {}
            () = shutdown.cancelled() => {}
        }
    }

    async fn perform(&self, due: Due, shutdown: &CancellationToken) {
        let span = info_span!("effect", kind = due.effect.name(), subject = %due.effect.subject(), op_id = %due.op_id);
        async {
            crash::point("effect.before_call");
            let performed = self.performer.perform(&due).await;
            crash::point("effect.after_call");
            metrics::counter!("effects_total", "kind" => due.effect.name(), "result" => performed.name()).increment(1);
            self.note_surely(&due, &performed, shutdown).await;
        }
        .instrument(span)
        .await;
    }

    /// The database may be away for a moment: without its note an effect would wait until its lease runs out.
    async fn note_surely(&self, due: &Due, performed: &Performed, shutdown: &CancellationToken) {
        let until = Instant::now() + LEASE;
        while let Err(error) = answer(&self.pool, self.note(due, performed.clone())).await {
            if shutdown.is_cancelled() || Instant::now() >= until || !is_transient(&error) {
                // The lease runs out and it is performed again, under the same operation id.
                warn!(%error, "an effect's outcome could not be written down");
                return;
            }
            tokio::time::sleep(NOTE_AGAIN).await;
        }
    }

    async fn note(&self, due: &Due, performed: Performed) -> Result<(), sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        match performed {
            Performed::Done { outcome } => store::done(&mut connection, due, &outcome).await,
            Performed::Wait { after, why } => store::put_back(&mut connection, due, after, (0, 0), &why).await,
            Performed::Missed { after, why } => store::put_back(&mut connection, due, after, (0, 1), &why).await,
            Performed::Poll { after, reference } => {
                store::put_back_under(&mut connection, due, after, reference.as_deref()).await
            }
            Performed::Again { why, .. } if due.attempts + 1 >= TRIES => {
                error!(%why, "an effect was tried too often and waits for the operator");
                store::give_up(&mut connection, due, &why).await
            }
            Performed::Again { after, why } => store::put_back(&mut connection, due, after, (1, 0), &why).await,
            Performed::Dead { reason } => {
                error!(%reason, "an effect waits for the operator");
                store::give_up(&mut connection, due, &reason).await
            }
        }
    }
}

impl Performed {
    /// It is not over yet: look again after that time.
    pub const fn poll(after: Duration) -> Self {
        Self::Poll { after, reference: None }
    }

    /// It waits for ourselves, for a moment: no try.
    pub fn soon(why: impl Into<String>) -> Self {
        Self::Wait { after: OURSELVES, why: why.into() }
    }

    /// The log is away or busy.
    pub fn log_away() -> Self {
        Self::soon("the log is busy or away")
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Wait { .. } => "wait",
            Self::Missed { .. } => "missed",
            Self::Poll { .. } => "poll",
            Self::Again { .. } => "again",
            Self::Dead { .. } => "dead",
        }
    }
}

/// A database that is away is waited for; what cannot be read there is for the operator.
impl From<LogError> for Performed {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Database(_) => Self::log_away(),
            other => Self::Dead { reason: other.to_string() },
        }
    }
}
