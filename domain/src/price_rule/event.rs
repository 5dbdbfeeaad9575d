//! What can happen to the price rules of one author and scope.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::PriceRule;
use crate::decider::facts;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PriceRuleEvent {
    PriceRuleSet { rule: PriceRule },
    PriceRuleRemoved { rule_id: Uuid },
}

facts!(PriceRuleEvent in PriceRule { PriceRuleSet "1.0", PriceRuleRemoved "1.0" });
