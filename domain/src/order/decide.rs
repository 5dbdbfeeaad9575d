//! What follows from asking something of an order.

pub(super) mod payment;
pub(super) mod start;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{
    LineOutcome, LineStatus, Order, OrderCommand, OrderDetails, OrderEvent, OrderLine, OrderState, OrderStatus,
    PaymentMode, PlaceOrder, RequestedLine,
};
use crate::account::AccountStatus;
use crate::billing::Exact;
use crate::pricing::Quote;
use crate::service::{Service, ServiceStatus};
use crate::tax::{self, TaxAmount};
use crate::{Asked, Decided, Money, Refusal, calendar};

/// Reason of a line that was cancelled because its owner cancelled the order.
pub const CANCELLED_BY_REQUEST: &str = "cancelled-by-request";
/// Reason of a line of a prepaid order that was not paid in time.
pub const NOT_PAID: &str = "not-paid";
/// Reason of a line that went down with an order the provider refused because of another line.
pub const ORDER_REFUSED: &str = "order-refused";
/// Seats of one line at most, whatever the service allows.
pub const MAX_QUANTITY: u32 = 100_000;
/// How far ahead an order may be scheduled.
pub const MAX_MONTHS_AHEAD: u32 = 12;

pub(super) fn decide(state: &OrderState, asked: &Asked<'_, OrderCommand>) -> Result<Decided<OrderEvent>, Refusal> {
    match (state, asked.command) {
        (OrderState::Unknown, OrderCommand::Place(order)) => place(order, asked.at).map(Decided::from),
        (OrderState::Unknown, _) => Err(Refusal::NotFound),
        (OrderState::Known(order), OrderCommand::Start(start)) => {
            start::decide(order, start, asked.at).map(Decided::from)
        }
        (OrderState::Known(order), OrderCommand::RequestPayment { payment_id, tax }) => {
            payment::request(order, *payment_id, tax.as_ref())
        }
        (OrderState::Known(order), OrderCommand::MarkPaid { payment_id }) => {
            payment::paid(order, *payment_id, asked.at)
        }
        (OrderState::Known(order), OrderCommand::MarkPaymentFailed { payment_id, reason }) => {
            Ok(payment::failed(order, *payment_id, reason))
        }
        (OrderState::Known(order), OrderCommand::CancelUnpaid) => payment::not_paid(order, asked.at),
        (OrderState::Known(order), OrderCommand::NoteNotified { ended_at, failed }) => {
            notified(order, *ended_at, *failed, asked.at)
        }
        (OrderState::Known(order), command) => follow_up(order, command),
    }
}

/// Of how it ended, so not before it has.
fn notified(
    order: &Order,
    ended_at: DateTime<Utc>,
    failed: bool,
    at: DateTime<Utc>,
) -> Result<Decided<OrderEvent>, Refusal> {
    if !order.status.is_final() {
        return Err(Refusal::InvalidState { state: order.status.name() });
    }
    let notified = OrderEvent::OrderCustomerNotified { at, ended_at, failed };
    Ok(if order.notified_at.is_some() { Decided::nothing() } else { notified.into() })
}

