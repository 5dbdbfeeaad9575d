//! Publishes that wait for their acknowledgement, oldest first.

use std::collections::VecDeque;
use std::time::Duration;

use async_nats::jetstream::context::{PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::publish::PublishAck;
use futures::FutureExt;
use futures::future::BoxFuture;

/// Enough to keep the server busy while a page is read.
const WINDOW: usize = 1_000;
/// To begin with, and one more for each message stored: a relay that only loses against another wastes little.
const WINDOW_AT_FIRST: usize = 64;
/// After the first failure, for all that are still under way together.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

type Ack = Result<PublishAck, PublishError>;

/// What became of one publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is at its place; `again` if it was before, by another relay or an earlier attempt.
    Stored { again: bool },
    /// The stream ends elsewhere, or holds its message id at another place.
    Refused,
    /// Nobody knows.
    Lost,
}

pub(super) struct Window {
    acks: VecDeque<(i64, BoxFuture<'static, Ack>)>,
    limit: usize,
}

impl Window {
    pub(super) fn new() -> Self {
        Self { acks: VecDeque::new(), limit: WINDOW_AT_FIRST }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.acks.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.acks.len() < self.limit
    }

    pub(super) fn push(&mut self, position: i64, ack: PublishAckFuture) {
        self.acks.push_back((position, ack.into_future()));
    }

    /// The fate of the oldest; waits for ever when there is none. Dropping it loses nothing.
    pub(super) async fn next(&mut self) -> (i64, Fate) {
        let Some((position, ack)) = self.acks.front_mut() else { return std::future::pending().await };
        let (position, ack) = (*position, ack.await);
        self.acks.pop_front();
        let fate = fate(position, &ack);
        if fate == (Fate::Stored { again: false }) {
            self.limit = WINDOW.min(self.limit + 1);
        }
        (position, fate)
    }

    /// The fate of the oldest if it is known by now.
    pub(super) fn next_known(&mut self) -> Option<(i64, Fate)> {
        if self.is_empty() { None } else { self.next().now_or_never() }
    }

    /// Waits a moment for all and gives the positions not known to hold our message.
    pub(super) async fn drain(&mut self) -> Vec<i64> {
        let deadline = tokio::time::Instant::now() + DRAIN_TIMEOUT;
        let mut doubtful = Vec::new();
        while !self.is_empty() {
            match tokio::time::timeout_at(deadline, self.next()).await {
                Ok((_, Fate::Stored { .. })) => {}
                Ok((position, _)) => doubtful.push(position),
                Err(_) => doubtful.extend(self.acks.drain(..).map(|(position, _)| position)),
            }
        }
        doubtful
    }
}

fn fate(position: i64, ack: &Ack) -> Fate {
    match ack {
        Ok(ack) if i64::try_from(ack.sequence) == Ok(position) => Fate::Stored { again: ack.duplicate },
        Ok(_) => Fate::Refused,
        Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Fate::Refused,
        Err(_) => Fate::Lost,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn stored(sequence: u64, duplicate: bool) -> Ack {
        Ok(PublishAck { stream: "EVENTS".into(), sequence, duplicate, ..PublishAck::default() })
    }

    fn window(acks: Vec<(i64, Ack)>) -> Window {
        let ready = |(position, ack)| (position, async move { ack }.boxed());
        Window { acks: acks.into_iter().map(ready).collect(), ..Window::new() }
    }

    #[test]
    fn an_acknowledgement_counts_only_at_its_place() {
        let table = [
            (stored(7, false), Fate::Stored { again: false }),
            (stored(7, true), Fate::Stored { again: true }),
            (stored(5, true), Fate::Refused),
            (Err(PublishError::new(PublishErrorKind::WrongLastSequence)), Fate::Refused),
            (Err(PublishError::new(PublishErrorKind::TimedOut)), Fate::Lost),
            (Err(PublishError::new(PublishErrorKind::StreamNotFound)), Fate::Lost),
        ];
        for (ack, expected) in table {
            assert_eq!(fate(7, &ack), expected, "{ack:?}");
        }
    }

    #[tokio::test]
    async fn draining_names_what_is_not_known_to_be_stored() {
        let refused = || Err(PublishError::new(PublishErrorKind::WrongLastSequence));
        let mut window = window(vec![(7, stored(7, false)), (8, refused()), (9, stored(9, false)), (10, refused())]);
        window.acks.push_back((11, std::future::pending().boxed()));
        window.acks.push_back((12, async { stored(12, false) }.boxed()));
        assert_eq!(window.drain().await, [8, 10, 11, 12]);
        assert!(window.is_empty());
    }

    #[tokio::test]
    async fn the_window_opens_with_success_only() {
        let mut window = window((1..=2_000_i64).map(|n| (n, stored(n.unsigned_abs(), n > 1_500))).collect());
        for _ in 0..100 {
            window.next().await;
        }
        assert_eq!(window.limit, WINDOW_AT_FIRST + 100);
        window.drain().await;
        assert_eq!(window.limit, WINDOW);

        let mut window = self::window((1..=100_i64).map(|n| (n, stored(n.unsigned_abs(), true))).collect());
        window.drain().await;
        assert_eq!(window.limit, WINDOW_AT_FIRST);
    }

    #[test]
    fn what_is_not_known_yet_is_not_waited_for() {
        let mut window = window(vec![(7, stored(7, false))]);
        window.acks.push_back((8, std::future::pending().boxed()));
        assert_eq!(window.next_known(), Some((7, Fate::Stored { again: false })));
        assert_eq!(window.next_known(), None);
        assert!(!window.is_empty());
    }
}
