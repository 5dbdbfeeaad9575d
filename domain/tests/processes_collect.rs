//! What collecting, dunning and telling customers ask to be done: given events, then effects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod invoicing;
mod paying;
mod people;

use std::collections::HashMap;

use domain::invoice::{DunningStep, InvoiceCommand as C, InvoiceEvent};
use domain::order::OrderEvent;
use domain::payment::{PaymentEvent, PaymentMeans, PaymentOutcome as O, RefundCause};
use domain::process::{Collect, Dun, Effect, Lane, Mail, Notify, Process};
use domain::{AggregateType, Event, StreamId};
use paying::{DECLINED, MISMATCH, NO_ANSWER, PAYMENT, REFUND, by_wallet, eur, record, resolve, start};
use uuid::Uuid;

const ORDER: Uuid = Uuid::from_u128(0x0d);
const INVOICE: Uuid = Uuid::from_u128(0x1f);
const OTHER_INVOICE: Uuid = Uuid::from_u128(0x20);

/// A process with all its instances, fed as the runtime feeds it: states are stored between two events.
struct Running<P> {
    states: HashMap<String, String>,
    process: std::marker::PhantomData<P>,
}

impl<P: Process> Running<P> {
    fn new() -> Self {
        Self { states: HashMap::new(), process: std::marker::PhantomData }
    }

    fn sees(&mut self, aggregate: AggregateType, id: Uuid, event: impl Into<Event>) -> Vec<Effect> {
        let (stream, event) = (StreamId::new(aggregate, id), event.into());
        let Some((key, news)) = P::news(&event, &stream) else { return Vec::new() };
        assert_eq!(key, id.to_string());
        let stored = self.states.get(&key).map(|stored| serde_json::from_str(stored).unwrap());
        let mut state: P::State = stored.unwrap_or_default();
        let effects = P::react(&mut state, news);
        self.states.insert(key, serde_json::to_string(&state).unwrap());
        effects
    }

    fn payment(&mut self, events: impl IntoIterator<Item = PaymentEvent>) -> Vec<Effect> {
        events.into_iter().flat_map(|event| self.sees(AggregateType::Payment, PAYMENT, event)).collect()
    }

    fn order(&mut self, event: OrderEvent) -> Vec<Effect> {
        self.sees(AggregateType::Order, ORDER, event)
    }

    fn invoice(&mut self, id: Uuid, event: InvoiceEvent) -> Vec<Effect> {
        self.sees(AggregateType::Invoice, id, event)
    }
}

/// What follows from the last of these events alone.
fn last<P: Process>(history: Vec<PaymentEvent>) -> Vec<Effect> {
    Running::<P>::new().payment(history.into_iter().next_back())
}

fn paid() -> OrderEvent {
    OrderEvent::OrderPaid { payment_id: PAYMENT, account_id: Uuid::from_u128(0xacc), at: paying::at() }
}

#[test]
fn what_is_started_is_charged_unless_it_came_in_outside() {
    let started = |means| last::<Collect>(paying::told(&[start(means)]));
    for means in [PaymentMeans::Wallet, PaymentMeans::Token] {
        assert_eq!(started(means), [Effect::ChargePayment { payment_id: PAYMENT }], "{means:?}");
    }
    assert_eq!(started(PaymentMeans::Outside), []);
}

#[test]
fn what_nobody_knows_is_asked_and_nothing_else_is() {
    for unknown in [NO_ANSWER, MISMATCH] {
        assert_eq!(last::<Collect>(by_wallet(unknown)), [Effect::AskPayment { payment_id: PAYMENT }]);
    }
    for outcome in [O::Succeeded, DECLINED, O::Unreachable, O::Expired] {
        assert_eq!(last::<Collect>(by_wallet(outcome)), [], "{outcome:?}");
    }
    for settles in [resolve(true), resolve(false), record(O::Succeeded), record(DECLINED)] {
        assert_eq!(last::<Collect>(paying::after(by_wallet(NO_ANSWER), &settles)), [], "{settles:?}");
    }
}

#[test]
fn a_refund_is_sent_once_and_asked_about_when_nobody_knows() {
    let (payment_id, refund_id) = (PAYMENT, REFUND);
    let mut collect = Running::<Collect>::new();
    let started = PaymentEvent::RefundStarted { refund_id, amount: eur("1.00"), cause: RefundCause::Balance };
    assert_eq!(collect.payment([started]), [Effect::RefundPayment { payment_id, refund_id }]);
    let unknown = PaymentEvent::RefundOutcomeUnknown { refund_id };
    assert_eq!(collect.payment([unknown]), [Effect::AskRefund { payment_id, refund_id }]);
    for ended in [PaymentEvent::RefundSucceeded { refund_id }, PaymentEvent::RefundFailed { refund_id }] {
        assert_eq!(collect.payment([ended]), []);
    }
}

#[test]
fn an_order_that_was_paid_and_loses_lines_is_credited_once() {
    let ends = [OrderEvent::OrderPartiallyFulfilled {}, OrderEvent::OrderFailed {}, OrderEvent::OrderCancelled {}];
    for end in ends {
        let mut collect = Running::<Collect>::new();
        assert_eq!(collect.order(paid()), []);
        assert_eq!(collect.order(end.clone()), [Effect::CreditOrder { order_id: ORDER }]);
        assert_eq!(collect.order(end.clone()), []);
        // Nobody paid in advance: it was not invoiced either.
        assert_eq!(Running::<Collect>::new().order(end), []);
    }
    let mut collect = Running::<Collect>::new();
    collect.order(paid());
    assert_eq!(collect.order(OrderEvent::OrderFulfilled {}), []);
}

