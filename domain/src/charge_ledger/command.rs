//! What can be asked of an account's charge ledger.

use uuid::Uuid;

use crate::billing::{ChargeKey, ProviderLine};
use crate::billing_run::DiscrepancyResolution;

#[derive(Debug, Clone)]
pub enum ChargeLedgerCommand {
    /// Those that are known already count for nothing.
    Import {
        run_id: Uuid,
        line_ids: Vec<String>,
    },
    Bill {
        document_id: Uuid,
        charges: Vec<ChargeKey>,
        passed_on: Vec<String>,
    },
    Release {
        document_id: Uuid,
    },
    Note {
        run_id: Uuid,
        discrepancies: Vec<Uuid>,
    },
    Settle {
        discrepancy_id: Uuid,
        resolution: DiscrepancyResolution,
        charges: Vec<ChargeKey>,
        lines: Vec<ProviderLine>,
    },
}
