//! The bill of an account and a month.

use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::calendar;
use super::faults::Plan;
use super::paging::{Asking, cursor};
use super::rows::Line;
use super::world::{Change, Sim};
use crate::sim::answer::Answer;

const PAGE: usize = 500;

struct Wanted {
    account_id: String,
    period: String,
    first_day: NaiveDate,
    start: usize,
}

/// `GET /v1/billing?account_id=&period=YYYY-MM&cursor=`
pub async fn list(State(sim): State<Sim>, Extension(plan): Extension<Plan>, Query(asking): Query<Asking>) -> Response {
    match wanted(asking) {
        Ok(wanted) => sim.answer(|change| page(change, &wanted, plan.stale())).await,
        Err(refused) => refused.into_response(),
    }
}

fn wanted(asking: Asking) -> Result<Wanted, Answer> {
    let start = asking.start()?;
    let missing = || Answer::bad_request("invalid_request", "Name an account_id and a period like 2026-10.");
    let (account_id, period) = asking.account_id.zip(asking.period).ok_or_else(missing)?;
    let first_day = calendar::first_day(&period).ok_or_else(missing)?;
    Ok(Wanted { account_id, period, first_day, start })
}

fn page(change: &Change<'_>, wanted: &Wanted, stale: bool) -> Answer {
    if change.state.accounts.get(&wanted.account_id).is_none() {
        return Answer::not_found("account");
    }
    let place = (wanted.account_id.clone(), wanted.period.clone());
    let all = change.state.lines.get(&place).map(Vec::as_slice).unwrap_or_default();
    let rest = all.get(wanted.start..).unwrap_or_default();
    let lines: Vec<Value> = rest.iter().take(PAGE).filter(|line| !line.withheld).map(shown).collect();
    let closed = !stale && change.state.is_closed(&wanted.period, wanted.first_day);
    let next = (rest.len() > PAGE).then(|| cursor(wanted.start + PAGE));
    Answer::new(StatusCode::OK, json!({"closed": closed, "lines": lines, "next_cursor": next}))
}

pub fn shown(line: &Line) -> Value {
    json!({
        "line_id": line.line_id,
        "subscription_id": line.subscription_id,
        "sku": line.sku,
        "charge": line.charge,
        "quantity": line.quantity,
        "unit_cost": line.unit_cost.to_string(),
        "from": line.from,
        "to": line.to,
        "amount": line.amount.to_string(),
        "currency": line.currency,
    })
}
