//! Products and quotients that stay exact until they are rounded, once.

use rust_decimal::Decimal;

use super::{DayFactor, from_minor_units};
use crate::money::{UNIT_PRICE_DECIMALS, decimals};
use crate::{Currency, Money, Refusal, UnitPrice};

const OVERFLOW: Refusal = Refusal::AmountOverflow;

/// `numerator ÷ 10^places ÷ divisor`. The decimal type would quietly drop digits that do not fit; here they are kept or
/// refused.
#[derive(Debug, Clone, Copy)]
pub struct Exact {
    numerator: i128,
    places: i64,
    /// Above zero.
    divisor: i128,
}

impl Exact {
    pub fn of(value: Decimal) -> Self {
        let value = value.normalize();
        Self { numerator: value.mantissa(), places: i64::from(value.scale()), divisor: 1 }
    }

    /// # Errors
    /// [`Refusal::AmountOverflow`] when the product cannot be represented.
    pub fn times(self, factor: Decimal) -> Result<Self, Refusal> {
        let factor = factor.normalize();
        let numerator = self.numerator.checked_mul(factor.mantissa()).ok_or(OVERFLOW)?;
        Ok(Self { numerator, places: self.places + i64::from(factor.scale()), ..self })
    }

    /// # Errors
    /// [`Refusal::AmountOverflow`] when the quotient cannot be represented, or there is none.
    pub fn over(self, divisor: Decimal) -> Result<Self, Refusal> {
        let divisor = divisor.normalize();
        let by = divisor.mantissa();
        if by == 0 {
            return Err(OVERFLOW);
        }
        let numerator = self.numerator.checked_mul(by.signum()).ok_or(OVERFLOW)?;
        let places = self.places - i64::from(divisor.scale());
        Ok(Self { numerator, places, divisor: self.divisor.checked_mul(by.abs()).ok_or(OVERFLOW)? })
    }

    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn percent(self, percent: Decimal) -> Result<Self, Refusal> {
        self.times(percent)?.over(Decimal::ONE_HUNDRED)
    }

    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn part(self, factor: DayFactor) -> Result<Self, Refusal> {
        self.times(factor.days().into())?.over(factor.of().into())
    }

    /// Half away from zero, to the currency's digits.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn money(self, currency: Currency) -> Result<Money, Refusal> {
        from_minor_units(self.rounded(decimals(currency))?, currency)
    }

    /// Half away from zero, to the digits of a unit price.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn unit_price(self, currency: Currency) -> Result<UnitPrice, Refusal> {
        let units = self.rounded(UNIT_PRICE_DECIMALS)?;
        let amount = Decimal::try_from_i128_with_scale(units, UNIT_PRICE_DECIMALS).map_err(|_| OVERFLOW)?;
        Ok(UnitPrice::rounded(amount, currency))
    }

    /// In units of the last of so many digits.
    fn rounded(self, digits: u32) -> Result<i128, Refusal> {
        let shift = i64::from(digits) - self.places;
        let power = u32::try_from(shift.unsigned_abs()).ok().and_then(|shift| 10i128.checked_pow(shift));
        let (numerator, divisor) = match (power, shift >= 0) {
            (Some(power), true) => (self.numerator.checked_mul(power).ok_or(OVERFLOW)?, self.divisor),
            (Some(power), false) => (self.numerator, self.divisor.checked_mul(power).ok_or(OVERFLOW)?),
            (None, _) => return Err(OVERFLOW),
        };
        let (whole, rest) = (numerator / divisor, numerator % divisor);
        // Twice the rest against the divisor, without doubling it.
        let up = rest.abs() >= divisor - rest.abs();
        Ok(if up { whole + rest.signum() } else { whole })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn euro(exact: Exact) -> String {
        exact.money(Currency::EUR).unwrap().amount().to_string()
    }

    #[test]
    fn it_rounds_once_half_away_from_zero() {
        let half = |text: &str| Exact::of(number(text)).over(number("2")).unwrap();
        assert_eq!([half("0.01"), half("-0.01"), half("0.03"), half("0")].map(euro), ["0.01", "-0.01", "0.02", "0.00"]);
        assert_eq!(euro(Exact::of(number("0.0049999999999999999999999999"))), "0.00");
        let third = Exact::of(number("10")).over(number("3")).unwrap();
        assert_eq!(euro(third.times(number("3")).unwrap()), "10.00", "nothing was lost in between");
    }

    #[test]
    fn divisors_may_have_digits_and_a_sign() {
        let reversed = Exact::of(number("23.20")).times(number("38.00")).unwrap().over(number("152.00")).unwrap();
        assert_eq!(euro(reversed), "5.80");
        assert_eq!(euro(Exact::of(number("1")).over(number("-0.4")).unwrap()), "-2.50");
        assert_eq!(Exact::of(number("1")).over(Decimal::ZERO).unwrap_err(), Refusal::AmountOverflow);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let huge = Exact::of(Decimal::MAX);
        assert_eq!(huge.times(Decimal::MAX).unwrap_err(), Refusal::AmountOverflow);
        assert_eq!(huge.money(Currency::EUR).unwrap_err(), Refusal::AmountOverflow);
        assert!(huge.money(Currency::JPY).is_ok());
        assert_eq!(Exact::of(Decimal::new(1, 28)).over(Decimal::MAX).unwrap().rounded(2), Err(Refusal::AmountOverflow));
    }
}
