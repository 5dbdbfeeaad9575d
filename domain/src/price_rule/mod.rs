//! Price rules: how the seller, or a reseller for its own end customers, makes prices.

mod command;
mod decide;
mod event;
mod state;

pub use command::PriceRuleCommand;
pub use event::PriceRuleEvent;
pub use state::PriceRuleState;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Money, Refusal, ids};

/// The rules of one author's price rules for one scope.
#[derive(Debug, Clone, Copy)]
pub struct PriceRuleRules;

impl Decider for PriceRuleRules {
    const TYPE: AggregateType = AggregateType::PriceRule;
    type State = PriceRuleState;
    type Command = PriceRuleCommand;
    type Event = PriceRuleEvent;

    fn decide(state: &PriceRuleState, asked: &Asked<'_, PriceRuleCommand>) -> Result<Decided<PriceRuleEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut PriceRuleState, event: &PriceRuleEvent) {
        state.evolve(event);
    }
}

/// Who made a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Author {
    Seller,
    Reseller(Uuid),
}

impl Author {
    /// `seller`, or the reseller's id.
    pub fn code(self) -> String {
        match self {
            Self::Seller => "seller".to_owned(),
            Self::Reseller(id) => id.to_string(),
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        if code == "seller" { Some(Self::Seller) } else { Uuid::parse_str(code).ok().map(Self::Reseller) }
    }
}

impl Serialize for Author {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.code())
    }
}

impl<'de> Deserialize<'de> for Author {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| serde::de::Error::custom("neither seller nor a reseller's id"))
    }
}

/// What a rule applies to; an absent part means "any".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scope {
    pub author: Author,
    pub customer_id: Option<Uuid>,
    pub reseller_id: Option<Uuid>,
    pub service_id: Option<Uuid>,
}

impl Scope {
    /// The id of the stream that holds the rules of this scope.
    pub fn stream(&self) -> Uuid {
        ids::price_scope(&self.author.code(), self.customer_id, self.reseller_id, self.service_id)
    }
}

/// How a price is made from cost or list price. Percentages are in percent: `25` is a quarter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Formula {
    MarkupOnCost {
        percent: Decimal,
    },
    /// The share of the price that is margin; below 100.
    Margin {
        percent: Decimal,
    },
    DiscountOnList {
        percent: Decimal,
    },
    List,
    Fixed {
        price: Money,
    },
}

impl Formula {
    pub const fn kind(self) -> &'static str {
        match self {
            Self::MarkupOnCost { .. } => "markup_on_cost",
            Self::Margin { .. } => "margin",
            Self::DiscountOnList { .. } => "discount_on_list",
            Self::List => "list",
            Self::Fixed { .. } => "fixed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriceRule {
    pub rule_id: Uuid,
    pub scope: Scope,
    pub formula: Formula,
    pub effective_from: NaiveDate,
}
