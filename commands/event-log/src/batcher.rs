//! One task per process drains a bounded queue and appends what it finds there. No timer: a window costs throughput.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::append::{self, Submission, Verdict};
use crate::{AppendError, crash, error::is_transient};

/// Commands waiting at most; beyond it callers are told to come back.
pub const QUEUE: usize = 4_096;
/// Commands in one batch at most: larger ones no longer save CPU and make the others wait longer.
pub const BATCH_COMMANDS: usize = 256;
/// Events and personal records in one batch at most, unless a single command brings more.
pub const BATCH_ROWS: usize = 4_096;
/// How long the first reconnection waits; doubles up to a second.
const RECONNECT_MS: u64 = 20;

type Answer = Result<Verdict, AppendError>;
type Waiter = (Ticket, oneshot::Sender<Answer>);

struct Waiting {
    submission: Submission,
    ticket: Ticket,
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

    fn settle(&self, written: bool) {
        self.0.store(if written { Self::WRITTEN } else { Self::FAILED }, Ordering::Release);
    }
}

/// Hands submissions to the batcher task. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Batcher {
    queue: mpsc::Sender<Waiting>,
    committed: watch::Receiver<i64>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("id", &self.submission.id).finish_non_exhaustive()
    }
}

impl Batcher {
    /// Starts the task; it ends when `shutdown` is cancelled and the queue is empty.
    pub fn start(options: PgConnectOptions, shutdown: CancellationToken) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (committed_to, committed) = watch::channel(0);
        let task = Task { options, connection: None, waiting, committed: committed_to, shutdown };
        (Self { queue, committed }, tokio::spawn(task.run()))
    }

    /// Puts a submission in the queue, at once and in order.
    ///
    /// # Errors
    /// [`AppendError::QueueFull`] and [`AppendError::Stopping`]; nothing was queued then.
    pub fn submit(&self, submission: Submission, ticket: Ticket) -> Result<oneshot::Receiver<Answer>, AppendError> {
        let (answer, receiver) = oneshot::channel();
        let (refused, error) = match self.queue.try_send(Waiting { submission, ticket, answer }) {
            Ok(()) => return Ok(receiver),
            Err(mpsc::error::TrySendError::Full(refused)) => (refused, AppendError::QueueFull),
            Err(mpsc::error::TrySendError::Closed(refused)) => (refused, AppendError::Stopping),
        };
        // Somebody may have decided on its result already.
        refused.ticket.settle(false);
        Err(error)
    }

    /// Submits and waits for the verdict.
    ///
    /// # Errors
    /// Any [`AppendError`]; after [`AppendError::TimedOut`] the outcome is unknown.
    pub async fn append(&self, submission: Submission, patience: Duration) -> Answer {
        let receiver = self.submit(submission, Ticket::default())?;
        match tokio::time::timeout(patience, receiver).await {
            Ok(answer) => answer.unwrap_or(Err(AppendError::Stopping)),
            Err(_) => Err(AppendError::TimedOut),
        }
    }

    /// The last position this process has committed; changes wake whoever watches.
    pub fn committed(&self) -> watch::Receiver<i64> {
        self.committed.clone()
    }
}

struct Task {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    waiting: mpsc::Receiver<Waiting>,
    committed: watch::Sender<i64>,
    shutdown: CancellationToken,
}

impl Task {
    async fn run(mut self) {
        let mut carried = None;
        loop {
            let batch = match self.gather(&mut carried).await {
                Some(batch) if batch.is_empty() => continue,
                Some(batch) => batch,
                None => break,
            };
            self.settle(batch).await;
        }
        debug!("the append queue is drained");
    }

    /// Everything that waits, up to the limits. `None` when stopping and nothing waits.
    async fn gather(&mut self, carried: &mut Option<Waiting>) -> Option<Vec<Waiting>> {
        let first = match carried.take() {
            Some(waiting) => waiting,
            None => self.next().await?,
        };
        let mut rows = rows(&first.submission);
        let mut batch = vec![first];
        while batch.len() < BATCH_COMMANDS {
            let Ok(next) = self.waiting.try_recv() else { break };
            rows += self::rows(&next.submission);
            if rows > BATCH_ROWS {
                *carried = Some(next);
                break;
            }
            batch.push(next);
        }
        // What was decided on a state that never came to be is not sent.
        Some(batch.into_iter().filter_map(still_founded).collect())
    }