fn follow_up(order: &Order, command: &OrderCommand) -> Result<Decided<OrderEvent>, Refusal> {
    use OrderCommand as Command;
    use OrderStatus as Status;
    let submitted = order.provider_order_id.as_deref();
    match (order.status, command) {
        // An order's id is made once per request: the same id is the same request, seen again.
        (_, Command::Place(_) | Command::Start(_)) => Ok(Decided::nothing()),

        (_, Command::MarkSubmitted { provider_order_id }) if order.may_go_out() => {
            Ok(OrderEvent::OrderSubmitted { provider_order_id: provider_order_id.clone() }.into())
        }
        (_, Command::MarkSubmitted { provider_order_id }) if submitted == Some(provider_order_id) => {
            Ok(Decided::nothing())
        }

        (_, Command::RefuseAtSubmission { line, reason }) if order.may_go_out() => {
            Ok(refused(order, *line, reason).into())
        }
        // Nothing came into being at the provider, and here nothing is left to end.
        (Status::Failed | Status::Cancelled, Command::RefuseAtSubmission { .. }) if submitted.is_none() => {
            Ok(Decided::nothing())
        }

        (_, Command::RecordOutcome { lines }) if submitted.is_some() => outcome(order, lines).map(Decided::from),

        (Status::Scheduled | Status::Placed | Status::PaymentFailed | Status::Paid, Command::Cancel) => {
            Ok(cancelled(order, CANCELLED_BY_REQUEST).into())
        }
        (Status::PaymentPending, Command::Cancel) => Err(Refusal::PaymentInProgress),
        (Status::Submitted, Command::Cancel) if !order.cancellation_requested => {
            Ok(OrderEvent::OrderCancellationRequested {}.into())
        }
        (Status::Submitted | Status::Cancelled, Command::Cancel) => Ok(Decided::nothing()),

        (_, Command::CancelStranded) if order.may_go_out() => Ok(cancelled(order, start::ACCOUNT_NOT_USABLE).into()),
        (_, Command::CancelStranded) => Ok(Decided::nothing()),

        (Status::Cancelled, Command::RecordLate { line, subscription_id, provider_subscription_id })
            if submitted.is_none() =>
        {
            let known = order.line(*line).ok_or(Refusal::NotFound)?;
            let late = OrderEvent::OrderLineProvisioned {
                line: *line,
                subscription_id: *subscription_id,
                provider_subscription_id: provider_subscription_id.clone(),
            };
            Ok(if known.status == LineStatus::Provisioned { Decided::nothing() } else { late.into() })
        }

        // An order cancelled while it was on its way to the provider ends up here, too: it must be undone there.
        (
            status,
            Command::MarkSubmitted { .. }
            | Command::RefuseAtSubmission { .. }
            | Command::RecordOutcome { .. }
            | Command::RecordLate { .. }
            | Command::Cancel
            // Decided before, whatever the status.
            | Command::RequestPayment { .. }
            | Command::MarkPaid { .. }
            | Command::MarkPaymentFailed { .. }
            | Command::CancelUnpaid
            | Command::NoteNotified { .. },
        ) => Err(Refusal::InvalidState { state: status.name() }),
    }
}

fn place(order: &PlaceOrder, at: DateTime<Utc>) -> Result<OrderEvent, Refusal> {
    if let Some((_, first)) = problems(order).into_iter().next() {
        return Err(first);
    }
    let details = details(order, at)?;
    Ok(match order.start_on.filter(|day| *day > order.today) {
        Some(start_on) => OrderEvent::OrderScheduled { details, start_on },
        None => OrderEvent::OrderPlaced { details },
    })
}

fn details(order: &PlaceOrder, at: DateTime<Utc>) -> Result<OrderDetails, Refusal> {
    let (lines, net, taxes, total) = priced(order)?;
    Ok(OrderDetails {
        order_id: order.order_id,
        account_id: order.account.account_id,
        customer_id: order.customer_id,
        reseller_id: order.reseller_id,
        name: order.name.clone(),
        payment: order.payment,
        purchase_order: order.purchase_order.clone(),
        ordered_at: at,
        currency: order.currency,
        lines,
        net,
        taxes,
        total,
    })
}

