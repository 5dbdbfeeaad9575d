//! Document numbers: gap-free per kind of document, seller entity and year.

mod command;
mod decide;
mod event;
mod state;

pub use command::NumberSeriesCommand;
pub use event::NumberSeriesEvent;
pub use state::NumberSeriesState;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal, ids};

/// The rules of a series of numbers.
#[derive(Debug, Clone, Copy)]
pub struct NumberSeriesRules;

impl Decider for NumberSeriesRules {
    const TYPE: AggregateType = AggregateType::NumberSeries;
    type State = NumberSeriesState;
    type Command = NumberSeriesCommand;
    type Event = NumberSeriesEvent;

    fn decide(
        state: &NumberSeriesState,
        asked: &Asked<'_, NumberSeriesCommand>,
    ) -> Result<Decided<NumberSeriesEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut NumberSeriesState, event: &NumberSeriesEvent) {
        state.evolve(event);
    }
}

/// What is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Numbered {
    Invoice,
    CreditNote,
    CommissionStatement,
}

impl Numbered {
    /// What its numbers begin with.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invoice => "INV",
            Self::CreditNote => "CN",
            Self::CommissionStatement => "CS",
        }
    }
}

/// One series: of one kind of document, one seller entity, and the year of the book date.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Series {
    pub kind: Numbered,
    pub seller_entity: String,
    /// In front of the year; empty with one entity.
    pub prefix: String,
    pub year: i32,
}

impl Series {
    /// The id of its stream.
    pub fn id(&self) -> Uuid {
        ids::derived(&["number_series", self.kind.code(), &self.seller_entity, &self.year.to_string()])
    }

    /// Its n-th number, like `INV-2026-000001`.
    pub fn number(&self, n: u32) -> String {
        let code = self.kind.code();
        match self.prefix.as_str() {
            "" => format!("{code}-{:04}-{n:06}", self.year),
            prefix => format!("{code}-{prefix}-{:04}-{n:06}", self.year),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_kind_entity_and_year() {
        let series =
            |kind, prefix: &str| Series { kind, seller_entity: "de".to_owned(), prefix: prefix.to_owned(), year: 2026 };
        assert_eq!(series(Numbered::Invoice, "").number(1), "INV-2026-000001");
        assert_eq!(series(Numbered::CreditNote, "").number(12), "CN-2026-000012");
        assert_eq!(series(Numbered::CommissionStatement, "NL").number(1_234_567), "CS-NL-2026-1234567");
    }
}
