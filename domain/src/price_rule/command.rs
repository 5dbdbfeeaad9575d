//! What can be asked of the price rules of one author and scope.

use chrono::NaiveDate;
use uuid::Uuid;

use super::PriceRule;

#[derive(Debug, Clone)]
pub enum PriceRuleCommand {
    /// Adds the rule, or replaces the one with the same id. `today` is the day it is at the seller.
    Set {
        rule: PriceRule,
        today: NaiveDate,
    },
    Remove {
        rule_id: Uuid,
    },
}
