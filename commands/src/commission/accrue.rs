//! What a reseller earns when an invoice is issued.

use domain::commission_account::{CommissionAccountCommand, CommissionAccountRules, CommissionEntry, Earnings};
use domain::ids;
use domain::invoice::IssuedInvoice;

use crate::{Failure, Work};

/// Notes the commission on an invoice's lines, as part of the append that issues it. Does nothing for customers without
/// reseller, and for invoices on which none is earned.
///
/// It belongs to the invoice's period: October's invoice has the first of November as its book date, and is on October's
/// statement.
///
/// # Errors
/// [`Failure`].
pub async fn accrue_in(work: &mut Work<'_>, issued: &IssuedInvoice) -> Result<(), Failure> {
    let contents = &issued.contents;
    let Some(reseller_id) = contents.reseller_id else { return Ok(()) };
    let earned = contents.lines.iter().filter_map(|line| {
        let amount = line.commission?;
        Some(CommissionEntry { line: line.line, base: line.amount, amount })
    });
    let entries: Vec<CommissionEntry> = earned.collect();
    if entries.is_empty() {
        return Ok(());
    }
    let earnings = Earnings { reseller_id, end_customer_id: contents.customer_id, period: contents.period, entries };
    let account_id = ids::commission_account(reseller_id, contents.currency);
    let accrue = CommissionAccountCommand::Accrue { invoice_id: contents.invoice_id, earnings: Box::new(earnings) };
    work.decide::<CommissionAccountRules>(account_id, &accrue, Some(reseller_id)).await
}
