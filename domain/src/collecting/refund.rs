//! Sending money back: over which payments it goes, and what it is taken from.

use uuid::Uuid;

use crate::billing::allocate::{self, Applied};
use crate::billing::{minor_units, minus, sum};
use crate::payment::{Payment, PaymentMeans, PaymentOutcome, PaymentStatus, RefundCause, RefundStatus};
use crate::{Money, Refusal};

/// A payment on an invoice, as far as a credit note on that invoice may send it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returnable {
    pub payment_id: Uuid,
    pub left: Money,
}

/// What of a credit goes back over which payment: over the last one first, as far as each goes. What goes over none of
/// them is left over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    pub parts: Vec<Returnable>,
    pub rest: Money,
}

/// Divides a credit among payments, which are given in the order in which they were booked.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when an amount cannot be represented.
pub fn divide(amount: Money, booked: &[Returnable]) -> Result<Returned, Refusal> {
    let mut returned = Returned { parts: Vec::new(), rest: amount };
    for payment in booked.iter().rev() {
        let Applied { applied, rest } = allocate::apply(returned.rest, payment.left)?;
        returned.rest = rest;
        if minor_units(applied)? > 0 {
            returned.parts.push(Returnable { payment_id: payment.payment_id, left: applied });
        }
    }
    Ok(returned)
}

/// Where the money of one payment is, when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whereabouts {
    /// What may still go back of it.
    pub refundable: Money,
    /// What the invoice still holds of it, tax included: what it paid there and no credit note gave back.
    pub on_invoice: Money,
    /// What the customer has to its credit, from whatever source.
    pub balance: Money,
}

/// What a refund is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// From the customer's balance.
    pub balance: Money,
    /// From the invoice, by a credit note.
    pub invoice: Money,
}

impl Whereabouts {
    /// What no invoice holds is taken first, as far as the customer's balance still has it; the invoice gives the rest.
    /// Without an amount all of it.
    ///
    /// # Errors
    /// [`Refusal::CurrencyMismatch`] in another currency than the payment's; [`Refusal::InvalidPayment`] for an amount
    /// that is none; [`Refusal::RefundLimit`] when there is less, or nothing.
    pub fn take(&self, asked: Option<Money>) -> Result<Taken, Refusal> {
        let on_invoice = lower(self.on_invoice, self.refundable)?;
        let free = lower(minus(self.refundable, on_invoice)?, self.balance)?;
        let left = free.plus(on_invoice)?;
        let amount = asked.unwrap_or(left);
        if amount.currency() != left.currency() {
            return Err(Refusal::CurrencyMismatch);
        }
        if asked.is_some() && minor_units(amount)? <= 0 {
            return Err(Refusal::InvalidPayment);
        }
        if minor_units(left)? == 0 || minor_units(minus(left, amount)?)? < 0 {
            return Err(Refusal::RefundLimit { left });
        }
        let Applied { applied: balance, rest: invoice } = allocate::apply(amount, free)?;
        Ok(Taken { balance, invoice })
    }
}

impl Payment {
    /// Whether anything may go back of it, however much.
    ///
    /// # Errors
    /// [`Refusal::InvalidState`] unless it succeeded; [`Refusal::RefundNotSupported`] where its means does not do that.
    pub const fn can_be_refunded(&self) -> Result<(), Refusal> {
        match (self.status, self.started.means) {
            (PaymentStatus::Ended(PaymentOutcome::Succeeded), PaymentMeans::Wallet) => Ok(()),
            (PaymentStatus::Ended(PaymentOutcome::Succeeded), PaymentMeans::Token | PaymentMeans::Outside) => {
                Err(Refusal::RefundNotSupported)
            }
            (status, _) => Err(Refusal::InvalidState { state: status.name() }),
        }
    }

    /// What a credit note may still send back of what this payment paid of its invoice, which is `applied`. What was sent
    /// and did not arrive counts as not sent.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn returnable(&self, applied: Money) -> Result<Money, Refusal> {
        let credited = self.refunds.iter().filter(|refund| {
            matches!(refund.cause, RefundCause::CreditNote(_)) && refund.status != RefundStatus::Failed
        });
        let credited = sum(applied.currency(), credited.map(|refund| refund.amount))?;
        let Applied { rest: standing, .. } = allocate::apply(applied, credited)?;
        lower(standing, self.refundable()?)
    }
}

fn lower(one: Money, other: Money) -> Result<Money, Refusal> {
    Ok(allocate::apply(one, other)?.applied)
}
