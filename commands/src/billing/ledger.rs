//! What a document's charges are in the ledgers of their accounts.

use std::collections::BTreeSet;

use domain::charge_ledger::{ChargeLedgerCommand, ChargeLedgerRules};
use domain::invoice::Invoice;
use uuid::Uuid;

use crate::{Failure, Work};

/// What is on an invoice can be billed again, as part of the append that withdraws it.
///
/// # Errors
/// [`Failure::Log`].
pub async fn release_in(work: &mut Work<'_>, invoice: &Invoice) -> Result<(), Failure> {
    let owner = |customer: Option<Uuid>| customer.unwrap_or(invoice.contents.customer_id);
    let lines = invoice.contents.lines.iter();
    let accounts: BTreeSet<(Uuid, Uuid)> = lines.map(|line| (line.account_id, owner(line.end_customer_id))).collect();
    let release = ChargeLedgerCommand::Release { document_id: invoice.id() };
    for (account_id, customer_id) in accounts {
        work.decide::<ChargeLedgerRules>(account_id, &release, Some(customer_id)).await?;
    }
    Ok(())
}
