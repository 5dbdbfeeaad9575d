//! Commission accounts: what a reseller earns on its end customers' invoices in one currency, and its statements.

mod command;
mod decide;
mod event;
mod state;

pub use command::{CommissionAccountCommand, Earnings, Reversed};
pub use event::{CommissionAccountEvent, CommissionEntry, IssuedStatement, StatementLine};
pub use state::{CommissionAccountState, Statement};

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of a commission account.
#[derive(Debug, Clone, Copy)]
pub struct CommissionAccountRules;

impl Decider for CommissionAccountRules {
    const TYPE: AggregateType = AggregateType::CommissionAccount;
    type State = CommissionAccountState;
    type Command = CommissionAccountCommand;
    type Event = CommissionAccountEvent;

    fn decide(
        state: &CommissionAccountState,
        asked: &Asked<'_, CommissionAccountCommand>,
    ) -> Result<Decided<CommissionAccountEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut CommissionAccountState, event: &CommissionAccountEvent) {
        state.evolve(event);
    }
}

/// What an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommissionKind {
    Accrued,
    /// Accrued once more, because what was uncollectible is paid after all.
    Restored,
    Reversed,
}

impl CommissionKind {
    /// As it is shown: whether something is earned or goes back.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accrued | Self::Restored => "accrued",
            Self::Reversed => "reversed",
        }
    }

    /// What tells it from the other entries of a document's line.
    const fn key(self) -> &'static str {
        match self {
            Self::Accrued => "accrued",
            Self::Restored => "restored",
            Self::Reversed => "reversed",
        }
    }
}

/// How a statement was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// Money was paid to the reseller.
    Payout,
    /// It was set off against what the reseller owes.
    Offset,
}

impl Settlement {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payout => "payout",
            Self::Offset => "offset",
        }
    }
}
