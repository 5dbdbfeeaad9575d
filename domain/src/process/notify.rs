//! Telling customers by e-mail what happened to their orders, invoices and payments.

use uuid::Uuid;

use super::{Effect, Mail, Process};
use crate::invoice::{DunningStep, InvoiceEvent};
use crate::order::OrderEvent;
use crate::payment::{PaymentEvent, PaymentOutcome};
use crate::{Event, StreamId};

/// One instance per order, invoice or payment. It remembers nothing: an event is told of once, by its position.
#[derive(Debug, Clone, Copy)]
pub struct Notify;

impl Process for Notify {
    const NAME: &'static str = "notify";
    type State = ();
    type News = Mail;

    fn news(event: &Event, stream: &StreamId) -> Option<(String, Mail)> {
        Some((stream.id.clone(), mail(event, stream)?))
    }

    fn react((): &mut (), mail: Mail) -> Vec<Effect> {
        vec![Effect::SendMail { mail }]
    }
}

fn mail(event: &Event, stream: &StreamId) -> Option<Mail> {
    let id = || Uuid::parse_str(&stream.id).ok();
    match event {
        Event::Order(event) => of_order(event, id),
        Event::Invoice(event) => of_invoice(event, id),
        Event::Payment(event) => of_payment(event, id),
        Event::Customer(_)
        | Event::Account(_)
        | Event::Service(_)
        | Event::PriceRule(_)
        | Event::Subscription(_)
        | Event::Drift(_)
        | Event::Calendar(_)
        | Event::ExchangeRates(_)
        | Event::CreditNote(_)
        | Event::Balance(_)
        | Event::NumberSeries(_)
        | Event::ChargeLedger(_)
        | Event::BillingRun(_)
        | Event::CommissionAccount(_)
        | Event::NotificationPreferences(_) => None,
    }
}

fn of_order(event: &OrderEvent, id: impl FnOnce() -> Option<Uuid>) -> Option<Mail> {
    match event {
        OrderEvent::OrderFulfilled {} | OrderEvent::OrderPartiallyFulfilled {} => {
            Some(Mail::OrderConfirmed { order_id: id()? })
        }
        OrderEvent::OrderFailed {} => Some(Mail::OrderFailed { order_id: id()? }),
        OrderEvent::OrderPlaced { .. }
        | OrderEvent::OrderScheduled { .. }
        | OrderEvent::OrderPaymentRequested { .. }
        | OrderEvent::OrderPaid { .. }
        | OrderEvent::OrderPaymentFailed { .. }
        | OrderEvent::OrderSubmitted { .. }
        | OrderEvent::OrderLineProvisioned { .. }
        | OrderEvent::OrderLineRejected { .. }
        | OrderEvent::OrderLineCancelled { .. }
        | OrderEvent::OrderCancellationRequested {}
        | OrderEvent::OrderCancelled {}
        | OrderEvent::OrderCustomerNotified { .. } => None,
    }
}

fn of_invoice(event: &InvoiceEvent, id: impl FnOnce() -> Option<Uuid>) -> Option<Mail> {
    use InvoiceEvent as E;
    match event {
        E::InvoiceIssued(issued) => Some(Mail::InvoiceIssued { invoice_id: issued.contents.invoice_id }),
        E::DunningStepTaken { step } => match step {
            DunningStep::FirstReminder
            | DunningStep::SecondReminder
            | DunningStep::LastReminder
            | DunningStep::Suspension => Some(Mail::InvoiceOverdue { invoice_id: id()?, step: *step }),
        },
        E::InvoiceDrafted(_)
        | E::InvoiceDiscarded {}
        | E::InvoiceLinesAdded { .. }
        | E::InvoiceOverdue { .. }
        | E::BalanceApplied { .. }
        | E::CreditApplied(_)
        | E::CreditedLinesAdded { .. }
        | E::PaymentBooked(_)
        | E::InvoicePaid {}
        | E::PaymentAttempted { .. }
        | E::PaymentAttemptUnclear { .. }
        | E::PaymentAttemptEnded { .. }
        | E::CollectionPlanned { .. }
        | E::DocumentStored { .. }
        | E::InvoiceVoided {}
        | E::InvoiceUncollectible {} => None,
    }
}

/// That a gateway could not be reached is no news to a customer: it is tried again, or asked for again by whoever did.
fn of_payment(event: &PaymentEvent, id: impl FnOnce() -> Option<Uuid>) -> Option<Mail> {
    use PaymentEvent as E;
    match event {
        E::PaymentSucceeded { .. } | E::PaymentOutcomeResolved { outcome: PaymentOutcome::Succeeded, .. } => {
            Some(Mail::PaymentSucceeded { payment_id: id()? })
        }
        E::PaymentDeclined { .. }
        | E::PaymentExpired { .. }
        | E::PaymentOutcomeResolved { outcome: PaymentOutcome::Declined(_) | PaymentOutcome::Expired, .. } => {
            Some(Mail::PaymentFailed { payment_id: id()? })
        }
        E::PaymentStarted(_)
        | E::PaymentUnreachable { .. }
        | E::PaymentOutcomeUnknown { .. }
        | E::PaymentOutcomeResolved { outcome: PaymentOutcome::Unreachable | PaymentOutcome::Unknown(_), .. }
        | E::RefundStarted { .. }
        | E::RefundSucceeded { .. }
        | E::RefundFailed { .. }
        | E::RefundOutcomeUnknown { .. } => None,
    }
}
