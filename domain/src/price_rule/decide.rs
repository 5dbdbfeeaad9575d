//! Which price rules may be set.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Author, Formula, PriceRule, PriceRuleCommand, PriceRuleEvent, PriceRuleState, Scope};
use crate::{Asked, Decided, Refusal};

/// Digits after the point that a percentage may have.
const PERCENT_DECIMALS: u32 = 6;
/// Beyond this a markup is a slip of the keyboard, and prices could no longer be represented.
const MAX_MARKUP_PERCENT: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

pub(super) fn decide(
    state: &PriceRuleState,
    asked: &Asked<'_, PriceRuleCommand>,
) -> Result<Decided<PriceRuleEvent>, Refusal> {
    match asked.command {
        PriceRuleCommand::Set { rule, today } => set(state, rule, *today),
        PriceRuleCommand::Remove { rule_id } => Ok(remove(state, *rule_id)),
    }
}

fn set(state: &PriceRuleState, rule: &PriceRule, today: NaiveDate) -> Result<Decided<PriceRuleEvent>, Refusal> {
    // Asked again on a later day it still holds, although its day is past.
    if state.rule(rule.rule_id) == Some(rule) {
        return Ok(Decided::nothing());
    }
    check_scope(&rule.scope)?;
    check_formula(&rule.formula)?;
    if rule.effective_from < today {
        return Err(Refusal::EffectiveInPast);
    }
    if state.rules().any(|other| collides(rule, other)) {
        return Err(Refusal::DuplicatePriceRule);
    }
    Ok(PriceRuleEvent::PriceRuleSet { rule: PriceRule { formula: plain(rule.formula), ..rule.clone() } }.into())
}

fn remove(state: &PriceRuleState, rule_id: Uuid) -> Decided<PriceRuleEvent> {
    match state.rule(rule_id) {
        Some(_) => PriceRuleEvent::PriceRuleRemoved { rule_id }.into(),
        None => Decided::nothing(),
    }
}

/// A scope has one rule per day; a stream has one scope.
fn collides(rule: &PriceRule, other: &PriceRule) -> bool {
    other.scope != rule.scope || (other.rule_id != rule.rule_id && other.effective_from == rule.effective_from)
}

fn check_scope(scope: &Scope) -> Result<(), Refusal> {
    if scope.reseller_id.is_some() && scope.author != Author::Seller {
        return Err(Refusal::InvalidPriceRule { why: "only the seller makes rules for a reseller's customers" });
    }
    if scope.reseller_id.is_some() && scope.customer_id.is_some() {
        return Err(Refusal::InvalidPriceRule { why: "it names a customer or a reseller, not both" });
    }
    Ok(())
}

fn check_formula(formula: &Formula) -> Result<(), Refusal> {
    let valid = match formula {
        Formula::MarkupOnCost { percent } => {
            is_percent(*percent) && (Decimal::ZERO..=MAX_MARKUP_PERCENT).contains(percent)
        }
        Formula::Margin { percent } => is_percent(*percent) && (Decimal::ZERO..Decimal::ONE_HUNDRED).contains(percent),
        Formula::DiscountOnList { percent } => {
            is_percent(*percent) && (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(percent)
        }
        Formula::List => true,
        Formula::Fixed { price } => price.amount() > Decimal::ZERO,
    };
    if valid { Ok(()) } else { Err(Refusal::InvalidPriceRule { why: bounds(formula) }) }
}

fn is_percent(percent: Decimal) -> bool {
    percent.normalize().scale() <= PERCENT_DECIMALS
}

fn bounds(formula: &Formula) -> &'static str {
    match formula {
        Formula::MarkupOnCost { .. } => "a markup lies between 0 and 1000000 percent, with at most six decimals",
        Formula::Margin { .. } => "a margin is at least 0 and below 100 percent, with at most six decimals",
        Formula::DiscountOnList { .. } => "a discount lies between 0 and 100 percent, with at most six decimals",
        Formula::List => "the list price takes no parameter",
        Formula::Fixed { .. } => "a fixed price is above zero",
    }
}

/// Percentages without trailing zeros, so that they are shown as people write them.
fn plain(formula: Formula) -> Formula {
    match formula {
        Formula::MarkupOnCost { percent } => Formula::MarkupOnCost { percent: percent.normalize() },
        Formula::Margin { percent } => Formula::Margin { percent: percent.normalize() },
        Formula::DiscountOnList { percent } => Formula::DiscountOnList { percent: percent.normalize() },
        Formula::List | Formula::Fixed { .. } => formula,
    }
}
