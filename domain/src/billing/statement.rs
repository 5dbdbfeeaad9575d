//! Commission statements: what a reseller earned in one currency and period, with its tax.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{minor_units, negated, sum};
use crate::tax::{self, TaxAmount, TaxCase, Treatment, taxes_in};
use crate::{Currency, Money, Refusal};

/// What goes into a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entries {
    pub accrued: Vec<Money>,
    /// Above zero where commission goes back.
    pub reversed: Vec<Money>,
    /// A negative sum of earlier periods.
    pub carried: Option<Money>,
}

/// What becomes of a period's commission.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// There was none.
    Nothing,
    Statement(Statement),
    /// More went back than was earned: the sum, negative, is the next period's.
    Carried(Money),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    pub net: Money,
    pub taxes: Vec<TaxAmount>,
    pub total: Money,
}

/// The sums of a reseller, a currency and a period.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when a sum cannot be represented, or an entry is in another currency.
pub fn statement(currency: Currency, entries: &Entries, treatment: &Treatment) -> Result<Outcome, Refusal> {
    let reversed = entries.reversed.iter().map(|amount| negated(*amount)).collect::<Result<Vec<_>, _>>()?;
    let all: Vec<Money> = entries.accrued.iter().copied().chain(reversed).chain(entries.carried).collect();
    let net = sum(currency, all.iter().copied())?;
    if all.is_empty() {
        return Ok(Outcome::Nothing);
    }
    if minor_units(net)? < 0 {
        return Ok(Outcome::Carried(net));
    }
    let (taxes, tax, net) = taxes_in(treatment, currency, &all)?;
    Ok(Outcome::Statement(Statement { net, taxes, total: net.plus(tax)? }))
}

/// How commission is taxed: the reseller sells its service to the seller entity, so the roles are turned.
pub fn treatment(
    reseller_country: &str,
    entity_country: &str,
    entity_vat_id: Option<&str>,
    on: NaiveDate,
) -> Treatment {
    let case = TaxCase {
        seller_country: reseller_country,
        customer_country: entity_country,
        vat_id: entity_vat_id,
        exempt_reason: None,
    };
    tax::treatment(&case, on)
}
