//! An entry of commission as the API shows it.

use domain::Money;
use projections::commissions::Entry;
use projections::page::Row;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::v1::money::MoneyBody;
use crate::http::v1::resource::Head;

/// What a reseller earns on a line of an end customer's invoice, or gives back when that is credited, void or
/// uncollectible. What was uncollectible and is paid after all is earned once more, as an entry of its own. The amounts
/// of a statement's entries add up to its net.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Commission)]
pub struct CommissionBody {
    #[serde(flatten)]
    pub head: Head,
    pub reseller_id: Uuid,
    pub end_customer_id: Uuid,
    /// The invoice it was earned on; absent with a credit note that is there instead of an invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<Uuid>,
    /// The credit note it goes back with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_note_id: Option<Uuid>,
    /// The invoice's number of the line; without an invoice the credit note's.
    #[schema(example = 1)]
    pub line: u32,
    /// The net it is reckoned on. Below zero, like the amount, where a charge is taken back.
    #[schema(value_type = MoneyBody)]
    pub base: Money,
    #[schema(value_type = MoneyBody)]
    pub amount: Money,
    /// `accrued` or `reversed`.
    #[schema(example = "accrued")]
    pub kind: &'static str,
    /// The period whose statement shows it, unless that was carried over to a later one.
    #[schema(example = "2026-10")]
    pub period: String,
    /// `null` while it waits for its statement.
    pub statement_id: Option<Uuid>,
}

impl CommissionBody {
    /// `staff` sees who did it.
    pub fn of(row: &Row<Entry>, staff: bool) -> Self {
        let Entry { reseller_id, line, statement_id } = &row.folded.state;
        Self {
            head: Head::of(row.id, &row.folded, staff),
            reseller_id: *reseller_id,
            end_customer_id: line.end_customer_id,
            invoice_id: line.invoice_id,
            credit_note_id: line.credit_note_id,
            line: line.line,
            base: line.base,
            amount: line.amount,
            kind: line.kind.name(),
            period: line.period.to_string(),
            statement_id: *statement_id,
        }
    }
}