/// Every reason why this order would be refused, those about the whole order first; a reason about one line
/// comes with its number. Empty means that it would be accepted.
pub fn problems(order: &PlaceOrder) -> Vec<(Option<u32>, Refusal)> {
    let is_prepaid = order.payment == PaymentMode::Prepaid;
    let whole = [
        order.customer_suspended.then_some(Refusal::CustomerSuspended),
        order.customer_closed.then_some(Refusal::CustomerClosed),
        unusable(order.account.status),
        (is_prepaid && !order.customer_is_billed).then_some(Refusal::PrepaidNotAvailable),
        order.start_on.filter(|day| !may_start_on(*day, order.today)).map(|_| Refusal::InvalidStartDate),
        order.lines.is_empty().then_some(Refusal::NoLines),
    ];
    let by_line = order.lines.iter().flat_map(|line| line_problems(line).into_iter().map(|why| (Some(line.line), why)));
    let mut found: Vec<_> = whole.into_iter().flatten().map(|why| (None, why)).chain(by_line).collect();
    // Lines that fit one by one may still add up to too much.
    match priced(order) {
        Err(why) if !found.iter().any(|(_, known)| *known == why) => found.push((None, why)),
        Ok((.., total)) if found.is_empty() && is_prepaid && total.amount().is_zero() => {
            found.push((None, Refusal::NothingToPrepay));
        }
        Ok(_) | Err(_) => {}
    }
    found
}

/// Why an account in that status takes no orders; `None` when it does.
pub const fn unusable(status: AccountStatus) -> Option<Refusal> {
    match status {
        AccountStatus::Pending | AccountStatus::Active => None,
        AccountStatus::Refused => Some(Refusal::AccountNotUsable { status: "refused" }),
        AccountStatus::Closed => Some(Refusal::AccountNotUsable { status: "closed" }),
    }
}

fn may_start_on(day: NaiveDate, today: NaiveDate) -> bool {
    (today..=calendar::add_months(today, MAX_MONTHS_AHEAD)).contains(&day)
}

