//! What was accepted comes to its outcome: money moves, and the client is told.

use serde_json::{Value, json};

use super::outcome::{Outcome, Reason};
use super::rows::{Effect, Operation, Request, Row, Status};
use super::state::Due;
use super::world::Change;

/// Completes everything that is due.
pub fn complete_due(change: &mut Change<'_>) {
    while let Some((_, due)) = change.state.due.first().filter(|(at, _)| *at <= change.real_now).cloned() {
        let id = match &due {
            Due::Charge(id) | Due::Refund(id, _) => id,
        };
        let Some(request) = change.state.requests.get(id).cloned() else {
            change.state.due.pop_first();
            continue;
        };
        match &due {
            Due::Charge(_) => {
                let (status, reason) = shown(request.completion.outcome);
                settle(change, request, status, reason);
            }
            Due::Refund(_, refund_id) => settle_refund(change, request, refund_id),
        }
    }
}

/// Brings a charge to its end. One that has taken money keeps it, whatever it shows from now on.
pub fn settle(change: &mut Change<'_>, mut request: Request, status: Status, reason: Option<Reason>) {
    request.status = status;
    request.reason = reason;
    request.revision += 1;
    if status == Status::Succeeded && !request.is_captured {
        request.is_captured = true;
        let effect = effect(change, &request, Operation::Charge);
        change.put(Row::Effect(effect));
    }
    let name = match status {
        Status::Succeeded => "payment.succeeded",
        Status::Failed => "payment.failed",
        Status::Expired => "payment.expired",
        Status::Pending => return change.put(Row::Request(Box::new(request))),
    };
    change.put(Row::Request(Box::new(request.clone())));
    let data = json!({
        "payment_request_id": request.payment_request_id,
        "operation_id": request.operation_id,
        "reference": request.reference,
        "amount": request.amount,
        "currency": request.currency,
        "status": status,
    });
    tell(change, &request, name, data);
}

fn settle_refund(change: &mut Change<'_>, mut request: Request, refund_id: &str) {
    let Some(refund) = request.refunds.iter_mut().find(|refund| refund.refund_id == refund_id) else { return };
    let (status, name) = match refund.completion.outcome {
        Outcome::Succeeded | Outcome::Unanswered => (Status::Succeeded, "refund.succeeded"),
        Outcome::Failed(_) | Outcome::Expired | Outcome::Pending | Outcome::Unreachable => {
            (Status::Failed, "refund.failed")
        }
    };
    refund.status = status;
    let refund = refund.clone();
    request.revision += 1;
    if status == Status::Succeeded {
        let effect = Effect {
            key: refund.operation_id.clone(),
            amount: refund.amount,
            answer_sent: refund.completion.answer_sent,
            ..effect(change, &request, Operation::Refund)
        };
        change.put(Row::Effect(effect));
    }
    change.put(Row::Request(Box::new(request.clone())));
    let data = json!({
        "payment_request_id": request.payment_request_id,
        "refund_id": refund.refund_id,
        "operation_id": refund.operation_id,
        "reference": request.reference,
        "amount": refund.amount,
        "currency": request.currency,
        "status": status,
    });
    tell(change, &request, name, data);
}

fn shown(outcome: Outcome) -> (Status, Option<Reason>) {
    match outcome {
        Outcome::Succeeded | Outcome::Unanswered => (Status::Succeeded, None),
        Outcome::Failed(reason) => (Status::Failed, Some(reason)),
        Outcome::Expired => (Status::Expired, None),
        // Neither of them is ever due.
        Outcome::Pending | Outcome::Unreachable => (Status::Pending, None),
    }
}

fn effect(change: &Change<'_>, request: &Request, operation: Operation) -> Effect {
    Effect {
        key: request.operation_id.clone(),
        operation,
        reference: Some(request.reference.clone()),
        customer_id: None,
        amount: request.amount,
        currency: request.currency.clone(),
        at: change.now,
        answer_sent: request.completion.answer_sent,
    }
}

/// Tells the address that came with the request; a script may have it say another sum.
fn tell(change: &mut Change<'_>, request: &Request, kind: &str, mut data: Value) {
    let Some(url) = &request.notification_url else { return };
    if let Some(strike) = change.faults().webhook_content(kind, url) {
        let (amount, currency) = strike.kind.applied(request.amount, request.currency.clone());
        data["amount"] = json!(amount);
        data["currency"] = json!(currency);
    }
    change.notify(url, kind, &data);
}
