//! Payments: having invoices paid by a gateway, noting what came of it, and money that comes in outside.
//!
//! A payment and what it pays are written in one append, at its start and at its end: so one payment is open at a time,
//! whoever asks, and whatever a payment comes to is booked once.

pub mod asks;
pub mod gateway;
mod outcome;
mod pay_all;
mod receive;
mod refund;
pub mod requests;
mod resolve;
mod start;

pub use outcome::RecordOutcome;
pub use pay_all::{Tried, pay_all, pay_one};
pub use receive::ReceivePayment;
pub(crate) use refund::refund_in;
pub use refund::{RecordRefund, RefundOutcome, RefundPayment};
pub use resolve::ResolvePayment;
pub use start::PayInvoice;

use chrono::NaiveDate;
use domain::payment::StartedPayment;
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::{Answer, Work};

fn answer(status: u16, payment_id: Uuid) -> Answer {
    Answer::resource(status, StreamId::new(AggregateType::Payment, payment_id))
}

/// The day it is where the payment is booked.
fn today(work: &Work<'_>, started: &StartedPayment) -> NaiveDate {
    work.bus().seller().entity(&started.seller_entity).day_at(work.context.at)
}