fn line_problems(requested: &RequestedLine) -> Vec<Refusal> {
    let line = requested.line;
    let Some(service) = &requested.service else {
        return vec![Refusal::ServiceUnknown { line }];
    };
    let withdrawn = service.status == ServiceStatus::Withdrawn;
    let amount = requested.price.as_ref().map(|price| price.unit_price.times(requested.quantity));
    [
        withdrawn.then_some(Refusal::ServiceWithdrawn { line }),
        outside_bounds(requested, service),
        amount.is_none().then_some(Refusal::NoPrice { line }),
        amount.and_then(Result::err),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn outside_bounds(requested: &RequestedLine, service: &Service) -> Option<Refusal> {
    let (min, max) = (service.offer.min_quantity.max(1), service.offer.max_quantity.min(MAX_QUANTITY));
    let inside = (min..=max).contains(&requested.quantity);
    (!inside).then_some(Refusal::QuantityLimit { line: requested.line, min, max })
}

/// The lines that have a price, with their net sum, the taxes on it and the total, all of one cycle.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when an amount or a sum cannot be represented, or a price is in another currency
/// than the order.
pub fn priced(order: &PlaceOrder) -> Result<(Vec<OrderLine>, Money, Vec<TaxAmount>, Money), Refusal> {
    let lines = order.lines.iter().filter_map(|line| priced_line(order, line)).collect::<Result<Vec<_>, _>>()?;
    let amounts: Vec<Money> = lines.iter().map(|line| line.amount).collect();
    let (taxes, tax, net) = tax::taxes_in(&order.tax, order.currency, &amounts)?;
    Ok((lines, net, taxes, net.plus(tax)?))
}

fn priced_line(order: &PlaceOrder, requested: &RequestedLine) -> Option<Result<OrderLine, Refusal>> {
    let (service, price) = (requested.service.as_ref()?, requested.price.as_ref()?);
    Some(amount(order, price, requested.quantity).map(|amount| order_line(requested, service, price, amount)))
}

/// What is paid in advance is paid less the discount, which an invoice order gets with its invoices. Fixed prices have
/// none.
fn amount(order: &PlaceOrder, price: &Quote, quantity: u32) -> Result<Money, Refusal> {
    match order.payment {
        PaymentMode::Prepaid if price.discountable => {
            let left = Decimal::ONE_HUNDRED.checked_sub(order.discount_percent).ok_or(Refusal::AmountOverflow)?;
            let whole = Exact::of(price.unit_price.amount()).times(quantity.into())?;
            whole.percent(left)?.money(price.unit_price.currency())
        }
        PaymentMode::Prepaid | PaymentMode::Invoice => price.unit_price.times(quantity),
    }
}

fn order_line(requested: &RequestedLine, service: &Service, price: &Quote, amount: Money) -> OrderLine {
    OrderLine {
        line: requested.line,
        service_id: requested.service_id,
        service_name: service.offer.name.clone(),
        sku: service.sku.clone(),
        quantity: requested.quantity,
        unit_price: price.unit_price,
        amount,
        reseller_unit_price: price.reseller_unit_price,
        unit_cost: price.unit_cost,
        term: service.offer.term,
        billing_cycle: service.offer.billing_cycle,
        cancellation_window_hours: service.offer.cancellation_window_hours,
        min_quantity: service.offer.min_quantity,
        max_quantity: service.offer.max_quantity,
        discountable: price.discountable,
        exchange_rate: price.exchange_rate,
    }
}

/// The provider refused the order as a whole: because of one line, or (when it names none of ours) all of them.
fn refused(order: &Order, line: Option<u32>, reason: &str) -> Vec<OrderEvent> {
    let culprit = line.filter(|number| order.line(*number).is_some());
    let ended = order.open_lines().map(|open| open.line.line).map(|line| match culprit {
        Some(culprit) if culprit != line => OrderEvent::OrderLineCancelled { line, reason: ORDER_REFUSED.to_owned() },
        Some(_) | None => OrderEvent::OrderLineRejected { line, reason: reason.to_owned() },
    });
    ended.chain([OrderEvent::OrderFailed {}]).collect()
}

fn cancelled(order: &Order, reason: &str) -> Vec<OrderEvent> {
    let ended = order
        .open_lines()
        .map(|open| OrderEvent::OrderLineCancelled { line: open.line.line, reason: reason.to_owned() });
    ended.chain([OrderEvent::OrderCancelled {}]).collect()
}

/// Only open lines change, so what was provisioned stays provisioned whatever is said later.
fn outcome(order: &Order, outcomes: &[(u32, LineOutcome)]) -> Result<Vec<OrderEvent>, Refusal> {
    let mut after = order.clone();
    let mut events = Vec::new();
    for (number, outcome) in outcomes {
        let known = after.line(*number).ok_or(Refusal::NotFound)?;
        if known.status == LineStatus::Open {
            let event = decided_line(*number, outcome);
            after.evolve(&event);
            events.push(event);
        }
    }
    if after.open_lines().next().is_none() && !after.status.is_final() {
        events.push(ending(&after));
    }
    Ok(events)
}

fn decided_line(line: u32, outcome: &LineOutcome) -> OrderEvent {
    match outcome.clone() {
        LineOutcome::Provisioned { subscription_id, provider_subscription_id } => {
            OrderEvent::OrderLineProvisioned { line, subscription_id, provider_subscription_id }
        }
        LineOutcome::Rejected { reason } => OrderEvent::OrderLineRejected { line, reason },
        LineOutcome::Cancelled { reason } => OrderEvent::OrderLineCancelled { line, reason },
    }
}

/// How an order ends of which every line is decided.
fn ending(order: &Order) -> OrderEvent {
    let any = |status| order.lines.iter().any(|placed| placed.status == status);
    match (any(LineStatus::Provisioned), any(LineStatus::Rejected), any(LineStatus::Cancelled)) {
        (true, false, false) => OrderEvent::OrderFulfilled {},
        (true, _, _) => OrderEvent::OrderPartiallyFulfilled {},
        (false, true, _) => OrderEvent::OrderFailed {},
        (false, false, _) => OrderEvent::OrderCancelled {},
    }
}
