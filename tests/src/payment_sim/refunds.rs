//! Giving back, in whole or in parts, what the wallet has charged.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;

use super::money::checked;
use super::outcome::Outcome;
use super::rows::{Refund, Request, Row, Status};
use super::wallet::{completion, not_found};
use super::world::{Asked, By, Change, Sim};
use crate::sim::answer::Answer;
use crate::sim::clock;

#[derive(Deserialize)]
struct NewRefund {
    amount: Decimal,
    currency: String,
}

/// `POST /v1/payment-requests/{id}/refunds`
pub async fn refund(State(sim): State<Sim>, Path(id): Path<String>, asked: Asked) -> Response {
    asked.decide(&sim, |change, by, new| accepted(change, by, &id, &new)).await
}

fn accepted(change: &mut Change<'_>, by: &By, id: &str, new: &NewRefund) -> Answer {
    let Some(mut request) = change.state.requests.get(id).cloned() else { return not_found() };
    if let Err(refused) = checked(new.amount, &new.currency).and_then(|()| possible(&request, new)) {
        return refused;
    }
    let (outcome, ms) = by.plan.outcome().unwrap_or((Outcome::Succeeded, None));
    if outcome == Outcome::Unreachable {
        return Answer::later();
    }
    let refund = Refund {
        refund_id: clock::new_id("ref"),
        operation_id: by.key.clone(),
        amount: new.amount,
        status: Status::Pending,
        completion: completion(change, by, outcome, ms),
    };
    let body = json!({"refund_id": refund.refund_id, "status": refund.status});
    request.refunds.push(refund);
    request.revision += 1;
    change.put(Row::Request(Box::new(request)));
    Answer { withheld: outcome == Outcome::Unanswered, ..Answer::new(StatusCode::ACCEPTED, body) }
}

fn possible(request: &Request, new: &NewRefund) -> Result<(), Answer> {
    let refused = |code, message| Err(Answer::trouble(StatusCode::UNPROCESSABLE_ENTITY, code, message));
    if !request.is_captured {
        return refused("not_charged", "Nothing was charged that could be given back.");
    }
    if request.currency != new.currency {
        return refused("currency_mismatch", "The charge was in another currency.");
    }
    if new.amount > request.left() {
        return refused("amount_exceeded", "That is more than is left of the charge.");
    }
    Ok(())
}
