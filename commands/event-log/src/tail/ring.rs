//! The newest events of the mirror, without a hole.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::Recorded;

/// Events kept; a reader further behind reads Postgres.
pub(super) const CAPACITY: usize = 8_192;
/// Bytes kept, so that large events cannot fill the memory.
const CAPACITY_BYTES: usize = 32 << 20;
/// What an event takes beside its payload and metadata, roughly.
const OVERHEAD_BYTES: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Ring {
    events: VecDeque<Arc<Recorded>>,
    bytes: usize,
}

impl Ring {
    /// Adds the event; what was held before a hole is let go of, what is known already changes nothing.
    pub(super) fn push(&mut self, event: Arc<Recorded>) {
        let expected = self.events.back().map(|last| last.position + 1);
        if expected.is_some_and(|expected| event.position < expected) {
            return;
        }
        if expected.is_some_and(|expected| event.position > expected) {
            self.clear();
        }
        self.bytes += size(&event);
        self.events.push_back(event);
        while self.events.len() > CAPACITY || (self.bytes > CAPACITY_BYTES && self.events.len() > 1) {
            self.bytes -= self.events.pop_front().map_or(0, |first| size(&first));
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn last(&self) -> Option<Arc<Recorded>> {
        self.events.back().cloned()
    }

    /// The events right after `position`, if the first of them is held.
    pub(super) fn after(&self, position: i64, limit: usize) -> Option<Vec<Arc<Recorded>>> {
        let first = self.events.front()?.position;
        let from = usize::try_from(position + 1 - first).ok()?;
        let events: Vec<_> = self.events.iter().skip(from).take(limit).cloned().collect();
        (!events.is_empty()).then_some(events)
    }
}

fn size(event: &Recorded) -> usize {
    event.payload.len() + event.metadata.len() + OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn event(position: i64, payload_len: usize) -> Arc<Recorded> {
        let body = serde_json::json!({
            "position": position, "aggregate_type": "order", "aggregate_id": "o", "sequence": position,
            "event_type": "OrderPlaced", "event_version": "1.0", "event_id": uuid::Uuid::nil(),
            "command_id": uuid::Uuid::nil(), "customer_id": null, "recorded_at": "2026-01-02T03:04:05.000006Z",
            "metadata": {}, "payload": "x".repeat(payload_len),
        });
        Arc::new(Recorded::from_body(body.to_string().as_bytes()).unwrap())
    }

    fn ring(positions: impl IntoIterator<Item = i64>) -> Ring {
        let mut ring = Ring::default();
        positions.into_iter().for_each(|position| ring.push(event(position, 1)));
        ring
    }

    fn positions(ring: &Ring, after: i64, limit: usize) -> Option<Vec<i64>> {
        Some(ring.after(after, limit)?.iter().map(|event| event.position).collect())
    }

    #[test]
    fn holds_only_what_follows_without_a_hole() {
        let ring = ring(5..=9);
        assert_eq!(positions(&ring, 4, 10), Some(vec![5, 6, 7, 8, 9]));
        assert_eq!(positions(&ring, 6, 2), Some(vec![7, 8]));
        assert_eq!(positions(&ring, 3, 10), None);
        assert_eq!(positions(&ring, 9, 10), None);
        assert_eq!(positions(&ring, 20, 10), None);
        assert_eq!(positions(&Ring::default(), 0, 10), None);
    }

    #[test]
    fn a_hole_lets_go_of_what_was_before() {
        let ring = ring([5, 6, 8, 9]);
        assert_eq!(positions(&ring, 4, 10), None);
        assert_eq!(positions(&ring, 6, 10), None);
        assert_eq!(positions(&ring, 7, 10), Some(vec![8, 9]));
    }

    #[test]
    fn what_is_known_already_changes_nothing() {
        let ring = ring([5, 6, 7, 5, 6, 7, 8]);
        assert_eq!(positions(&ring, 4, 10), Some(vec![5, 6, 7, 8]));
    }

    #[test]
    fn is_bounded_in_events_and_in_bytes() {
        let many = ring(1..=i64::try_from(CAPACITY).unwrap() + 10);
        assert_eq!(many.events.len(), CAPACITY);
        assert_eq!(positions(&many, 10, 1), Some(vec![11]));
        assert_eq!(positions(&many, 9, 1), None);

        let mut large = Ring::default();
        (1..=10).for_each(|position| large.push(event(position, CAPACITY_BYTES / 4)));
        assert_eq!(large.events.len(), 3);
        assert_eq!(positions(&large, 9, 10), Some(vec![10]));
    }
}
