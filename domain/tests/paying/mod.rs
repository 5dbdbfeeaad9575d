//! Words for tests about payments: what is started, what came of it, and what goes back.
#![allow(dead_code)]

use chrono::{DateTime, NaiveDate, Utc};
use domain::decider::fold;
use domain::payment::{
    DeclineReason, Payable, Payment, PaymentCommand, PaymentEvent, PaymentMeans, PaymentOutcome, PaymentRules,
    RefundCause, ResolvedBy, StartPayment, StartedPayment, UnknownReason,
};
use domain::{Currency, Money};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::people::{CUSTOMER, decide};

pub const PAYMENT: Uuid = Uuid::from_u128(0x9a);
pub const INVOICE: Uuid = Uuid::from_u128(0x1f);
pub const NOTE: Uuid = Uuid::from_u128(0xc0);
pub const REFUND: Uuid = Uuid::from_u128(0x4ef);
pub const OTHER_REFUND: Uuid = Uuid::from_u128(0x4f0);

pub const DECLINED: PaymentOutcome = PaymentOutcome::Declined(DeclineReason::InsufficientBalance);
pub const NO_ANSWER: PaymentOutcome = PaymentOutcome::Unknown(UnknownReason::NoAnswer);
pub const MISMATCH: PaymentOutcome = PaymentOutcome::Unknown(UnknownReason::Mismatch);

pub fn eur(amount: &str) -> Money {
    Money::rounded(amount.parse::<Decimal>().unwrap(), Currency::EUR)
}

/// The book date.
pub fn today() -> NaiveDate {
    "2026-12-01".parse().unwrap()
}

pub fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

/// 178.50 for an invoice.
pub fn starting(means: PaymentMeans) -> StartedPayment {
    StartedPayment {
        payment_id: PAYMENT,
        customer_id: CUSTOMER,
        reseller_id: None,
        seller_entity: "main".to_owned(),
        payable: Payable::Invoice(INVOICE),
        amount: eur("178.50"),
        means,
        automatic: false,
        reference: None,
    }
}

pub fn start(means: PaymentMeans) -> PaymentCommand {
    PaymentCommand::Start(Box::new(StartPayment { started: starting(means), reference: None }))
}

pub fn record(outcome: PaymentOutcome) -> PaymentCommand {
    PaymentCommand::Record { outcome, received_on: today() }
}

pub fn resolve(charged: bool) -> PaymentCommand {
    let by = ResolvedBy { evidence: "Statement of Ada Acker's bank, page 3".to_owned() };
    PaymentCommand::Resolve { charged, received_on: today(), by }
}

pub fn refund(refund_id: Uuid, amount: &str) -> PaymentCommand {
    PaymentCommand::StartRefund { refund_id, amount: eur(amount), cause: RefundCause::CreditNote(NOTE) }
}

pub fn succeeded() -> PaymentEvent {
    PaymentEvent::PaymentSucceeded { received_on: today(), at: at() }
}

pub fn refunding(refund_id: Uuid, amount: &str) -> PaymentEvent {
    PaymentEvent::RefundStarted { refund_id, amount: eur(amount), cause: RefundCause::CreditNote(NOTE) }
}

pub fn after(mut history: Vec<PaymentEvent>, command: &PaymentCommand) -> Vec<PaymentEvent> {
    let events = decide::<PaymentRules>(&history, command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
    history.extend(events.events);
    history
}

/// The history of what was asked, one after the other.
pub fn told(commands: &[PaymentCommand]) -> Vec<PaymentEvent> {
    commands.iter().fold(Vec::new(), after)
}

/// By wallet, with what came of it.
pub fn by_wallet(outcome: PaymentOutcome) -> Vec<PaymentEvent> {
    told(&[start(PaymentMeans::Wallet), record(outcome)])
}

pub fn payment(history: &[PaymentEvent]) -> Payment {
    fold::<PaymentRules>(history).known().unwrap().clone()
}
