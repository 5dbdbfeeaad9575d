//! Amounts as whole numbers of the currency's minor unit, where nothing can be lost.

use rust_decimal::Decimal;

use crate::money::decimals;
use crate::{Currency, Money, Refusal};

/// How many minor units an amount is: 12.50 EUR are 1250.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when it cannot be represented.
pub fn minor_units(money: Money) -> Result<i128, Refusal> {
    let amount = money.amount();
    let missing = decimals(money.currency()).checked_sub(amount.scale()).ok_or(Refusal::AmountOverflow)?;
    10i128.checked_pow(missing).and_then(|power| amount.mantissa().checked_mul(power)).ok_or(Refusal::AmountOverflow)
}

/// The amount of so many minor units: 1250 are 12.50 EUR.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when it cannot be represented.
pub fn from_minor_units(units: i128, currency: Currency) -> Result<Money, Refusal> {
    let amount = Decimal::try_from_i128_with_scale(units, decimals(currency)).map_err(|_| Refusal::AmountOverflow)?;
    Ok(Money::rounded(amount, currency))
}

/// `left − right`, of one currency.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when it cannot be represented, or the currencies differ.
pub fn minus(left: Money, right: Money) -> Result<Money, Refusal> {
    left.plus(negated(right)?)
}

/// The same amount the other way.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when it cannot be represented in minor units.
pub fn negated(money: Money) -> Result<Money, Refusal> {
    // By way of whole numbers: they know no negative zero.
    from_minor_units(-minor_units(money)?, money.currency())
}

/// The sum of amounts of one currency; zero of none.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when it cannot be represented, or the currencies differ.
pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Money>) -> Result<Money, Refusal> {
    amounts.into_iter().try_fold(Money::zero(currency), Money::plus)
}
