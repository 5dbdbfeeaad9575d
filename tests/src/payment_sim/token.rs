//! The older gateway: it answers at once, knows customers by number, and neither keys, nor queries, nor refunds.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Number, json};

use super::faults::Plan;
use super::money::checked;
use super::outcome::{Outcome, Reason};
use super::rows::{Effect, Operation, Row};
use super::world::{Change, Sim};
use crate::sim::answer::Answer;
use crate::sim::clock;

#[derive(Deserialize)]
struct NewCharge {
    customer_id: u64,
    currency: String,
    value: Number,
}

/// `POST /token/`
pub async fn charge(
    State(sim): State<Sim>,
    Extension(plan): Extension<Plan>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if headers.get("x-token").is_none_or(|token| token.as_bytes() != sim.own.token.as_bytes()) {
        return (StatusCode::FORBIDDEN, "The token is wrong.").into_response();
    }
    match serde_json::from_slice(&body) {
        Ok(new) => sim.answer(|change| charged(change, &plan, &new)).await,
        Err(_) => refused(Reason::Other).into_response(),
    }
}

fn charged(change: &mut Change<'_>, plan: &Plan, new: &NewCharge) -> Answer {
    let Some(value) = decimal(&new.value).filter(|value| checked(*value, &new.currency).is_ok()) else {
        return refused(Reason::Other);
    };
    if new.customer_id == 0 {
        return refused(Reason::CustomerNotFound);
    }
    let outcome = plan.outcome().map_or_else(|| Outcome::of(value), |(outcome, _)| outcome);
    match outcome {
        Outcome::Succeeded | Outcome::Unanswered => {
            let withheld = outcome == Outcome::Unanswered;
            capture(change, new, value, !withheld && !plan.answer_withheld);
            Answer { withheld, ..Answer::new(StatusCode::OK, json!({"result": "true"})) }
        }
        Outcome::Failed(Reason::InsufficientBalance) => Answer::new(StatusCode::OK, json!({"result": "false"})),
        Outcome::Failed(reason) => refused(reason),
        // There is no later here in which something could expire.
        Outcome::Expired => refused(Reason::Other),
        Outcome::Unreachable => Answer::later(),
        Outcome::Pending => Answer { withheld: true, ..refused(Reason::Other) },
    }
}

fn capture(change: &mut Change<'_>, new: &NewCharge, value: Decimal, answer_sent: bool) {
    change.put(Row::Effect(Effect {
        key: clock::new_id("chg"),
        operation: Operation::Charge,
        reference: None,
        customer_id: Some(new.customer_id),
        amount: value,
        currency: new.currency.clone(),
        at: change.now,
        answer_sent,
    }));
}

fn refused(reason: Reason) -> Answer {
    Answer::new(StatusCode::BAD_REQUEST, json!({"result": "false", "error": reason}))
}

/// The number as it was written, not as a float would have it.
fn decimal(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}
