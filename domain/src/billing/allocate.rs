//! Dividing an amount so that the parts add up to it.

use super::{from_minor_units, minor_units, minus};
use crate::{Money, Refusal};

/// `total` in proportion to `weights`, in their order: each share rounded down, and what is left given unit by unit to
/// the largest remainders, the earlier first. Weights may be negative as long as their sum is not zero; without any
/// weight the shares are equal, without shares there are none.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when a share cannot be represented.
pub fn split(total: Money, weights: &[Money]) -> Result<Vec<Money>, Refusal> {
    let mut weights = weights.iter().map(|weight| minor_units(*weight)).collect::<Result<Vec<_>, _>>()?;
    let mut whole = add(&weights)?;
    if whole == 0 {
        weights.fill(1);
        whole = add(&weights)?;
    }
    if weights.is_empty() {
        return Ok(Vec::new());
    }
    if whole < 0 {
        // The proportions are the same the other way round.
        weights.iter_mut().for_each(|weight| *weight = -*weight);
        whole = -whole;
    }
    let shares = largest_remainder(minor_units(total)?, &weights, whole)?;
    shares.into_iter().map(|share| from_minor_units(share, total.currency())).collect()
}

fn add(weights: &[i128]) -> Result<i128, Refusal> {
    weights.iter().try_fold(0i128, |sum, weight| sum.checked_add(*weight)).ok_or(Refusal::AmountOverflow)
}

/// `whole` is the sum of the weights and above zero.
fn largest_remainder(total: i128, weights: &[i128], whole: i128) -> Result<Vec<i128>, Refusal> {
    let exact = |weight: &i128| total.checked_mul(*weight).ok_or(Refusal::AmountOverflow);
    let products = weights.iter().map(exact).collect::<Result<Vec<_>, _>>()?;
    let mut shares: Vec<i128> = products.iter().map(|product| product.div_euclid(whole)).collect();
    let left = total - add(&shares)?;
    let mut places: Vec<usize> = (0..shares.len()).collect();
    places.sort_by_key(|place| std::cmp::Reverse(products[*place].rem_euclid(whole)));
    let lucky = usize::try_from(left).map_err(|_| Refusal::AmountOverflow)?;
    places.into_iter().take(lucky).for_each(|place| shares[place] += 1);
    Ok(shares)
}

/// An amount that first pays what is open; the rest is left over. Neither is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    pub applied: Money,
    pub rest: Money,
}

/// A credit note on an invoice's balance, or a customer's balance on a new invoice. Nothing is applied where either is
/// not above zero.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when the currencies differ.
pub fn apply(amount: Money, open: Money) -> Result<Applied, Refusal> {
    let left = minus(amount, open)?;
    let applied = if left.amount().is_sign_negative() { amount } else { open };
    let applied = if applied.amount().is_sign_negative() { Money::zero(amount.currency()) } else { applied };
    Ok(Applied { applied, rest: minus(amount, applied)? })
}
