//! What can happen to the charges of an account.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::billing::{ChargeKey, ProviderLine};
use crate::billing_run::DiscrepancyResolution;
use crate::decider::facts;

/// In the same append as what it is about. Lists stop at 200 entries; the rest follows in further events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ChargeLedgerEvent {
    /// These lines of the provider's bill were imported; each is imported once, whatever asks for it again.
    ProviderLinesImported { run_id: Uuid, line_ids: Vec<String> },
    /// These charges are on that document, an invoice or a credit note; no other bills them.
    ChargesBilled {
        document_id: Uuid,
        charges: Vec<ChargeKey>,
        /// Lines of the provider's that are passed on with it.
        passed_on: Vec<String>,
    },
    /// The document was voided or discarded: what was on it can be billed again.
    ChargesReleased { document_id: Uuid },
    /// The two sides differ there; each difference is listed once.
    DiscrepanciesNoted { run_id: Uuid, discrepancies: Vec<Uuid> },
    /// An operator, or what came later, has settled a difference.
    DiscrepancySettled {
        discrepancy_id: Uuid,
        resolution: DiscrepancyResolution,
        /// Charges of ours that are billed although the provider does not bill them.
        charges: Vec<ChargeKey>,
        /// Lines of the provider's that are passed on to the customer with its next document.
        lines: Vec<ProviderLine>,
    },
}

facts!(ChargeLedgerEvent in ChargeLedger {
    ProviderLinesImported "1.0", ChargesBilled "1.0", ChargesReleased "1.0", DiscrepanciesNoted "1.0",
    DiscrepancySettled "1.0"
});
