//! What a reseller earns on a line, and what of it goes back when the line is credited.

use super::{Exact, minus};
use crate::customer::{Commission, CommissionScheme};
use crate::{Money, Refusal};

/// The commission on a line's net: a share of it, or what it is above the reseller price. Negative on credits. `None`
/// where the scheme gives none, or has nothing to go by.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when it cannot be represented, or the currencies differ.
pub fn accrued(terms: &Commission, net: Money, reseller_amount: Option<Money>) -> Result<Option<Money>, Refusal> {
    match (terms.scheme, terms.percent, reseller_amount) {
        (CommissionScheme::Percent, Some(percent), _) => {
            Exact::of(net.amount()).percent(percent)?.money(net.currency()).map(Some)
        }
        (CommissionScheme::Difference, _, Some(reseller_amount)) => minus(net, reseller_amount).map(Some),
        (CommissionScheme::None | CommissionScheme::Percent | CommissionScheme::Difference, _, _) => Ok(None),
    }
}

/// A line's commission and what credit notes took off its net before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earned {
    pub commission: Money,
    pub net: Money,
    /// Of the net, so far.
    pub credited: Money,
}

impl Earned {
    /// What goes back with a further credit, in proportion. Counted from the beginning, so that the credits of a whole
    /// line take back its whole commission, however many there are.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn reversed_by(&self, credit: Money) -> Result<Money, Refusal> {
        minus(self.share(self.credited.plus(credit)?)?, self.share(self.credited)?)
    }

    /// What goes back when the invoice is void or uncollectible: all that is left.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn reversed_fully(&self) -> Result<Money, Refusal> {
        minus(self.commission, self.share(self.credited)?)
    }

    fn share(&self, credited: Money) -> Result<Money, Refusal> {
        let currency = self.commission.currency();
        // Without a net there is nothing to credit.
        if credited.amount().is_zero() {
            return Ok(Money::zero(currency));
        }
        let share = Exact::of(self.commission.amount()).times(credited.amount())?.over(self.net.amount())?;
        share.money(currency)
    }
}
