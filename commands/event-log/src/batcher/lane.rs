//! Sending a batch until there is a verdict.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::answers::send_together;
use super::link::Link;
use super::{Answer, Ticket, Waiting, note};
use crate::append::session::{Session, SessionError};
use crate::append::{Submission, Verdict};
use crate::{AppendError, crash};

/// An answer that has not come by now never will: longer than the server's own limit.
const GIVEN_UP: Duration = Duration::from_secs(20);
/// How long the first reconnection waits; doubles up to a second.
const RECONNECT_MS: u64 = 20;

/// Room for one batch under way.
pub(super) struct Lane {
    link: Arc<Link>,
    /// The one that a batch is under way over.
    session: Option<Arc<Session>>,
    committed: Arc<watch::Sender<i64>>,
    shutdown: CancellationToken,
}

impl Lane {
    pub(super) fn new(link: &Arc<Link>, committed: &Arc<watch::Sender<i64>>, shutdown: &CancellationToken) -> Self {
        Self { link: Arc::clone(link), session: None, committed: Arc::clone(committed), shutdown: shutdown.clone() }
    }

    /// Sends the batch until there is a verdict. A lost connection leaves the outcome open, so the same batch goes
    /// again: the keys in it make that safe.
    pub(super) async fn settle(mut self, batch: Vec<Waiting>) -> Self {
        let (submissions, waiters): (Vec<_>, Vec<_>) = batch.into_iter().map(|w| (w.submission, w.answer)).unzip();
        metrics::histogram!("append_batch_commands").record(u32::try_from(submissions.len()).unwrap_or(u32::MAX));
        let answers = self.verdicts(&submissions).await;
        let last = answers.iter().filter_map(|answer| match answer {
            Ok(Verdict::Appended { last, .. }) => Some(*last),
            // Perhaps of this very batch, sent again after a lost connection.
            Ok(Verdict::Done(stored)) => Some(stored.last_position),
            Ok(Verdict::Conflict) | Err(_) => None,
        });
        if let Some(last) = last.max() {
            note(&self.committed, last);
        }
        for (answer, submission) in answers.iter().zip(&submissions) {
            submission.ticket.settle(matches!(answer, Ok(Verdict::Appended { .. })));
        }
        let answers = waiters.into_iter().zip(answers).collect();
        send_together(answers).await;
        self
    }

    async fn verdicts(&mut self, submissions: &[Submission]) -> Vec<Answer> {
        match self.send(submissions).await {
            Ok(verdicts) => verdicts.into_iter().map(Ok).collect(),
            Err(AppendError::Rejected) if submissions.len() > 1 => self.one_by_one(submissions).await,
            Err(error) => submissions.iter().map(|_| Err(error)).collect(),
        }
    }

    /// One command's rows spoil the batch: finds it and lets the others through, but for those that were decided on
    /// its result. Alone, they would leave a hole where its events should have been.
    async fn one_by_one(&mut self, submissions: &[Submission]) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(submissions.len());
        for submission in submissions {
            let answer = match submission.depends_on.iter().any(Ticket::has_failed) {
                true => Ok(Verdict::Conflict),
                false => self.send(std::slice::from_ref(submission)).await.map(|mut verdicts| verdicts.swap_remove(0)),
            };
            submission.ticket.settle(matches!(answer, Ok(Verdict::Appended { .. })));
            answers.push(answer);
        }
        answers
    }

    async fn send(&mut self, submissions: &[Submission]) -> Result<Vec<Verdict>, AppendError> {
        let (mut pause_ms, mut again) = (RECONNECT_MS, false);
        loop {
            // A server that has gone without a word is given up; whatever it still did is found under the keys.
            let sent = tokio::time::timeout(GIVEN_UP, self.try_send(submissions, again)).await;
            match sent.unwrap_or(Err(SessionError::Silent)) {
                Ok(verdicts) => {
                    self.session = None;
                    return Ok(verdicts);
                }
                Err(error) if error.is_transient() => {
                    again = true;
                    self.leave_session().await;
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
                    self.leave_session().await;
                    return Err(AppendError::Rejected);
                }
            }
        }
    }

    async fn try_send(&mut self, submissions: &[Submission], again: bool) -> Result<Vec<Verdict>, SessionError> {
        let session = self.session.insert(self.link.session().await?);
        crash::point("append.before");
        let verdicts = match again {
            false => session.append(submissions).await?,
            true => session.again(submissions).await?,
        };
        crash::point("append.after");
        Ok(verdicts)
    }

    async fn leave_session(&mut self) {
        if let Some(session) = self.session.take() {
            self.link.leave(&session).await;
        }
    }
}