    async fn next(&mut self) -> Option<Waiting> {
        tokio::select! {
            biased;
            next = self.waiting.recv() => next,
            () = self.shutdown.cancelled() => { self.waiting.close(); self.waiting.recv().await }
        }
    }

    /// Sends the batch until there is a verdict. A lost connection leaves the outcome open, so the same batch goes
    /// again: the keys in it make that safe.
    async fn settle(&mut self, batch: Vec<Waiting>) {
        let (submissions, waiters): (Vec<_>, Vec<Waiter>) =
            batch.into_iter().map(|w| (w.submission, (w.ticket, w.answer))).unzip();
        metrics::histogram!("append_batch_commands").record(u32::try_from(submissions.len()).unwrap_or(u32::MAX));
        let answers = self.verdicts(&submissions, &waiters).await;
        let last = answers.iter().filter_map(|answer| match answer {
            Ok(Verdict::Appended { last, .. }) => Some(*last),
            // Perhaps of this very batch, sent again after a lost connection.
            Ok(Verdict::Done(stored)) => Some(stored.last_position),
            Ok(Verdict::Conflict) | Err(_) => None,
        });
        if let Some(last) = last.max() {
            self.committed.send_if_modified(|position| {
                let moved = last > *position;
                *position = last.max(*position);
                moved
            });
        }
        for (answer, (ticket, waiter)) in answers.into_iter().zip(waiters) {
            ticket.settle(matches!(answer, Ok(Verdict::Appended { .. })));
            // A caller that has given up will find the outcome under its key.
            let _ = waiter.send(answer);
        }
    }

    async fn verdicts(&mut self, submissions: &[Submission], waiters: &[Waiter]) -> Vec<Answer> {
        match self.send(submissions).await {
            Ok(verdicts) => verdicts.into_iter().map(Ok).collect(),
            Err(AppendError::Rejected) if submissions.len() > 1 => self.one_by_one(submissions, waiters).await,
            Err(error) => submissions.iter().map(|_| Err(error)).collect(),
        }
    }

    /// One command's rows spoil the batch: finds it and lets the others through, but for those that were decided on
    /// its result. Alone, they would leave a hole where its events should have been.
    async fn one_by_one(&mut self, submissions: &[Submission], waiters: &[Waiter]) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(submissions.len());
        for (one, (ticket, _)) in submissions.chunks(1).zip(waiters) {
            let unfounded = one.iter().any(|submission| submission.depends_on.iter().any(Ticket::has_failed));
            let answer = match unfounded {
                true => Ok(Verdict::Conflict),
                false => self.send(one).await.map(|mut verdicts| verdicts.swap_remove(0)),
            };
            ticket.settle(matches!(answer, Ok(Verdict::Appended { .. })));
            answers.push(answer);
        }
        answers
    }

    async fn send(&mut self, submissions: &[Submission]) -> Result<Vec<Verdict>, AppendError> {
        let mut pause_ms = RECONNECT_MS;
        loop {
            match self.try_send(submissions).await {
                Ok(verdicts) => return Ok(verdicts),
                Err(error) if is_transient(&error) => {
                    self.connection = None;
                    if self.shutdown.is_cancelled() {
                        return Err(AppendError::TimedOut);
                    }
                    warn!(%error, pause_ms, "the log's connection is lost, the batch will be sent again");
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                    pause_ms = (pause_ms * 2).min(1_000);
                }
                Err(error) => {
                    error!(%error, commands = submissions.len(), "the log refuses a batch");
                    // Whatever it is about this session, the next batch begins anew.
                    self.connection = None;
                    return Err(AppendError::Rejected);
                }
            }
        }
    }

    async fn try_send(&mut self, submissions: &[Submission]) -> Result<Vec<Verdict>, sqlx::Error> {
        if self.connection.is_none() {
            self.connection = Some(self.options.connect().await?);
            info!("connected to the log");
        }
        let Some(connection) = self.connection.as_mut() else { return Err(sqlx::Error::WorkerCrashed) };
        crash::point("append.before");
        let verdicts = append::append(connection, submissions).await?;
        crash::point("append.after");
        Ok(verdicts)
    }
}

fn rows(submission: &Submission) -> usize {
    submission.events.len() + submission.personal.len()
}

/// Answers a submission whose foundation has failed with a conflict: it is decided again.
fn still_founded(waiting: Waiting) -> Option<Waiting> {
    if waiting.submission.depends_on.iter().any(Ticket::has_failed) {
        waiting.ticket.settle(false);
        let _ = waiting.answer.send(Ok(Verdict::Conflict));
        return None;
    }
    Some(waiting)
}
