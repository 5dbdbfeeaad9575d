//! What a document says: only what the billed party may see.

mod credit_note;
mod invoice;
mod statement;

pub use statement::{Named, Names};

use chrono::NaiveDate;
use domain::billing::{ChargeKind, DayFactor, InvoiceLine, Period};
use domain::commission_account::CommissionKind;
use domain::credit_note::{CorrectedInvoice, Settle};
use domain::document::Party;
use domain::invoice::InvoiceKind;
use domain::tax::{TaxAmount, Treatment};
use domain::{Currency, Money, Refusal, UnitPrice};
use uuid::Uuid;

use crate::RenderError;

/// What kind of document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Invoice(InvoiceKind),
    CreditNote,
    /// The reseller's invoice for its commission, written by whoever pays it.
    CommissionStatement,
}

/// Everything a document says; all amounts are in its currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    pub kind: Kind,
    pub id: Uuid,
    pub number: String,
    pub issued_on: NaiveDate,
    /// Absent where nothing is to be paid to the seller.
    pub due_on: Option<NaiveDate>,
    pub period: Period,
    pub tax_point: NaiveDate,
    /// Who writes it: the seller.
    pub seller: Party,
    /// Whom it is addressed to.
    pub buyer: Party,
    /// What the buyer wants to find on it.
    pub reference: Option<String>,
    /// The invoice a credit note corrects.
    pub corrects: Option<CorrectedInvoice>,
    /// What becomes of a credit note's amount.
    pub settle: Option<Settle>,
    pub currency: Currency,
    pub treatment: Treatment,
    pub lines: Vec<Line>,
    /// Before discounts.
    pub charges: Money,
    pub discounts: Money,
    pub net: Money,
    pub taxes: Vec<TaxAmount>,
    pub total: Money,
    /// Paid from the customer's balance when it was issued.
    pub applied_credit: Money,
    /// Paid before it was issued, as prepaid orders are.
    pub paid: Money,
    /// What is left of the total.
    pub due: Money,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Counted from 1.
    pub line: u32,
    pub net: Money,
    pub of: Of,
}

/// What a line is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Of {
    Service(Box<ServiceLine>),
    Commission(Box<CommissionLine>),
}

/// Seats of a service over some days.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceLine {
    pub order_id: Uuid,
    pub account_id: Uuid,
    pub subscription_id: Uuid,
    pub service_name: String,
    pub sku: String,
    /// Whose service it is, when its reseller is billed for it.
    pub end_customer_id: Option<Uuid>,
    pub end_customer_name: Option<String>,
    pub charge: ChargeKind,
    pub from: NaiveDate,
    /// The first day after it.
    pub to: NaiveDate,
    /// Absent where part of a line is credited: that is an amount, no number of seats.
    pub seats: Option<Seats>,
}

/// How a line's amount comes about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seats {
    /// Negative where they are credited on an invoice.
    pub quantity: i64,
    pub factor: DayFactor,
    pub unit_price: UnitPrice,
    pub discount: Money,
}

/// Commission on one line of another document.
#[derive(Debug, Clone, PartialEq)]
pub struct CommissionLine {
    /// The invoice's number; absent with a credit note that is there instead of an invoice.
    pub invoice: Option<String>,
    /// The credit note it goes back with.
    pub credit_note: Option<String>,
    pub end_customer_id: Uuid,
    pub end_customer_name: String,
    /// The document's number of the line.
    pub of_line: u32,
    pub kind: CommissionKind,
    pub base: Money,
    pub period: Period,
}

impl Sheet {
    /// The first and the last day of what is charged, over all lines; the period itself where lines have no days.
    pub fn days(&self) -> (NaiveDate, NaiveDate) {
        let services = || self.lines.iter().filter_map(|line| line.of.service());
        let first = services().map(|service| service.from).min();
        let last = services().map(ServiceLine::last_day).max();
        (first.unwrap_or_else(|| self.period.first_day()), last.unwrap_or_else(|| self.period.last_day()))
    }
}

impl Of {
    pub fn service(&self) -> Option<&ServiceLine> {
        match self {
            Self::Service(service) => Some(service),
            Self::Commission(_) => None,
        }
    }
}

impl ServiceLine {
    /// People count in whole days: the last one that is charged.
    pub fn last_day(&self) -> NaiveDate {
        self.to.pred_opt().filter(|last| *last >= self.from).unwrap_or(self.from)
    }

    /// The line as it was billed.
    fn whole(line: &InvoiceLine) -> Self {
        let InvoiceLine { quantity, factor, unit_price, discount, .. } = *line;
        Self { seats: Some(Seats { quantity, factor, unit_price, discount }), ..Self::part(line) }
    }

    /// Part of its amount.
    fn part(line: &InvoiceLine) -> Self {
        Self {
            order_id: line.order_id,
            account_id: line.account_id,
            subscription_id: line.subscription_id,
            service_name: line.service_name.clone(),
            sku: line.sku.clone(),
            end_customer_id: line.end_customer_id,
            end_customer_name: line.end_customer_name.clone(),
            charge: line.charge,
            from: line.from,
            to: line.to,
            seats: None,
        }
    }
}

impl From<Refusal> for RenderError {
    fn from(refusal: Refusal) -> Self {
        Self::Faulty(refusal.to_string())
    }
}
