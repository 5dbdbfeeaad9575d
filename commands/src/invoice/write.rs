//! Writing an invoice in the append of whoever makes it.

use chrono::{Days, NaiveDate};
use domain::balance::BalanceSource;
use domain::billing::minor_units;
use domain::customer::{Customer, CustomerRules};
use domain::invoice::{BookedPayment, InvoiceCommand, InvoiceContents, InvoiceRules, InvoiceStatus, IssuedInvoice};
use domain::number_series::Numbered;
use domain::order::OrderRules;
use domain::{Money, Refusal};

use crate::collection::first_attempt;
use crate::{Failure, Work, balance, commission, number, party};

/// Keeps it as a draft, which has no number. One that is there already stays as it is.
///
/// # Errors
/// [`Failure::Refused`] when one of this id was issued or withdrawn; [`Failure::Log`].
pub async fn draft_in(work: &mut Work<'_>, contents: InvoiceContents) -> Result<(), Failure> {
    let (id, customer_id) = (contents.invoice_id, contents.customer_id);
    work.decide::<InvoiceRules>(id, &InvoiceCommand::Draft(Box::new(contents)), Some(customer_id)).await
}

/// Issues it, also what was a draft: number, parties, reference and due date, then what the customer's balance pays of
/// it, and the commission it earns. One that is issued already stays as it is.
///
/// # Errors
/// [`Failure::NotFound`] without such a customer; [`Failure::Refused`] when one of this id was withdrawn;
/// [`Failure::Log`].
pub async fn issue_in(work: &mut Work<'_>, contents: InvoiceContents, issued_on: NaiveDate) -> Result<(), Failure> {
    if is_issued(work, &contents).await? {
        return Ok(());
    }
    let issued = issued(work, contents, issued_on).await?;
    number_in(work, &issued).await?;
    apply_balance(work, &issued).await?;
    commission::accrue_in(work, &issued).await
}

/// Issues the invoice of what is paid already, with the day the money came in as its book date: nothing of it is taken
/// from the customer's balance, and nothing is collected. One that is issued already stays as it is.
///
/// # Errors
/// As [`issue_in`].
pub(crate) async fn issue_paid_in(
    work: &mut Work<'_>,
    contents: InvoiceContents,
    payment: BookedPayment,
) -> Result<(), Failure> {
    if is_issued(work, &contents).await? {
        return Ok(());
    }
    let issued = IssuedInvoice { collect_at: None, ..issued(work, contents, payment.received_on).await? };
    number_in(work, &issued).await?;
    let IssuedInvoice { contents: InvoiceContents { invoice_id, customer_id, .. }, .. } = issued;
    let book = InvoiceCommand::BookPayment(Box::new(payment));
    work.decide::<InvoiceRules>(invoice_id, &book, Some(customer_id)).await?;
    commission::accrue_in(work, &issued).await
}

/// The invoice first: it is the resource that the caller's `If-Match` is about.
async fn number_in(work: &mut Work<'_>, issued: &IssuedInvoice) -> Result<(), Failure> {
    let InvoiceContents { invoice_id, customer_id, seller_entity, .. } = &issued.contents;
    let issue = InvoiceCommand::Issue(Box::new(issued.clone()));
    work.decide::<InvoiceRules>(*invoice_id, &issue, Some(*customer_id)).await?;
    let entity = work.bus().seller().entity(seller_entity);
    number::allot_in(work, Numbered::Invoice, entity, issued.issued_on, *invoice_id).await?;
    Ok(())
}

/// What was issued bears a number already, and must not take another one.
async fn is_issued(work: &mut Work<'_>, contents: &InvoiceContents) -> Result<bool, Failure> {
    let invoice = work.read::<InvoiceRules>(contents.invoice_id).await?;
    match invoice.state.known().map(|invoice| invoice.status) {
        None | Some(InvoiceStatus::Draft) => Ok(false),
        Some(InvoiceStatus::Issued | InvoiceStatus::Paid | InvoiceStatus::Uncollectible) => Ok(true),
        Some(status @ (InvoiceStatus::Discarded | InvoiceStatus::Void)) => {
            Err(Refusal::InvalidState { state: status.name() }.into())
        }
    }
}

async fn issued(
    work: &mut Work<'_>,
    contents: InvoiceContents,
    issued_on: NaiveDate,
) -> Result<IssuedInvoice, Failure> {
    let customer = work.read::<CustomerRules>(contents.customer_id).await?;
    let customer = customer.state.known().ok_or(Failure::NotFound)?;
    let entity = work.bus().seller().entity(&contents.seller_entity);
    let days = Days::new(u64::from(customer.terms.payment_days));
    let due_on = issued_on.checked_add_days(days).unwrap_or(NaiveDate::MAX);
    Ok(IssuedInvoice {
        number: number::upcoming(work, Numbered::Invoice, entity, issued_on).await?,
        issued_on,
        due_on,
        seller: party::seller(entity),
        buyer: party::buyer(work, customer).await?,
        reference: reference(work, customer, &contents).await?,
        collect_at: first_attempt(customer.terms.collection, entity, due_on),
        contents,
    })
}

/// What the buyer wants to find on it, else its purchase order, else our order's id. An adopted subscription has an
/// order's id, but no such order.
///
/// # Errors
/// [`Failure::Log`].
pub(crate) async fn reference(
    work: &mut Work<'_>,
    customer: &Customer,
    contents: &InvoiceContents,
) -> Result<String, Failure> {
    if let Some(reference) = &customer.buyer_reference {
        return Ok(reference.clone());
    }
    let order_id = contents.order_id.or_else(|| contents.lines.first().map(|line| line.order_id));
    let Some(order_id) = order_id else { return Ok(contents.invoice_id.to_string()) };
    let order = work.read::<OrderRules>(order_id).await?;
    let purchase_order = order.state.known().and_then(|order| order.details.purchase_order.clone());
    Ok(purchase_order.unwrap_or_else(|| order_id.to_string()))
}

/// The balance pays what it can.
async fn apply_balance(work: &mut Work<'_>, issued: &IssuedInvoice) -> Result<(), Failure> {
    let contents = &issued.contents;
    let (id, customer_id) = (contents.invoice_id, contents.customer_id);
    let available = balance::available(work, customer_id, contents.currency).await?;
    let amount = lower(available, contents.totals.total)?;
    if minor_units(amount)? == 0 {
        return Ok(());
    }
    balance::debit_in(work, customer_id, amount, BalanceSource::Invoice(id)).await?;
    work.decide::<InvoiceRules>(id, &InvoiceCommand::ApplyBalance { amount }, Some(customer_id)).await
}

fn lower(one: Money, other: Money) -> Result<Money, Refusal> {
    Ok(if minor_units(one)? <= minor_units(other)? { one } else { other })
}
