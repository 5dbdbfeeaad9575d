//! What a payment of a prepaid order means for the order.

use chrono::NaiveDate;
use domain::Refusal;
use domain::billing::{InvoiceLine, order};
use domain::charge_ledger::{ChargeLedgerCommand, ChargeLedgerRules};
use domain::customer::CustomerRules;
use domain::invoice::{BookedPayment, InvoiceContents};
use domain::order::{Order, OrderCommand, OrderRules};
use domain::payment::{Payment, PaymentOutcome, PaymentStatus};
use uuid::Uuid;

use crate::{Failure, Work, invoice};

/// The order is paid, and in the same append its invoice is issued and paid: with that it may go to the provider, its
/// first cycle is on a document, and commission on it is earned. `false`, and nothing is written, when the order takes no
/// money any more: it was paid otherwise, or is over; nor one of another amount than it now costs.
///
/// # Errors
/// [`Failure::Refused`] when the parties' address is on its way to the log, or an amount cannot be represented;
/// [`Failure::NotFound`] without such an order; [`Failure::Log`].
pub(crate) async fn paid_in(work: &mut Work<'_>, order_id: Uuid, payment: &Payment) -> Result<bool, Failure> {
    let asked = work.read::<OrderRules>(order_id).await?;
    let total = asked.state.known().ok_or(Failure::NotFound)?.details.total;
    if payment.started.amount != total {
        // It was asked for under another tax than the order has by now: it would be paid in part, or too much.
        return Ok(false);
    }
    let before = asked.version;
    let mark = OrderCommand::MarkPaid { payment_id: payment.id() };
    match work.decide::<OrderRules>(order_id, &mark, Some(payment.started.customer_id)).await {
        Err(Failure::Refused(Refusal::InvalidState { .. })) => return Ok(false),
        decided => decided?,
    }
    let order = work.read::<OrderRules>(order_id).await?;
    if order.version == before {
        // With this very payment, before.
        return Ok(true);
    }
    let order = order.state.known().ok_or(Failure::NotFound)?;
    let contents = contents(work, order, paid_on(work, payment)).await?;
    bill_in(work, order, &contents).await?;
    let booked = BookedPayment {
        payment_id: payment.id(),
        amount: payment.started.amount,
        applied: contents.totals.total,
        received_on: contents.tax_point,
    };
    invoice::issue_paid_in(work, contents, booked).await?;
    Ok(true)
}

/// The day the money came in, at the seller entity.
fn paid_on(work: &Work<'_>, payment: &Payment) -> NaiveDate {
    let today = || work.bus().seller().entity(&payment.started.seller_entity).day_at(work.context.at);
    payment.received_on.unwrap_or_else(today)
}

/// Whatever the customer's terms have become, it is the customer who pays; a reseller it has that day earns on it.
async fn contents(work: &mut Work<'_>, order: &Order, on: NaiveDate) -> Result<InvoiceContents, Failure> {
    let customer = work.read::<CustomerRules>(order.details.customer_id).await?;
    let customer = customer.state.known().ok_or(Failure::NotFound)?;
    let reseller = match customer.reseller_id {
        Some(reseller_id) => work.read::<CustomerRules>(reseller_id).await?.state.known().cloned(),
        None => None,
    };
    let paid = order::OrderPaid {
        on,
        seller_entity: &customer.seller_entity,
        reseller_id: customer.reseller_id,
        commission: reseller.as_ref().map(|reseller| &reseller.terms.commission),
    };
    Ok(order::invoice(order, &paid)?)
}

/// No period bills what is on this invoice.
async fn bill_in(work: &mut Work<'_>, order: &Order, contents: &InvoiceContents) -> Result<(), Failure> {
    let charges = contents.lines.iter().map(InvoiceLine::charge_key).collect();
    let bill = ChargeLedgerCommand::Bill { document_id: contents.invoice_id, charges, passed_on: Vec::new() };
    work.decide::<ChargeLedgerRules>(order.details.account_id, &bill, Some(contents.customer_id)).await
}

/// It can be paid again. Where nobody knows what came of the payment, nothing has failed yet.
///
/// # Errors
/// [`Failure::NotFound`] without such an order; [`Failure::Log`].
pub(crate) async fn payment_failed_in(work: &mut Work<'_>, order_id: Uuid, payment: &Payment) -> Result<(), Failure> {
    let outcome = match payment.status {
        PaymentStatus::Started | PaymentStatus::Ended(PaymentOutcome::Succeeded | PaymentOutcome::Unknown(_)) => {
            return Ok(());
        }
        PaymentStatus::Ended(outcome) => outcome,
    };
    let reason = outcome.reason().unwrap_or_default().to_owned();
    let failed = OrderCommand::MarkPaymentFailed { payment_id: payment.id(), reason };
    work.decide::<OrderRules>(order_id, &failed, Some(payment.started.customer_id)).await
}
