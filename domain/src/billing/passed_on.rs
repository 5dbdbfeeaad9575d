//! A line that only the provider has, passed on to the customer.

use super::{Charge, ChargeKey, DayFactor, Exact, History, Prices, ProviderLine, minor_units, minus};
use crate::{Money, Refusal, UnitPrice};

/// What the customer is charged or given for a line of the provider's: its seats and days at the prices of that term
/// where the provider's amount is made that way too; else the same part of our price as the provider asks of its own,
/// as one piece. `n` is what tells it from other charges of that kind and day. `None` where nothing says our price:
/// before the first term, without seats, or without cost.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when an amount cannot be represented, or the provider's is not in the currency of cost.
pub fn passed_on(history: &History, line: &ProviderLine, n: u32) -> Result<Option<Charge>, Refusal> {
    let days = line.from..line.to;
    let Some((prices, factor)) = history.priced(&days).filter(|_| line.quantity != 0) else { return Ok(None) };
    let key =
        ChargeKey { subscription_id: history.subject.subscription_id, kind: line.charge.kind(), from: line.from, n };
    let usual = Charge { key, to: line.to, quantity: line.quantity, factor, prices };
    let differs = minor_units(minus(line.amount, usual.cost()?)?)?;
    if differs.abs() <= 1 {
        return Ok(Some(usual));
    }
    as_one_piece(usual, line.amount)
}

fn as_one_piece(usual: Charge, amount: Money) -> Result<Option<Charge>, Refusal> {
    let Charge { prices, .. } = usual;
    if prices.unit_cost.amount().is_zero() || amount.amount().is_zero() {
        return Ok(None);
    }
    let asked = Money::rounded(amount.amount().abs(), amount.currency());
    let share = |price: UnitPrice| {
        let exact = Exact::of(price.amount()).times(asked.amount())?.over(prices.unit_cost.amount())?;
        exact.unit_price(price.currency())
    };
    let prices = Prices {
        unit_price: share(prices.unit_price)?,
        reseller_unit_price: prices.reseller_unit_price.map(share).transpose()?,
        unit_cost: asked,
        ..prices
    };
    let quantity = if amount.amount().is_sign_negative() { -1 } else { 1 };
    Ok(Some(Charge { quantity, factor: DayFactor::WHOLE, prices, ..usual }))
}
