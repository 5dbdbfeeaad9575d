//! What an invoice would be, as the API shows it: an invoice without number.

use domain::billing::allocate::apply;
use domain::billing::{Period, minus};
use domain::invoice::{InvoiceContents, InvoiceKind};
use domain::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::problem::{Problem, ProblemType};
use crate::http::v1::invoices::line::{LineBody, Sees};
use crate::http::v1::money::{MoneyBody, TaxBody};
use crate::http::v1::resource::View;

/// What a month's invoice would be if it were made now. Amounts below zero would become a credit note instead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoicePreview)]
pub struct PreviewBody {
    /// `period`.
    pub kind: &'static str,
    /// The billed party.
    pub customer_id: Uuid,
    #[schema(example = "2026-10")]
    pub period: String,
    /// `preview`.
    #[schema(example = "preview")]
    pub status: &'static str,
    /// In the currency the customer buys in.
    #[serde(flatten)]
    pub main: SheetBody,
    /// In further currencies, one invoice each.
    pub others: Vec<SheetBody>,
}

/// The invoice of one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoicePreviewSheet)]
pub struct SheetBody {
    #[schema(example = "EUR")]
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
    /// What the customer's balance would pay of it.
    #[schema(value_type = MoneyBody)]
    pub applied_credit: Money,
    /// What would be left to pay.
    #[schema(value_type = MoneyBody)]
    pub balance: Money,
    pub lines: Vec<LineBody>,
}

impl PreviewBody {
    pub fn new(customer_id: Uuid, period: Period, main: SheetBody, others: Vec<SheetBody>) -> Self {
        let (kind, period) = (InvoiceKind::Period.name(), period.to_string());
        Self { kind, customer_id, period, status: "preview", main, others }
    }
}

impl SheetBody {
    /// Without anything to charge.
    pub fn empty(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self {
            currency: currency.code(),
            charges: zero,
            discounts: zero,
            net: zero,
            taxes: Vec::new(),
            total: zero,
            applied_credit: zero,
            balance: zero,
            lines: Vec::new(),
        }
    }

    /// `available` is what the customer's balance has.
    ///
    /// # Errors
    /// `amount-overflow` when an amount cannot be represented.
    pub fn of(contents: &InvoiceContents, available: Money, view: &View<'_>) -> Result<Self, Problem> {
        let totals = &contents.totals;
        let applied = apply(available, totals.total).map_err(|_| ProblemType::AmountOverflow)?.applied;
        let sees = Sees::of(view, contents);
        Ok(Self {
            currency: contents.currency.code(),
            charges: totals.charges,
            discounts: totals.discounts,
            net: totals.net,
            taxes: totals.taxes.iter().map(TaxBody::from).collect(),
            total: totals.total,
            applied_credit: applied,
            balance: minus(totals.total, applied).map_err(|_| ProblemType::AmountOverflow)?,
            lines: contents.lines.iter().map(|line| LineBody::of(line, sees)).collect(),
        })
    }
}
