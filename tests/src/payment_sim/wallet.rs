//! The wallet: charges are asked for, and come to their outcome later.

use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::Plan;
use super::money::{checked, invalid};
use super::outcome::Outcome;
use super::rows::{Completion, Refund, Request, Row, Status};
use super::world::{Asked, By, Change, Sim};
use crate::sim::answer::Answer;
use crate::sim::clock;

#[derive(Deserialize)]
struct NewRequest {
    amount: Decimal,
    currency: String,
    reference: String,
    notification_url: Option<String>,
}

#[derive(Deserialize)]
pub struct Asking {
    reference: Option<String>,
}

/// `POST /v1/payment-requests`
pub async fn charge(State(sim): State<Sim>, asked: Asked) -> Response {
    asked.decide(&sim, accepted).await
}

/// `GET /v1/payment-requests/{id}`
pub async fn by_id(State(sim): State<Sim>, Extension(plan): Extension<Plan>, Path(id): Path<String>) -> Response {
    sim.answer(|change| found(change, Some(&id), &plan)).await
}

/// `GET /v1/payment-requests?reference=`: the newest of that reference.
pub async fn by_ref(
    State(sim): State<Sim>,
    Extension(plan): Extension<Plan>,
    Query(asking): Query<Asking>,
) -> Response {
    sim.answer(|change| match &asking.reference {
        Some(reference) => found(change, change.state.request_by_ref.get(reference), &plan),
        None => invalid("Name a reference."),
    })
    .await
}

fn accepted(change: &mut Change<'_>, by: &By, new: NewRequest) -> Answer {
    if let Err(refused) = checked(new.amount, &new.currency).and_then(|()| checked_text(&new)) {
        return refused;
    }
    let (outcome, ms) = by.plan.outcome().unwrap_or((Outcome::of(new.amount), None));
    if outcome == Outcome::Unreachable {
        return Answer::later();
    }
    let withheld = outcome == Outcome::Unanswered;
    let (amount, currency) = match &by.plan.content {
        Some(strike) => strike.kind.applied(new.amount, new.currency),
        None => (new.amount, new.currency),
    };
    let request = Request {
        payment_request_id: clock::new_id("pay"),
        operation_id: by.key.clone(),
        reference: new.reference,
        amount,
        currency,
        notification_url: new.notification_url,
        status: Status::Pending,
        reason: None,
        is_captured: false,
        completion: completion(change, by, outcome, ms),
        refunds: Vec::new(),
        revision: 1,
    };
    let body = json!({"payment_request_id": request.payment_request_id, "status": request.status});
    change.put(Row::Request(Box::new(request)));
    Answer { withheld, ..Answer::new(StatusCode::ACCEPTED, body) }
}

/// What something asked under that key comes to, and when.
pub fn completion(change: &Change<'_>, by: &By, outcome: Outcome, ms: Option<u64>) -> Completion {
    let answer_sent = !by.plan.answer_withheld && outcome != Outcome::Unanswered;
    Completion { outcome, due_at: change.completes_at(ms), answer_sent }
}

fn checked_text(new: &NewRequest) -> Result<(), Answer> {
    let is_address = |url: &String| url.starts_with("http://") || url.starts_with("https://");
    if new.reference.is_empty() || !new.notification_url.as_ref().is_none_or(is_address) {
        return Err(invalid("reference must not be empty, notification_url is an http or https address."));
    }
    Ok(())
}

fn found(change: &Change<'_>, id: Option<&String>, plan: &Plan) -> Answer {
    match id.and_then(|id| change.state.requests.seen(id, plan.stale())) {
        Some(request) => Answer::new(StatusCode::OK, shown(request, plan)),
        None => not_found(),
    }
}

pub fn not_found() -> Answer {
    Answer::trouble(StatusCode::NOT_FOUND, "not_found", "There is no such payment request.")
}

fn shown(request: &Request, plan: &Plan) -> Value {
    let (amount, currency) = match &plan.content {
        Some(strike) => strike.kind.applied(request.amount, request.currency.clone()),
        None => (request.amount, request.currency.clone()),
    };
    let mut shown = json!({
        "payment_request_id": request.payment_request_id,
        "operation_id": request.operation_id,
        "reference": request.reference,
        "status": request.status,
        "amount": amount,
        "currency": currency,
        "refunds": request.refunds.iter().map(shown_refund).collect::<Vec<_>>(),
    });
    if let Some(reason) = request.reason {
        shown["reason"] = json!(reason);
    }
    shown
}

fn shown_refund(refund: &Refund) -> Value {
    json!({
        "refund_id": refund.refund_id,
        "operation_id": refund.operation_id,
        "status": refund.status,
        "amount": refund.amount,
    })
}
