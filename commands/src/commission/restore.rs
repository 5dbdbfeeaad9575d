//! What a reseller earns after all when an invoice that was given up is paid.

use domain::billing::Period;
use domain::commission_account::{CommissionAccountCommand, CommissionAccountRules, Earnings};
use domain::ids;
use domain::invoice::{Invoice, InvoiceRules, InvoiceStatus};

use super::Reversal;
use crate::{Failure, Work};

/// Earns anew what went back when nobody expected the invoice to be paid any more, as part of the append in which it
/// is paid after all: of each line what credit notes have left of it, in the books of today. `before` is the invoice
/// before that. Does nothing while something is left to pay, and where none was earned.
///
/// # Errors
/// [`Failure`].
pub async fn restore_in(work: &mut Work<'_>, before: &Invoice) -> Result<(), Failure> {
    let contents = &before.contents;
    let Some(reseller_id) = contents.reseller_id else { return Ok(()) };
    if before.status != InvoiceStatus::Uncollectible {
        return Ok(());
    }
    let invoice = work.read::<InvoiceRules>(contents.invoice_id).await?;
    let Some(invoice) = invoice.state.known().filter(|invoice| invoice.status == InvoiceStatus::Paid) else {
        return Ok(());
    };
    let on = work.bus().seller().entity(&contents.seller_entity).day_at(work.context.at);
    // What would go back of it now is what it earns.
    let entries = Reversal { invoice, credit: None, on }.entries()?;
    let earnings = Earnings { reseller_id, end_customer_id: contents.customer_id, period: Period::of(on), entries };
    let account_id = ids::commission_account(reseller_id, contents.currency);
    let restore = CommissionAccountCommand::Restore { invoice_id: contents.invoice_id, earnings: Box::new(earnings) };
    work.decide::<CommissionAccountRules>(account_id, &restore, Some(reseller_id)).await
}
