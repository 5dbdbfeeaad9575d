//! What to do about the stream as it is found. Pure.

/// What the stream was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Missing,
    Present {
        /// Its metadata names this log.
        of_this_log: bool,
        /// Its limits are the ones we set.
        configured: bool,
        last_sequence: i64,
        /// Its last message, and every other one there was doubt about, is the log's event at that position.
        faithful: bool,
    },
}

/// What the log was found to be, read after the stream: so nothing of ours on the stream is beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Log {
    pub head: i64,
    /// The position of the reader furthest behind, 0 without readers.
    pub slowest_reader: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create {
        first: i64,
    },
    Recreate {
        first: i64,
        reason: &'static str,
    },
    /// If that is refused, the stream is made anew from `first`.
    Reconfigure {
        first: i64,
    },
    Resume {
        after: i64,
    },
}

/// Events at most put on a new stream: older ones are read from Postgres anyway, and the tail is live in seconds.
const REFILL: i64 = 100_000;

pub(super) fn decide(stream: Stream, log: Log) -> Action {
    let first = first_of_new(log);
    match stream {
        Stream::Missing => Action::Create { first },
        Stream::Present { of_this_log: false, .. } => Action::Recreate { first, reason: "other log" },
        Stream::Present { last_sequence, .. } if last_sequence > log.head => {
            Action::Recreate { first, reason: "ahead of the log" }
        }
        Stream::Present { faithful: false, .. } => Action::Recreate { first, reason: "foreign message" },
        Stream::Present { configured: false, .. } => Action::Reconfigure { first },
        Stream::Present { last_sequence, .. } => Action::Resume { after: last_sequence },
    }
}

/// Where a new stream begins; at most at the next event, even if a reader claims to have seen more than there is.
pub(super) fn first_of_new(log: Log) -> i64 {
    (log.slowest_reader + 1).max(log.head - REFILL).min(log.head + 1).max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const GOOD: Stream = Stream::Present { of_this_log: true, configured: true, last_sequence: 700, faithful: true };

    fn log(head: i64, slowest_reader: i64) -> Log {
        Log { head, slowest_reader }
    }

    #[test]
    fn every_state_of_the_stream_has_its_action() {
        let present = |of_this_log, configured, last_sequence, faithful| Stream::Present {
            of_this_log,
            configured,
            last_sequence,
            faithful,
        };
        let recreate = |reason| Action::Recreate { first: 601, reason };
        let table = [
            (Stream::Missing, Action::Create { first: 601 }),
            (GOOD, Action::Resume { after: 700 }),
            (present(true, true, 1_000, true), Action::Resume { after: 1_000 }),
            (present(true, true, 0, true), Action::Resume { after: 0 }),
            (present(true, true, 1_001, true), recreate("ahead of the log")),
            (present(true, true, 1_001, false), recreate("ahead of the log")),
            (present(true, true, 700, false), recreate("foreign message")),
            (present(false, true, 700, true), recreate("other log")),
            (present(false, false, 1_001, false), recreate("other log")),
            (present(true, false, 700, true), Action::Reconfigure { first: 601 }),
            (present(true, false, 700, false), recreate("foreign message")),
        ];
        for (stream, action) in table {
            assert_eq!(decide(stream, log(1_000, 600)), action, "{stream:?}");
        }
    }

    #[test]
    fn a_new_stream_begins_where_it_is_of_use() {
        let table = [
            (log(0, 0), 1),
            (log(500, 0), 1),
            (log(500, 300), 301),
            (log(500, 500), 501),
            (log(1_000_000, 0), 900_000),
            (log(1_000_000, 950_000), 950_001),
            (log(500, 900), 501),
        ];
        for (log, first) in table {
            assert_eq!(decide(Stream::Missing, log), Action::Create { first }, "{log:?}");
        }
    }
}
