//! Answering many callers at once.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::oneshot;

/// So few are answered at once: they wake another thread once at most.
const FEW: usize = 3;

/// Answers all of them when this thread of the runtime has nothing else to run. Sent one by one by a running task, every
/// answer that finds another thread asleep wakes it, only to find one caller there and sleep again: several system calls
/// per batch. What becomes ready while a thread looks for work wakes another one once.
pub(super) async fn send_together<T: Send + 'static>(answers: Vec<(oneshot::Sender<T>, T)>) {
    if answers.len() < FEW {
        return send(answers);
    }
    let mut open = Some(answers);
    poll_fn(|context| {
        let Some(answers) = open.take() else { return Poll::Ready(()) };
        let together = Together { answers: Mutex::new(answers), then: context.waker().clone() };
        // The runtime keeps the waker until then. Where it does not, it calls it now: nothing is lost but the speed.
        let waker = Waker::from(Arc::new(together));
        let _ = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&waker));
        Poll::Pending
    })
    .await;
}

struct Together<T> {
    answers: Mutex<Vec<(oneshot::Sender<T>, T)>>,
    then: Waker,
}

impl<T: Send> Wake for Together<T> {
    fn wake(self: Arc<Self>) {
        let answers = std::mem::take(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner));
        send(answers);
        self.then.wake_by_ref();
    }
}

fn send<T>(answers: Vec<(oneshot::Sender<T>, T)>) {
    for (caller, answer) in answers {
        // A caller that has given up will find the outcome under its key.
        let _ = caller.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_caller_gets_its_own_answer() -> Result<(), tokio::task::JoinError> {
        let (callers, answers): (Vec<_>, Vec<_>) = (0..100)
            .map(|number| {
                let (caller, answer) = oneshot::channel();
                ((caller, number), answer)
            })
            .unzip();
        let waiting: Vec<_> = answers.into_iter().map(tokio::spawn).collect();
        tokio::spawn(send_together(callers)).await?;
        for (number, answer) in waiting.into_iter().enumerate() {
            assert_eq!(answer.await?, Ok(number));
        }
        Ok(())
    }
}