#[test]
fn what_suspends_is_settled_and_settled_again_when_it_is_over() {
    let settles = |invoice_id| [Effect::SettleDunning { invoice_id }];
    let suspends = || InvoiceEvent::DunningStepTaken { step: DunningStep::Suspension };
    for over in [InvoiceEvent::InvoicePaid {}, InvoiceEvent::InvoiceVoided {}] {
        let mut dun = Running::<Dun>::new();
        assert_eq!(dun.invoice(INVOICE, suspends()), settles(INVOICE));
        assert_eq!(dun.invoice(INVOICE, suspends()), []);
        // Another invoice suspends nothing, and so lifts nothing.
        assert_eq!(dun.invoice(OTHER_INVOICE, over.clone()), []);
        // Written off it is owed still.
        assert_eq!(dun.invoice(INVOICE, InvoiceEvent::InvoiceUncollectible {}), []);
        assert_eq!(dun.invoice(INVOICE, over.clone()), settles(INVOICE));
        assert_eq!(dun.invoice(INVOICE, over), []);
    }
}

#[test]
fn reminders_suspend_nothing() {
    let mut dun = Running::<Dun>::new();
    for step in [DunningStep::FirstReminder, DunningStep::SecondReminder, DunningStep::LastReminder] {
        assert_eq!(dun.invoice(INVOICE, InvoiceEvent::DunningStepTaken { step }), []);
    }
    assert_eq!(dun.invoice(INVOICE, InvoiceEvent::InvoicePaid {}), []);
}

fn mails(mail: Mail) -> Vec<Effect> {
    vec![Effect::SendMail { mail }]
}

#[test]
fn customers_are_told_how_an_order_ended() {
    let order_id = ORDER;
    let tells = |event| Running::<Notify>::new().order(event);
    for end in [OrderEvent::OrderFulfilled {}, OrderEvent::OrderPartiallyFulfilled {}] {
        assert_eq!(tells(end), mails(Mail::OrderConfirmed { order_id }));
    }
    assert_eq!(tells(OrderEvent::OrderFailed {}), mails(Mail::OrderFailed { order_id }));
    // Whoever cancels knows, and so does whoever did not pay.
    for event in [OrderEvent::OrderCancelled {}, OrderEvent::OrderCancellationRequested {}, paid()] {
        assert_eq!(tells(event), []);
    }
}

#[test]
fn customers_are_told_of_invoices_and_of_every_step_of_dunning() {
    let tells = |event| Running::<Notify>::new().invoice(INVOICE, event);
    let [issued] = invoicing::issued().try_into().unwrap();
    assert_eq!(tells(issued), mails(Mail::InvoiceIssued { invoice_id: INVOICE }));
    for step in DunningStep::ALL {
        let mail = Mail::InvoiceOverdue { invoice_id: INVOICE, step };
        assert_eq!(tells(InvoiceEvent::DunningStepTaken { step }), mails(mail));
    }
    let draft = invoicing::told(&[invoicing::draft(invoicing::two_lines())]);
    let overdue = InvoiceEvent::InvoiceOverdue { due_on: invoicing::day("2026-12-01") };
    let void = invoicing::after(invoicing::issued(), &C::Void).pop().unwrap();
    for event in draft.into_iter().chain([overdue, void, InvoiceEvent::InvoicePaid {}]) {
        assert_eq!(tells(event.clone()), [], "{event:?}");
    }
}

#[test]
fn customers_are_told_what_came_of_a_payment_once_it_is_known() {
    let payment_id = PAYMENT;
    let tells = last::<Notify>;
    let (succeeded, failed) = (mails(Mail::PaymentSucceeded { payment_id }), mails(Mail::PaymentFailed { payment_id }));
    assert_eq!(tells(by_wallet(O::Succeeded)), succeeded);
    for outcome in [DECLINED, O::Expired] {
        assert_eq!(tells(by_wallet(outcome)), failed);
        assert_eq!(tells(paying::after(by_wallet(NO_ANSWER), &record(outcome))), failed);
    }
    for settles in [record(O::Succeeded), resolve(true)] {
        assert_eq!(tells(paying::after(by_wallet(NO_ANSWER), &settles)), succeeded);
    }
    let silent =
        [by_wallet(O::Unreachable), by_wallet(NO_ANSWER), paying::after(by_wallet(NO_ANSWER), &resolve(false))];
    for history in silent {
        assert_eq!(tells(history), []);
    }
}

#[test]
fn effects_say_what_and_about_what_and_who_performs_them() {
    let (payment_id, refund_id) = (PAYMENT, REFUND);
    let mail = Mail::InvoiceOverdue { invoice_id: INVOICE, step: DunningStep::LastReminder };
    let cases = [
        (Effect::ChargePayment { payment_id }, PAYMENT, Lane::Payments),
        (Effect::AskPayment { payment_id }, PAYMENT, Lane::Payments),
        (Effect::RefundPayment { payment_id, refund_id }, REFUND, Lane::Payments),
        (Effect::AskRefund { payment_id, refund_id }, REFUND, Lane::Payments),
        (Effect::CreditOrder { order_id: ORDER }, ORDER, Lane::Payments),
        (Effect::SettleDunning { invoice_id: INVOICE }, INVOICE, Lane::Payments),
        (Effect::SendMail { mail }, INVOICE, Lane::Mail),
    ];
    for (effect, subject, lane) in cases {
        let stored = serde_json::to_value(&effect).unwrap();
        assert_eq!(stored["kind"], effect.name());
        assert_eq!((effect.subject(), effect.lane()), (subject.to_string(), lane));
        assert_eq!(serde_json::from_value::<Effect>(stored).unwrap(), effect);
    }
}
