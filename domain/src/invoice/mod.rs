//! Invoices: what a billed party owes for one period, or for one prepaid order, in one currency.

mod command;
mod decide;
mod event;
mod state;

pub use command::InvoiceCommand;
pub use event::{AppliedCredit, BookedPayment, CreditedLine, InvoiceContents, InvoiceEvent, IssuedInvoice};
pub use state::{Collection, DunningStep, Invoice, InvoicePayment, InvoiceState, InvoiceStatus, Issue, OpenAttempt};

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of an invoice.
#[derive(Debug, Clone, Copy)]
pub struct InvoiceRules;

impl Decider for InvoiceRules {
    const TYPE: AggregateType = AggregateType::Invoice;
    type State = InvoiceState;
    type Command = InvoiceCommand;
    type Event = InvoiceEvent;

    fn decide(state: &InvoiceState, asked: &Asked<'_, InvoiceCommand>) -> Result<Decided<InvoiceEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut InvoiceState, event: &InvoiceEvent) {
        state.evolve(event);
    }
}

/// What an invoice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceKind {
    /// Everything of a month.
    Period,
    /// A prepaid order.
    Order,
}

impl InvoiceKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Period => "period",
            Self::Order => "order",
        }
    }
}
