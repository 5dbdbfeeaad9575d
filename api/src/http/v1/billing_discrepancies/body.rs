//! A difference between the provider's bill and ours, as the API shows it.

use chrono::NaiveDate;
use domain::Money;
use event_log::personal::Fields;
use projections::discrepancies::DiscrepancyRow;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::v1::money::MoneyBody;
use crate::http::v1::resource::{Head, text};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillingDiscrepancy)]
pub struct DiscrepancyBody {
    /// The version is that of the run.
    #[serde(flatten)]
    pub head: Head,
    pub run_id: Uuid,
    /// Whose account it is.
    pub customer_id: Uuid,
    pub account_id: Uuid,
    /// Ours; `null` when we have none.
    pub subscription_id: Option<Uuid>,
    #[schema(example = "sub-4711")]
    pub provider_subscription_id: String,
    /// The provider's; `null` when it bills nothing. Of several lines the first.
    #[schema(example = "bill-0815")]
    pub line_id: Option<String>,
    /// `missing` (the provider does not bill it), `unexpected` (only the provider has it), `quantity`, `amount`, or
    /// `credit` (the provider gives back what no change of ours explains).
    #[schema(example = "amount")]
    pub kind: &'static str,
    /// `new`, `renew`, `cycle`, `increase`, `decrease`, `cancel` or `credit`.
    #[schema(example = "new")]
    pub charge: &'static str,
    pub from: NaiveDate,
    /// What the provider is expected to ask for what we charge; `null` where we charge nothing.
    #[schema(value_type = Option<MoneyBody>)]
    pub ours: Option<Money>,
    /// What it asks; `null` where it asks nothing.
    #[schema(value_type = Option<MoneyBody>)]
    pub theirs: Option<Money>,
    /// Seats; negative where they are credited.
    #[schema(example = 25)]
    pub quantity_ours: Option<i64>,
    #[schema(example = 25)]
    pub quantity_theirs: Option<i64>,
    /// The draft that waits until it is resolved.
    pub invoice_id: Option<Uuid>,
    /// `open`, `accepted`, `disputed` or `passed_on`.
    #[schema(example = "open")]
    pub status: String,
    /// Why the operator resolved it as it did; `null` after erasure, and where a later bill settled it.
    pub note: Option<String>,
}

impl DiscrepancyBody {
    /// With the personal fields of its note, looked up.
    pub fn of(row: &DiscrepancyRow, fields: &Fields) -> Self {
        let found = &row.found;
        Self {
            head: Head {
                id: row.id,
                created_at: row.made.at,
                updated_at: row.touched.at,
                version: row.version,
                // Only staff sees any of it.
                created_by: Some(row.made.by.clone()),
                updated_by: Some(row.touched.by.clone()),
            },
            run_id: found.run_id,
            customer_id: found.customer_id,
            account_id: found.account_id,
            subscription_id: found.subscription_id,
            provider_subscription_id: found.provider_subscription_id.clone(),
            line_id: found.line_id.clone(),
            kind: found.kind.name(),
            charge: found.charge.name(),
            from: found.from,
            ours: found.ours,
            theirs: found.theirs,
            quantity_ours: found.quantity_ours,
            quantity_theirs: found.quantity_theirs,
            invoice_id: found.invoice_id,
            status: row.status.clone(),
            note: row.note.and_then(|note| text(fields.get(&note), "note")),
        }
    }
}
