//! The credit note that a period brings when more was credited in it than charged.

use chrono::NaiveDate;
use domain::billing::InvoiceLine;
use domain::credit_note::{CreditNoteLine, CreditNoteRules, IssuedCreditNote, Settle, Settlement};
use domain::customer::CustomerRules;
use domain::invoice::InvoiceContents;
use domain::number_series::Numbered;
use domain::{Money, ids};
use uuid::Uuid;

use super::issue::issue_in;
use crate::{Failure, Work, commission, invoice, number, party};

/// Issues it in this attempt; its total goes to the customer's balance, and the reseller's commission on its lines goes
/// back. Once it is there, nothing happens.
///
/// # Errors
/// [`Failure::NotFound`] without the customer, and [`Failure::Log`].
pub async fn issue_instead_in(
    work: &mut Work<'_>,
    contents: InvoiceContents,
    issued_on: NaiveDate,
) -> Result<(), Failure> {
    let id = ids::period_credit_note(contents.customer_id, contents.currency, contents.period, contents.n);
    if work.read::<CreditNoteRules>(id).await?.state.known().is_some() {
        return Ok(());
    }
    let nothing = Money::zero(contents.currency);
    let settlement = Settlement { invoice: nothing, balance: contents.totals.total, refund: nothing };
    let note = note(work, id, contents, issued_on).await?;
    commission::reverse_instead_in(work, &note).await?;
    issue_in(work, note, None, settlement).await
}

async fn note(
    work: &mut Work<'_>,
    id: Uuid,
    contents: InvoiceContents,
    issued_on: NaiveDate,
) -> Result<IssuedCreditNote, Failure> {
    let customer = work.read::<CustomerRules>(contents.customer_id).await?;
    let customer = customer.state.known().ok_or(Failure::NotFound)?;
    let entity = work.bus().seller().entity(&contents.seller_entity);
    Ok(IssuedCreditNote {
        credit_note_id: id,
        number: number::allot_in(work, Numbered::CreditNote, entity, issued_on, id).await?,
        issued_on,
        customer_id: contents.customer_id,
        reseller_id: contents.reseller_id,
        seller_entity: contents.seller_entity.clone(),
        invoice: None,
        period: contents.period,
        run_id: contents.run_id,
        reason: None,
        settle: Settle::Balance,
        currency: contents.currency,
        tax_point: contents.tax_point,
        treatment: contents.treatment.clone(),
        net: contents.totals.net,
        taxes: contents.totals.taxes.clone(),
        total: contents.totals.total,
        seller: party::seller(entity),
        buyer: party::buyer(work, customer).await?,
        reference: invoice::reference(work, customer, &contents).await?,
        line_count: contents.line_count,
        lines: contents.lines.into_iter().map(credited).collect(),
    })
}

/// The line corrects no other: it is credited itself.
fn credited(line: InvoiceLine) -> CreditNoteLine {
    CreditNoteLine { line: line.line, net: line.amount, of: line }
}
