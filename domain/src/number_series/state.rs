//! What a series of document numbers is, folded from its events.

use serde::{Deserialize, Serialize};

use super::NumberSeriesEvent;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberSeriesState {
    /// The last number allotted; 0 before the first.
    pub last: u32,
}

impl NumberSeriesState {
    pub(super) fn evolve(&mut self, event: &NumberSeriesEvent) {
        let NumberSeriesEvent::NumberAllotted { n, .. } = event;
        self.last = *n;
    }
}
