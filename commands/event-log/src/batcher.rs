//! One task per process drains a bounded queue and appends what it finds there. No timer: a window costs throughput.
//!
//! Two batches may be under way, one behind the other over one connection. A command that was decided on the result of one
//! under way goes with it or waits for it: it must not be written if that one is not.

mod answers;
mod lane;
mod link;
mod under_way;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use self::lane::Lane;
use self::link::Link;
use self::under_way::UnderWay;
use crate::AppendError;
use crate::append::{Submission, Verdict};

/// Commands waiting at most; beyond it callers are told to come back.
pub const QUEUE: usize = 4_096;
/// Commands in one batch at most: larger ones no longer save CPU and make the others wait longer.
pub const BATCH_COMMANDS: usize = 128;
/// Events and personal records in one batch at most, unless a single command brings more.
pub const BATCH_ROWS: usize = 4_096;
/// Batches under way at most. The server goes on with the second when it has written the first, and does not wait until
/// the callers of that one have been answered and have come back.
pub const LANES: usize = 2;
/// Commands that must wait for a second batch to be sent beside the first.
const SECOND_BATCH: usize = 16;
/// How often others are let go first before a batch is sent.
const ROUNDS: usize = 3;
/// Commands taken from the queue ahead of their batch at most.
const GATHERED: usize = 2 * BATCH_COMMANDS;

type Answer = Result<Verdict, AppendError>;
/// The lane of a batch that is settled, and how many commands were in it.
type Settled = Result<(Lane, usize), JoinError>;

struct Waiting {
    submission: Submission,
    answer: oneshot::Sender<Answer>,
}

/// Whether a pending command came through; shared by those decided on its result.
#[derive(Debug, Clone, Default)]
pub struct Ticket(Arc<AtomicU8>);

impl Ticket {
    const PENDING: u8 = 0;
    const WRITTEN: u8 = 1;
    const FAILED: u8 = 2;

    pub fn is_pending(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::PENDING
    }

    pub fn has_failed(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::FAILED
    }

    /// The ticket of the same command.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn settle(&self, written: bool) {
        self.0.store(if written { Self::WRITTEN } else { Self::FAILED }, Ordering::Release);
    }
}

/// Hands submissions to the batcher task. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Batcher {
    queue: mpsc::Sender<Waiting>,
    committed: watch::Receiver<i64>,
    committed_to: Arc<watch::Sender<i64>>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("id", &self.submission.id).finish_non_exhaustive()
    }
}

impl Batcher {
    /// Starts the task; it ends when `shutdown` is cancelled and the queue is empty.
    pub fn start(options: PgConnectOptions, shutdown: CancellationToken) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(QUEUE - GATHERED);
        let (committed_to, committed) = watch::channel(0);
        let committed_to = Arc::new(committed_to);
        let link = Arc::new(Link::new(options));
        let lane = || Lane::new(&link, &committed_to, &shutdown);
        let free = std::iter::repeat_with(lane).take(LANES).collect();
        let task = Task { waiting, gathered: VecDeque::new(), owed: 0, free, busy: UnderWay::none() };
        (Self { queue, committed, committed_to }, tokio::spawn(task.run(shutdown)))
    }

    /// Puts a submission in the queue, at once and in order.
    ///
    /// # Errors
    /// [`AppendError::QueueFull`] and [`AppendError::Stopping`]; nothing was queued then.
    pub fn submit(&self, submission: Submission) -> Result<oneshot::Receiver<Answer>, AppendError> {
        let (answer, receiver) = oneshot::channel();
        let (refused, error) = match self.queue.try_send(Waiting { submission, answer }) {
            Ok(()) => return Ok(receiver),
            Err(mpsc::error::TrySendError::Full(refused)) => (refused, AppendError::QueueFull),
            Err(mpsc::error::TrySendError::Closed(refused)) => (refused, AppendError::Stopping),
        };
        // Somebody may have decided on its result already.
        refused.submission.ticket.settle(false);
        Err(error)
    }

    /// Submits and waits for the verdict.
    ///
    /// # Errors
    /// Any [`AppendError`]; after [`AppendError::TimedOut`] the outcome is unknown.
    pub async fn append(&self, submission: Submission, patience: Duration) -> Answer {
        let receiver = self.submit(submission)?;
        match tokio::time::timeout(patience, receiver).await {
            Ok(answer) => answer.unwrap_or(Err(AppendError::Stopping)),
            Err(_) => Err(AppendError::TimedOut),
        }
    }

    /// The last position this process has committed; changes wake whoever watches.
    pub fn committed(&self) -> watch::Receiver<i64> {
        self.committed.clone()
    }

    /// Somebody in this process has appended up to there without it.
    pub fn note_committed(&self, last: i64) {
        note(&self.committed_to, last);
    }
}

fn note(committed: &watch::Sender<i64>, last: i64) {
    committed.send_if_modified(|position| {
        let moved = last > *position;
        *position = last.max(*position);
        moved
    });
}

struct Task {
    waiting: mpsc::Receiver<Waiting>,
    /// Taken from the queue and not yet sent, in order.
    gathered: VecDeque<Waiting>,
    /// Callers that were answered and have not come back since, as far as one can tell.
    owed: usize,
    /// Without a batch.
    free: Vec<Lane>,
    busy: UnderWay<Settled>,
}

impl Task {
    async fn run(mut self, shutdown: CancellationToken) {
        while self.fill(&shutdown).await {
            let batch = self.batch();
            if !batch.is_empty()
                && let Some(lane) = self.free.pop()
            {
                self.busy.push(sent(lane, batch));
            }
        }
        while !self.busy.is_empty() {
            // Whoever waited for a batch whose task has died is told by its end.
            let _ = self.busy.next().await;
        }
        debug!("the append queue is drained");
    }

