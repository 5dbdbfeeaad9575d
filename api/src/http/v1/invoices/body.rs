//! An invoice as the API shows it.

use chrono::NaiveDate;
use domain::Money;
use domain::invoice::{AppliedCredit, BookedPayment, Invoice, InvoiceRules, InvoiceState};
use projections::invoices::Invoices;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::line::{LineBody, Sees};
use crate::http::v1::money::{MoneyBody, TaxBody};
use crate::http::v1::resource::{Head, Resource, View};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub struct InvoiceBody {
    #[serde(flatten)]
    pub head: Head,
    /// `null` until it is issued.
    #[schema(example = "INV-2026-000001")]
    pub number: Option<String>,
    /// `period` or `order`.
    pub kind: &'static str,
    /// The billed party.
    pub customer_id: Uuid,
    #[schema(example = "2026-10")]
    pub period: String,
    /// `draft`, `discarded`, `issued`, `paid`, `void` or `uncollectible`.
    pub status: &'static str,
    /// `unpaid`, `processing`, `paid`, `failed`, or `unknown` while nobody knows whether a payment was charged.
    #[schema(example = "failed")]
    pub payment_status: &'static str,
    /// Why the last attempt to pay failed, as the payment has it.
    #[schema(example = "insufficient_balance")]
    pub payment_reason: Option<&'static str>,
    /// Not paid on the day it was due.
    pub overdue: bool,
    /// The book date.
    pub issued_on: Option<NaiveDate>,
    pub due_on: Option<NaiveDate>,
    /// When the next attempt to pay is made by itself, by the seller's days.
    pub next_attempt_on: Option<NaiveDate>,
    pub currency: &'static str,
    /// Before discounts.
    #[schema(value_type = MoneyBody)]
    pub charges: Money,
    #[schema(value_type = MoneyBody)]
    pub discounts: Money,
    #[schema(value_type = MoneyBody)]
    pub net: Money,
    pub taxes: Vec<TaxBody>,
    #[schema(value_type = MoneyBody)]
    pub total: Money,
    /// What the customer's balance paid of it.
    #[schema(value_type = MoneyBody)]
    pub applied_credit: Money,
    /// What is left to pay.
    #[schema(value_type = MoneyBody)]
    pub balance: Money,
    /// Shown to the billed party and to staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payments: Option<Vec<PaymentOnInvoiceBody>>,
    pub credit_notes: Vec<CreditOnInvoiceBody>,
    pub lines: Vec<LineBody>,
}

/// Money that came in for the invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentOnInvoice)]
pub struct PaymentOnInvoiceBody {
    pub id: Uuid,
    #[schema(value_type = MoneyBody)]
    pub amount: Money,
    /// What of it paid the invoice; more went to the customer's balance.
    #[schema(value_type = MoneyBody)]
    pub applied: Money,
    pub received_on: NaiveDate,
}

/// A credit note that corrects the invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditOnInvoice)]
pub struct CreditOnInvoiceBody {
    pub id: Uuid,
    #[schema(value_type = MoneyBody)]
    pub total: Money,
    /// What of it was taken off what was left to pay.
    #[schema(value_type = MoneyBody)]
    pub applied: Money,
}

/// The resource.
#[derive(Debug)]
pub struct InvoiceResource;

impl Resource for InvoiceResource {
    type Rules = InvoiceRules;
    type Noun = Invoices;
    type Content = Invoice;
    type Body = InvoiceBody;
    const PATH: &'static str = "/v1/invoices";

    fn of_state(state: &InvoiceState) -> Option<&Invoice> {
        state.known()
    }

    fn of_row(state: &InvoiceState) -> Option<&Invoice> {
        state.known()
    }

    fn body(invoice: &Invoice, head: Head, view: &View<'_>) -> InvoiceBody {
        let (contents, issue) = (&invoice.contents, invoice.issue.as_ref());
        let sees = Sees::of(view, contents);
        let pays = view.is_staff() || view.actor.customer_id == Some(contents.customer_id);
        InvoiceBody {
            head,
            number: issue.map(|issue| issue.number.clone()),
            kind: contents.kind.name(),
            customer_id: contents.customer_id,
            period: contents.period.to_string(),
            status: invoice.status.name(),
            payment_status: invoice.payment().name(),
            payment_reason: invoice.payment().reason(),
            overdue: invoice.overdue,
            issued_on: issue.map(|issue| issue.issued_on),
            due_on: issue.map(|issue| issue.due_on),
            next_attempt_on: next_attempt_on(invoice, view),
            currency: contents.currency.code(),
            charges: contents.totals.charges,
            discounts: contents.totals.discounts,
            net: contents.totals.net,
            taxes: contents.totals.taxes.iter().map(TaxBody::from).collect(),
            total: contents.totals.total,
            applied_credit: in_force(invoice, invoice.applied_credit),
            balance: in_force(invoice, invoice.balance),
            payments: pays.then(|| invoice.payments.iter().map(PaymentOnInvoiceBody::from).collect()),
            credit_notes: invoice.credits.iter().map(CreditOnInvoiceBody::from).collect(),
            lines: contents.lines.iter().map(|line| LineBody::of(line, sees)).collect(),
        }
    }
}

/// Not while one is open: what comes after it depends on it.
fn next_attempt_on(invoice: &Invoice, view: &View<'_>) -> Option<NaiveDate> {
    let entity = view.seller.entity(&invoice.contents.seller_entity);
    let next = invoice.collection.next_at.filter(|_| invoice.collection.open.is_none());
    next.map(|at| entity.day_at(at))
}

/// What was withdrawn asks for nothing, and what the balance paid of it was given back.
fn in_force(invoice: &Invoice, amount: Money) -> Money {
    if invoice.is_withdrawn() { Money::zero(amount.currency()) } else { amount }
}

impl From<&BookedPayment> for PaymentOnInvoiceBody {
    fn from(payment: &BookedPayment) -> Self {
        let BookedPayment { payment_id, amount, applied, received_on } = *payment;
        Self { id: payment_id, amount, applied, received_on }
    }
}

impl From<&AppliedCredit> for CreditOnInvoiceBody {
    fn from(credit: &AppliedCredit) -> Self {
        Self { id: credit.credit_note_id, total: credit.total, applied: credit.applied }
    }
}
