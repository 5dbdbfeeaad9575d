//! Services: what the provider's catalogue offers, as last synced.

mod command;
mod decide;
mod event;
mod state;

pub use command::{CatalogueItem, ServiceCommand};
pub use event::ServiceEvent;
pub use state::{Service, ServiceState, ServiceStatus};

use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of a catalogue item.
#[derive(Debug, Clone, Copy)]
pub struct ServiceRules;

impl Decider for ServiceRules {
    const TYPE: AggregateType = AggregateType::Service;
    type State = ServiceState;
    type Command = ServiceCommand;
    type Event = ServiceEvent;

    fn decide(state: &ServiceState, asked: &Asked<'_, ServiceCommand>) -> Result<Decided<ServiceEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut ServiceState, event: &ServiceEvent) {
        state.evolve(event);
    }
}

/// How long a subscription runs before it renews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Term {
    #[serde(rename = "P1M")]
    Month,
    #[serde(rename = "P1Y")]
    Year,
    #[serde(rename = "P3Y")]
    ThreeYears,
}

impl Term {
    pub const fn months(self) -> u32 {
        match self {
            Self::Month => 1,
            Self::Year => 12,
            Self::ThreeYears => 36,
        }
    }

    /// The ISO 8601 duration.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Month => "P1M",
            Self::Year => "P1Y",
            Self::ThreeYears => "P3Y",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        [Self::Month, Self::Year, Self::ThreeYears].into_iter().find(|term| term.code() == code)
    }
}

/// How often it is charged, whole and in advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BillingCycle {
    #[serde(rename = "P1M")]
    Month,
    #[serde(rename = "P1Y")]
    Year,
}

impl BillingCycle {
    pub const fn months(self) -> u32 {
        match self {
            Self::Month => 1,
            Self::Year => 12,
        }
    }

    /// The ISO 8601 duration.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Month => "P1M",
            Self::Year => "P1Y",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        [Self::Month, Self::Year].into_iter().find(|cycle| cycle.code() == code)
    }
}

/// Everything about a service but its identity and its prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub name: String,
    pub description: String,
    pub publisher: String,
    pub term: Term,
    pub billing_cycle: BillingCycle,
    /// Seats, both inclusive.
    pub min_quantity: u32,
    pub max_quantity: u32,
    /// Hours; `None` means cancellable at any time.
    pub cancellation_window_hours: Option<u32>,
    pub features: Vec<String>,
}
