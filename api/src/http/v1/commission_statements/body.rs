//! A commission statement as the API shows it.

use chrono::NaiveDate;
use domain::Money;
use domain::commission_account::{Settlement, StatementLine};
use event_log::stream::Versioned;
use projections::commissions::ShownStatement;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::v1::money::{MoneyBody, TaxBody};
use crate::http::v1::resource::Head;

/// What a reseller is owed for a period: everything that waited of it and of those before it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommissionStatement)]
pub struct StatementBody {
    #[serde(flatten)]
    pub head: Head,
    #[schema(example = "CS-2026-000001")]
    pub number: String,
    pub reseller_id: Uuid,
    #[schema(example = "2026-10")]
    pub period: String,
    /// The book date.
    pub issued_on: NaiveDate,
    #[schema(example = "EUR")]
    pub currency: &'static str,
    #[schema(value_type = MoneyBody)]
    pub net: Money,
    /// The reseller's value added tax.
    pub taxes: Vec<TaxBody>,
    #[schema(value_type = MoneyBody)]
    pub total: Money,
    /// `issued` or `settled`.
    #[schema(example = "issued")]
    pub status: &'static str,
    /// How it was settled; `null` before.
    pub settlement: Option<SettlementBody>,
    pub lines: Vec<StatementLineBody>,
}

/// How a statement was settled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommissionSettlement)]
pub struct SettlementBody {
    /// `payout` or `offset`.
    #[schema(example = "payout")]
    pub how: &'static str,
    #[schema(example = "SEPA 2026-11-05/17")]
    pub reference: String,
}

/// An entry of commission; what goes back counts against what is earned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommissionStatementLine)]
pub struct StatementLineBody {
    /// Of the entry in `/v1/commissions`.
    pub commission_id: Uuid,
    pub end_customer_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_note_id: Option<Uuid>,
    /// The invoice's number of the line; without an invoice the credit note's.
    pub line: u32,
    /// `accrued` or `reversed`.
    pub kind: &'static str,
    #[schema(value_type = MoneyBody)]
    pub base: Money,
    #[schema(value_type = MoneyBody)]
    pub amount: Money,
    /// The statement's, or an earlier one from which it was carried over.
    pub period: String,
}

impl StatementBody {
    /// `staff` sees who did what.
    pub fn of(id: Uuid, folded: &Versioned<ShownStatement>, staff: bool) -> Self {
        let issued = &folded.state.issued;
        Self {
            head: Head::of(id, folded, staff),
            number: issued.number.clone(),
            reseller_id: issued.reseller_id,
            period: issued.period.to_string(),
            issued_on: issued.issued_on,
            currency: issued.currency.code(),
            net: issued.net,
            taxes: issued.taxes.iter().map(TaxBody::from).collect(),
            total: issued.total,
            status: folded.state.status(),
            settlement: folded.state.settled.as_ref().map(SettlementBody::from),
            lines: issued.lines.iter().map(StatementLineBody::from).collect(),
        }
    }
}

impl From<&(Settlement, String)> for SettlementBody {
    fn from((how, reference): &(Settlement, String)) -> Self {
        Self { how: how.name(), reference: reference.clone() }
    }
}

impl From<&StatementLine> for StatementLineBody {
    fn from(line: &StatementLine) -> Self {
        Self {
            commission_id: line.id(),
            end_customer_id: line.end_customer_id,
            invoice_id: line.invoice_id,
            credit_note_id: line.credit_note_id,
            line: line.line,
            kind: line.kind.name(),
            base: line.base,
            amount: line.amount,
            period: line.period.to_string(),
        }
    }
}
