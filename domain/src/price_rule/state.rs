//! The price rules of one author and scope, folded from their events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{PriceRule, PriceRuleEvent};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PriceRuleState {
    rules: BTreeMap<Uuid, PriceRule>,
}

impl PriceRuleState {
    /// All rules there are, by id: those in force, those to come and those overtaken.
    pub fn rules(&self) -> impl Iterator<Item = &PriceRule> {
        self.rules.values()
    }

    pub fn rule(&self, rule_id: Uuid) -> Option<&PriceRule> {
        self.rules.get(&rule_id)
    }

    pub(super) fn evolve(&mut self, event: &PriceRuleEvent) {
        match event {
            PriceRuleEvent::PriceRuleSet { rule } => {
                self.rules.insert(rule.rule_id, rule.clone());
            }
            PriceRuleEvent::PriceRuleRemoved { rule_id } => {
                self.rules.remove(rule_id);
            }
        }
    }
}