    /// Waits until there is a batch to send and a lane for it. False when stopping and nothing waits.
    async fn fill(&mut self, shutdown: &CancellationToken) -> bool {
        loop {
            self.drain();
            if !self.free.is_empty() && self.is_worth_sending() {
                self.gather().await;
                return true;
            }
            let open = !self.waiting.is_closed() || !self.waiting.is_empty();
            if !open && self.gathered.is_empty() {
                return false;
            }
            tokio::select! {
                biased;
                next = self.waiting.recv(), if open && self.gathered.len() < GATHERED => self.take(next),
                answered = self.busy.next(), if !self.busy.is_empty() => match answered {
                    Ok((lane, commands)) => {
                        self.free.push(lane);
                        self.owed += commands;
                    }
                    // Its tickets will never be settled: whoever waits is told that nothing is taken any more.
                    Err(error) => {
                        error!(%error, "a batch's task has died, the log takes no more commands");
                        self.waiting.close();
                        return false;
                    }
                },
                () = shutdown.cancelled(), if !self.waiting.is_closed() => self.waiting.close(),
            }
        }
    }

    /// Lets whoever is about to submit do so: after an answered batch that is everybody who waited for it, and one batch
    /// of all costs far less than one of the first few and another one of the rest. No timer: it ends as soon as nobody
    /// has come. Who comes alone, one command after the other, is not kept waiting: nobody else is owed then, and to
    /// yield wakes another of the runtime's threads for nothing.
    async fn gather(&mut self) {
        for _ in 0..ROUNDS {
            let known = self.gathered.len();
            if self.owed == 0 || known >= BATCH_COMMANDS {
                return;
            }
            tokio::task::yield_now().await;
            self.drain();
            if self.gathered.len() == known {
                break;
            }
        }
        if self.gathered.len() == 1 {
            self.owed = 0;
        }
    }

    fn drain(&mut self) {
        while self.gathered.len() < GATHERED
            && let Ok(next) = self.waiting.try_recv()
        {
            self.take(Some(next));
        }
    }

    fn take(&mut self, next: Option<Waiting>) {
        let Some(next) = next else { return };
        self.gathered.push_back(next);
        self.owed = self.owed.saturating_sub(1);
    }

    /// Beside a batch that is under way only a large one: many small ones would cost more than they hide.
    fn is_worth_sending(&self) -> bool {
        let Some(first) = self.gathered.front() else { return false };
        self.busy.is_empty() || (first.may_go() && self.gathered.len() >= SECOND_BATCH)
    }

    /// Commands of the next batch at most. When both lanes are free, half of a crowd each: while one half is
    /// written, the other half's callers are answered and come back.
    fn share(&self) -> usize {
        let crowd = self.gathered.len();
        let both = self.busy.is_empty() && crowd >= 2 * SECOND_BATCH;
        if both { crowd.div_ceil(2).min(BATCH_COMMANDS) } else { BATCH_COMMANDS }
    }

    /// The next commands, up to the limits. What was decided on a state that never came to be is answered instead;
    /// what was decided on one that is still under way waits for it, and whatever came later waits behind it.
    fn batch(&mut self) -> Vec<Waiting> {
        let (mut batch, mut rows) = (Vec::new(), 0);
        let most = self.share();
        while batch.len() < most
            && let Some(next) = self.gathered.pop_front()
        {
            let nothing_under_way = batch.is_empty() && self.busy.is_empty();
            let Some(next) = still_founded(next, nothing_under_way) else { continue };
            rows += next.rows();
            let fits = batch.is_empty() || rows <= BATCH_ROWS;
            if !fits || !next.may_go_after(&batch) {
                self.gathered.push_front(next);
                break;
            }
            // What was under way at the first look may have failed since. Now it is settled for good, or goes along.
            batch.extend(still_founded(next, false));
        }
        batch
    }
}

impl Waiting {
    fn rows(&self) -> usize {
        self.submission.events.len() + self.submission.personal.len()
    }

    /// Nothing it depends on is under way.
    fn may_go(&self) -> bool {
        !self.submission.depends_on.iter().any(Ticket::is_pending)
    }

    /// Nothing it depends on is under way elsewhere than in this batch.
    fn may_go_after(&self, batch: &[Self]) -> bool {
        let here = |ticket: &Ticket| batch.iter().any(|earlier| earlier.submission.ticket.is(ticket));
        self.submission.depends_on.iter().all(|ticket| !ticket.is_pending() || here(ticket))
    }
}

/// A large batch is sent by a task of its own, beside the gathering of the next. A few commands are sent by the batcher's
/// task, as it asks for answers: to wake another for them would take longer than to send them.
fn sent(lane: Lane, batch: Vec<Waiting>) -> BoxFuture<'static, Settled> {
    let commands = batch.len();
    if commands < SECOND_BATCH {
        lane.settle(batch).map(move |lane| Ok((lane, commands))).boxed()
    } else {
        tokio::spawn(lane.settle(batch)).map(move |lane| Ok((lane?, commands))).boxed()
    }
}

/// Answers a submission whose foundation has failed with a conflict: it is decided again. When nothing is under way, a
/// foundation that is still open is one that nobody will settle any more.
fn still_founded(waiting: Waiting, nothing_under_way: bool) -> Option<Waiting> {
    let lost = |ticket: &Ticket| ticket.has_failed() || (nothing_under_way && ticket.is_pending());
    if waiting.submission.depends_on.iter().any(lost) {
        waiting.submission.ticket.settle(false);
        let _ = waiting.answer.send(Ok(Verdict::Conflict));
        return None;
    }
    Some(waiting)
}
