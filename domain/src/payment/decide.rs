//! What may happen to a payment.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Payment, PaymentCommand, PaymentEvent, PaymentOutcome, PaymentState, PaymentStatus, Refund, RefundCause,
    RefundStatus, ResolvedBy, StartPayment,
};
use crate::billing::{minor_units, minus};
use crate::{Asked, Decided, Money, PersonalData, PersonalKind, PersonalRef, Refusal, ids};

pub(super) fn decide(
    state: &PaymentState,
    asked: &Asked<'_, PaymentCommand>,
) -> Result<Decided<PaymentEvent>, Refusal> {
    use PaymentCommand as C;
    let at = asked.at;
    match (state, asked.command) {
        (PaymentState::Unknown, C::Start(start)) => start_it(start),
        // An id is made once per request or attempt: the same id is the same attempt, seen again.
        (PaymentState::Known(_), C::Start(_)) => Ok(Decided::nothing()),
        (PaymentState::Known(payment), C::Record { outcome, received_on }) => {
            Ok(recorded(payment, *outcome, *received_on, at))
        }
        (PaymentState::Known(payment), C::Resolve { charged, received_on, by }) => {
            resolved_by(payment, charged.then_some(*received_on), by, at)
        }
        (PaymentState::Known(payment), C::StartRefund { refund_id, amount, cause }) => {
            refund(payment, *refund_id, *amount, *cause)
        }
        (PaymentState::Known(payment), C::NoteRefundSucceeded { refund_id }) => {
            refund_ended(payment, *refund_id, PaymentEvent::RefundSucceeded { refund_id: *refund_id })
        }
        (PaymentState::Known(payment), C::NoteRefundFailed { refund_id }) => {
            refund_ended(payment, *refund_id, PaymentEvent::RefundFailed { refund_id: *refund_id })
        }
        (PaymentState::Known(payment), C::NoteRefundUnknown { refund_id }) => refund_unknown(payment, *refund_id),
        (
            PaymentState::Unknown,
            C::Record { .. }
            | C::Resolve { .. }
            | C::StartRefund { .. }
            | C::NoteRefundSucceeded { .. }
            | C::NoteRefundFailed { .. }
            | C::NoteRefundUnknown { .. },
        ) => Err(Refusal::NotFound),
    }
}

fn start_it(start: &StartPayment) -> Result<Decided<PaymentEvent>, Refusal> {
    if minor_units(start.started.amount)? <= 0 {
        return Err(Refusal::InvalidPayment);
    }
    let words = start.reference.as_deref().map(|text| words(&start.started, "reference", text));
    let mut started = start.started.clone();
    started.reference = words.as_ref().map(|words| words.reference);
    Ok(Decided::from(PaymentEvent::PaymentStarted(Box::new(started))).with_personal(words))
}

/// A late failure never overwrites a success, and a success always counts: money came in.
fn recorded(
    payment: &Payment,
    outcome: PaymentOutcome,
    received_on: NaiveDate,
    at: DateTime<Utc>,
) -> Decided<PaymentEvent> {
    use PaymentOutcome as O;
    match (payment.status, outcome) {
        (PaymentStatus::Ended(O::Succeeded), _) => Decided::nothing(),
        (PaymentStatus::Ended(O::Unknown(_)), O::Unknown(_)) => Decided::nothing(),
        (PaymentStatus::Ended(O::Unknown(_)), outcome) => {
            let received_on = (outcome == O::Succeeded).then_some(received_on);
            PaymentEvent::PaymentOutcomeResolved { outcome, received_on, evidence: None, at }.into()
        }
        (PaymentStatus::Started | PaymentStatus::Ended(_), O::Succeeded) => {
            PaymentEvent::PaymentSucceeded { received_on, at }.into()
        }
        (PaymentStatus::Started, O::Declined(reason)) => PaymentEvent::PaymentDeclined { reason, at }.into(),
        (PaymentStatus::Started, O::Unreachable) => PaymentEvent::PaymentUnreachable { at }.into(),
        (PaymentStatus::Started, O::Expired) => PaymentEvent::PaymentExpired { at }.into(),
        (PaymentStatus::Started, O::Unknown(reason)) => PaymentEvent::PaymentOutcomeUnknown { reason }.into(),
        (PaymentStatus::Ended(_), O::Declined(_) | O::Unreachable | O::Expired | O::Unknown(_)) => Decided::nothing(),
    }
}

fn resolved_by(
    payment: &Payment,
    received_on: Option<NaiveDate>,
    by: &ResolvedBy,
    at: DateTime<Utc>,
) -> Result<Decided<PaymentEvent>, Refusal> {
    let PaymentStatus::Ended(PaymentOutcome::Unknown(_)) = payment.status else {
        return Err(Refusal::InvalidState { state: payment.status.name() });
    };
    let outcome = if received_on.is_some() { PaymentOutcome::Succeeded } else { PaymentOutcome::Unreachable };
    let words = words(&payment.started, "evidence", &by.evidence);
    let evidence = Some(words.reference);
    let event = PaymentEvent::PaymentOutcomeResolved { outcome, received_on, evidence, at };
    Ok(Decided::from(event).with_personal([words]))
}

fn refund(
    payment: &Payment,
    refund_id: Uuid,
    amount: Money,
    cause: RefundCause,
) -> Result<Decided<PaymentEvent>, Refusal> {
    if payment.refund(refund_id).is_some() {
        return Ok(Decided::nothing());
    }
    payment.can_be_refunded()?;
    if amount.currency() != payment.started.amount.currency() {
        return Err(Refusal::CurrencyMismatch);
    }
    if minor_units(amount)? <= 0 {
        return Err(Refusal::InvalidPayment);
    }
    let left = payment.refundable()?;
    if minor_units(minus(left, amount)?)? < 0 {
        return Err(Refusal::RefundLimit { left });
    }
    Ok(PaymentEvent::RefundStarted { refund_id, amount, cause }.into())
}

/// The first end counts: whatever is said afterwards came too late.
fn refund_ended(payment: &Payment, id: Uuid, event: PaymentEvent) -> Result<Decided<PaymentEvent>, Refusal> {
    let refund: &Refund = payment.refund(id).ok_or(Refusal::NotFound)?;
    match refund.status {
        RefundStatus::Started | RefundStatus::Unknown => Ok(event.into()),
        RefundStatus::Succeeded | RefundStatus::Failed => Ok(Decided::nothing()),
    }
}

fn refund_unknown(payment: &Payment, id: Uuid) -> Result<Decided<PaymentEvent>, Refusal> {
    let refund = payment.refund(id).ok_or(Refusal::NotFound)?;
    match refund.status {
        RefundStatus::Started => Ok(PaymentEvent::RefundOutcomeUnknown { refund_id: id }.into()),
        RefundStatus::Unknown | RefundStatus::Succeeded | RefundStatus::Failed => Ok(Decided::nothing()),
    }
}

/// The payer's: erasing it reaches them.
fn words(started: &super::StartedPayment, what: &str, text: &str) -> PersonalData {
    let reference = PersonalRef { subject: ids::subject(started.payment_id, what), revision: 1 };
    let fields = Map::from_iter([(what.to_owned(), Value::from(text))]);
    PersonalData { reference, customer_id: started.customer_id, kind: PersonalKind::Person, fields }
}
