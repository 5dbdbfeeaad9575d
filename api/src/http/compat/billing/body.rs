//! What older clients read.

use domain::invoice::{Invoice, InvoicePayment, InvoiceStatus};
use domain::payment::{DeclineReason, PaymentOutcome};
use serde::Serialize;

use super::money::Amount;

#[derive(Debug, Serialize)]
pub struct CustomerItem {
    pub id: i64,
    pub currency: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceItem {
    pub id: i64,
    pub customer_id: i64,
    pub amount: Amount,
    pub status: Status,
}

/// How paying an invoice stands, in the earlier words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Nobody has tried, or a try is on its way.
    Pending,
    Paid,
    ErrorNoBalance,
    ErrorCustomerNotFound,
    ErrorCurrencyMismatch,
    /// Nothing was charged: the gateway was not reached.
    ErrorNetwork,
    ErrorUnknown,
}

impl Status {
    /// `None` for what is not shown: what was never issued, or is to be paid no more.
    pub fn of(invoice: &Invoice) -> Option<Self> {
        use {DeclineReason as D, PaymentOutcome as O};
        match invoice.status {
            InvoiceStatus::Issued | InvoiceStatus::Paid => {}
            InvoiceStatus::Draft | InvoiceStatus::Discarded | InvoiceStatus::Void | InvoiceStatus::Uncollectible => {
                return None;
            }
        }
        Some(match invoice.payment() {
            InvoicePayment::Unpaid | InvoicePayment::Processing => Self::Pending,
            InvoicePayment::Paid => Self::Paid,
            InvoicePayment::Failed(O::Declined(D::InsufficientBalance)) => Self::ErrorNoBalance,
            InvoicePayment::Failed(O::Declined(D::CustomerNotFound)) => Self::ErrorCustomerNotFound,
            InvoicePayment::Failed(O::Declined(D::CurrencyMismatch)) => Self::ErrorCurrencyMismatch,
            InvoicePayment::Failed(O::Unreachable) => Self::ErrorNetwork,
            InvoicePayment::Failed(O::Declined(D::Other) | O::Expired | O::Succeeded | O::Unknown(_))
            | InvoicePayment::Unknown => Self::ErrorUnknown,
        })
    }
}
