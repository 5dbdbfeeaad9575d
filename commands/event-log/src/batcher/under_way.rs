//! The batches that have been sent and not been answered yet.

use std::future::poll_fn;
use std::task::Poll;

use futures::future::{BoxFuture, FutureExt};

/// Futures of which the first to end is wanted; so few that all are asked in turn whenever something has moved.
/// `FuturesUnordered` would wake its task once more each time all of them wait. Here that is after every look, and a
/// task that wakes itself wakes another thread of the runtime too.
pub(super) struct UnderWay<T>(Vec<BoxFuture<'static, T>>);

impl<T> UnderWay<T> {
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, future: BoxFuture<'static, T>) {
        self.0.push(future);
    }

    /// The result of the next to end; waits for ever when there is none.
    pub(super) async fn next(&mut self) -> T {
        poll_fn(|context| {
            for at in 0..self.0.len() {
                if let Poll::Ready(result) = self.0[at].poll_unpin(context) {
                    drop(self.0.swap_remove(at));
                    return Poll::Ready(result);
                }
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};

    use tokio::sync::oneshot;

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_waits_is_woken_when_one_has_ended_and_not_before() {
        let ((first, one), (second, other)) = (oneshot::channel(), oneshot::channel());
        let mut under_way = UnderWay::none();
        under_way.push(one.boxed());
        under_way.push(other.boxed());
        let wakes = Arc::new(Wakes::default());
        let (waker, counted) = (Arc::clone(&wakes).into(), || wakes.0.load(Ordering::Relaxed));
        let mut context = Context::from_waker(&waker);

        assert!(under_way.next().boxed().poll_unpin(&mut context).is_pending());
        assert_eq!(counted(), 0, "nothing has moved");
        assert!(second.send(2).is_ok());
        assert_eq!(counted(), 1);
        assert_eq!(under_way.next().boxed().poll_unpin(&mut context), Poll::Ready(Ok(2)));
        assert!(under_way.next().boxed().poll_unpin(&mut context).is_pending());
        assert!(first.send(1).is_ok());
        assert_eq!(under_way.next().boxed().poll_unpin(&mut context), Poll::Ready(Ok(1)));
        assert!(under_way.is_empty());
        assert_eq!(counted(), 2);
    }
}
