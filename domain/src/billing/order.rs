//! The invoice of a prepaid order: its lines as they were charged, and what of them came to nothing.

use chrono::NaiveDate;

use super::commission::accrued;
use super::{Charge, InvoiceLine, LineTerms, Period, Prices, Route, Subject, Totals, minus, sum};
use crate::customer::Commission;
use crate::invoice::{InvoiceContents, InvoiceKind};
use crate::order::{LineStatus, Order, OrderDetails, OrderLine, OrderStatus};
use crate::tax::Treatment;
use crate::{Refusal, ids};
use rust_decimal::Decimal;
use uuid::Uuid;

/// What the invoice depends on besides its order, as it is on the day of payment.
#[derive(Debug, Clone, Copy)]
pub struct OrderPaid<'a> {
    /// The day of payment at the seller entity.
    pub on: NaiveDate,
    pub seller_entity: &'a str,
    /// The customer's reseller, which earns the commission.
    pub reseller_id: Option<Uuid>,
    /// The reseller's terms.
    pub commission: Option<&'a Commission>,
}

/// What is invoiced when the order is paid: exactly what was charged. Amounts and tax are the order's, the tax that of the
/// day its payment was asked for, whatever terms and rates have become since; the tax point is the day of payment.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when an amount or a day cannot be represented.
pub fn invoice(order: &Order, paid: &OrderPaid<'_>) -> Result<InvoiceContents, Refusal> {
    let details = &order.details;
    let lines = details.lines.iter().map(|line| invoiced(details, line, paid)).collect::<Result<Vec<_>, _>>()?;
    let discounts = sum(details.currency, lines.iter().map(|line| line.discount))?;
    let totals = Totals {
        charges: details.net.plus(discounts)?,
        discounts,
        net: details.net,
        taxes: details.taxes.clone(),
        total: details.total,
    };
    Ok(InvoiceContents {
        invoice_id: ids::order_invoice(details.order_id),
        kind: InvoiceKind::Order,
        customer_id: details.customer_id,
        reseller_id: paid.reseller_id,
        seller_entity: paid.seller_entity.to_owned(),
        period: Period::of(paid.on),
        n: 0,
        run_id: None,
        order_id: Some(details.order_id),
        currency: details.currency,
        tax_point: paid.on,
        treatment: treatment(details)?,
        totals,
        line_count: u32::try_from(lines.len()).map_err(|_| Refusal::AmountOverflow)?,
        lines,
    })
}

/// The one the order was taxed with.
fn treatment(details: &OrderDetails) -> Result<Treatment, Refusal> {
    let tax = details.taxes.first().ok_or(Refusal::NoLines)?;
    Ok(Treatment { category: tax.category, rate: tax.rate, note: tax.note.clone() })
}

/// Numbered as in the order. The first cycle, from the day of payment: when the provider starts it is not known yet.
fn invoiced(details: &OrderDetails, line: &OrderLine, paid: &OrderPaid<'_>) -> Result<InvoiceLine, Refusal> {
    let subject = Subject {
        subscription_id: ids::subscription(details.order_id, line.line),
        // It will have one.
        provider_subscription_id: String::new(),
        order_id: details.order_id,
        account_id: details.account_id,
        customer_id: details.customer_id,
        service_name: line.service_name.clone(),
        sku: line.sku.clone(),
    };
    let charge = Charge::prepaid(subject.subscription_id, paid.on, line.billing_cycle, line.quantity, prices(line))
        .ok_or(Refusal::AmountOverflow)?;
    let route = paid.reseller_id.map_or(Route::Own, |reseller_id| Route::Agency { reseller_id });
    let undiscounted = LineTerms { route, discount_percent: Decimal::ZERO, commission: None, end_customer: None };
    let whole = InvoiceLine::new(line.line, &subject, &charge, &undiscounted)?;
    let commission = match paid.commission {
        Some(terms) => accrued(terms, line.amount, whole.reseller_amount)?,
        None => None,
    };
    Ok(InvoiceLine { discount: minus(whole.amount, line.amount)?, amount: line.amount, commission, ..whole })
}

const fn prices(line: &OrderLine) -> Prices {
    Prices {
        unit_price: line.unit_price,
        reseller_unit_price: line.reseller_unit_price,
        unit_cost: line.unit_cost,
        discountable: line.discountable,
    }
}

/// The lines, by number, that were paid for in vain. Of an order that ended as a whole these are all of its lines, also
/// one that the provider made although it was too late: that one is ended again, and billed like any other meanwhile.
pub fn lost_lines(order: &Order) -> Vec<u32> {
    let is_lost = |status: LineStatus| match (order.status, status) {
        (OrderStatus::Failed | OrderStatus::Cancelled, _) => true,
        (OrderStatus::PartiallyFulfilled, LineStatus::Rejected | LineStatus::Cancelled) => true,
        (OrderStatus::PartiallyFulfilled, LineStatus::Open | LineStatus::Provisioned) => false,
        (
            OrderStatus::Scheduled
            | OrderStatus::Placed
            | OrderStatus::PaymentPending
            | OrderStatus::PaymentFailed
            | OrderStatus::Paid
            | OrderStatus::Submitted
            | OrderStatus::Fulfilled,
            _,
        ) => false,
    };
    let paid = order.lines.iter().filter(|_| order.paid_at.is_some());
    paid.filter(|placed| is_lost(placed.status)).map(|placed| placed.line.line).collect()
}
