//! The sums of an invoice, and which document they make.

use serde::{Deserialize, Serialize};

use super::{BillOn, InvoiceLine, minor_units, minus, negated, sum};
use crate::tax::{TaxAmount, Treatment, taxes_in};
use crate::{Currency, Money, Refusal};

/// Net and taxes are sums of what is rounded already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Before discounts.
    pub charges: Money,
    pub discounts: Money,
    pub net: Money,
    /// One per rate, on the sum of its lines.
    pub taxes: Vec<TaxAmount>,
    pub total: Money,
}

/// What a billed party's lines of one currency and period become.
#[derive(Debug, Clone, PartialEq)]
pub enum Document {
    Invoice(Totals),
    /// More was credited than charged. The sums are what the customer gets, above zero; it corrects no invoice and goes
    /// to the balance.
    CreditNote(Totals),
}

impl Totals {
    /// The sums of lines, which all have the billed party's treatment.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when a sum cannot be represented, or a line is in another currency.
    pub fn of(currency: Currency, lines: &[InvoiceLine], treatment: &Treatment) -> Result<Self, Refusal> {
        let amounts: Vec<Money> = lines.iter().map(|line| line.amount).collect();
        let (taxes, tax, net) = taxes_in(treatment, currency, &amounts)?;
        let discounts = sum(currency, lines.iter().map(|line| line.discount))?;
        Ok(Self { charges: net.plus(discounts)?, discounts, net, taxes, total: net.plus(tax)? })
    }

    /// The tax of all rates.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn tax(&self) -> Result<Money, Refusal> {
        minus(self.total, self.net)
    }

    /// The document; a sum of zero is an invoice with nothing to pay.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when an amount cannot be represented.
    pub fn document(self) -> Result<Document, Refusal> {
        if minor_units(self.total)? < 0 {
            return self.turned().map(Document::CreditNote);
        }
        Ok(Document::Invoice(self))
    }

    fn turned(self) -> Result<Self, Refusal> {
        let turned = |tax: TaxAmount| {
            let (base, amount) = (negated(tax.base)?, negated(tax.amount)?);
            Ok(TaxAmount { base, amount, ..tax })
        };
        Ok(Self {
            charges: negated(self.charges)?,
            discounts: negated(self.discounts)?,
            net: negated(self.net)?,
            taxes: self.taxes.into_iter().map(turned).collect::<Result<_, Refusal>>()?,
            total: negated(self.total)?,
        })
    }
}

impl InvoiceLine {
    /// The line as a credit note without invoice shows it: what is given back counts up there.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when an amount cannot be represented.
    pub fn turned(self) -> Result<Self, Refusal> {
        Ok(Self {
            quantity: self.quantity.checked_neg().ok_or(Refusal::AmountOverflow)?,
            discount: negated(self.discount)?,
            amount: negated(self.amount)?,
            cost: negated(self.cost)?,
            reseller_amount: self.reseller_amount.map(negated).transpose()?,
            commission: self.commission.map(negated).transpose()?,
            bill_on: self.bill_on.map(BillOn::turned).transpose()?,
            ..self
        })
    }
}

impl BillOn {
    fn turned(self) -> Result<Self, Refusal> {
        Ok(Self { discount: negated(self.discount)?, amount: negated(self.amount)?, ..self })
    }
}
