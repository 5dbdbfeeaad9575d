//! A command that comes alone, with one event: the same append, by the shorter way.

use super::arguments::Arguments;
use super::json::Json;
use super::{NewEvent, Submission, arrays};

/// Answers the log's last position before the event; null when something stands against it, and nothing was written.
pub(super) const CALL: &str = "select append_event($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
    $18, $19)";

/// A submission that can go this way, and its event.
pub(super) struct One<'a> {
    submission: &'a Submission,
    event: &'a NewEvent,
}

impl<'a> One<'a> {
    /// `None` when the batch is larger, or brings more than one row.
    pub(super) fn of(batch: &'a [Submission]) -> Option<Self> {
        let [submission] = batch else { return None };
        let [event] = submission.events.as_slice() else { return None };
        let plain = submission.personal.is_empty() && event.event_type != arrays::ERASED;
        plain.then_some(Self { submission, event })
    }

    /// The arguments of [`CALL`].
    pub(super) fn bound_to<'q, B: Arguments<'q>>(&'q self, call: B) -> B {
        let Self { submission, event } = self;
        let result = submission.result.as_ref();
        let reads = &submission.reads;
        call.bind(submission.id)
            .bind(&submission.fingerprint)
            .bind(i16::try_from(submission.status).unwrap_or_default())
            .bind(result.map(|(stream, _)| stream.aggregate.name()))
            .bind(result.map(|(stream, _)| stream.id.as_str()))
            .bind(result.map_or(0, |(_, version)| *version))
            .bind(submission.outcome.as_deref().map(Json))
            .bind(reads.iter().map(|(stream, _)| stream.aggregate.name()).collect::<Vec<_>>())
            .bind(reads.iter().map(|(stream, _)| stream.id.as_str()).collect::<Vec<_>>())
            .bind(reads.iter().map(|(_, version)| *version).collect::<Vec<_>>())
            .bind(event.stream.aggregate.name())
            .bind(&event.stream.id)
            .bind(event.sequence)
            .bind(event.event_type)
            .bind(event.event_version)
            .bind(Json(&event.payload))
            .bind(Json(&event.metadata))
            .bind(event.event_id)
            .bind(event.customer_id)
    }
}
