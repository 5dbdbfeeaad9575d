//! Orders: taking them, showing them, cancelling them.

use std::collections::HashSet;

use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::faults::{Fault, Plan, Strike};
use super::paging::Asking;
use super::rows::{Item, LineStatus, Order, OrderLine, OrderStatus, Row};
use super::world::{Asked, By, Change, Sim};
use crate::sim::answer::Answer;
use crate::sim::clock;

#[derive(Deserialize)]
struct NewOrder {
    external_ref: String,
    account_id: String,
    lines: Vec<NewLine>,
}

#[derive(Deserialize)]
struct NewLine {
    line_ref: u32,
    sku: String,
    quantity: i64,
}

/// `POST /v1/orders`
pub async fn place(State(sim): State<Sim>, asked: Asked) -> Response {
    asked.decide(&sim, placed).await
}

/// `GET /v1/orders/{id}`
pub async fn by_id(State(sim): State<Sim>, Extension(plan): Extension<Plan>, Path(id): Path<String>) -> Response {
    sim.answer(|change| found(change, Some(&id), plan.stale())).await
}

/// `GET /v1/orders?external_ref=`
pub async fn by_ref(
    State(sim): State<Sim>,
    Extension(plan): Extension<Plan>,
    Query(asking): Query<Asking>,
) -> Response {
    sim.answer(|change| match &asking.external_ref {
        Some(external_ref) => found(change, change.state.order_by_ref.get(external_ref), plan.stale()),
        None => Answer::bad_request("invalid_request", "Name an external_ref."),
    })
    .await
}

/// `POST /v1/orders/{id}/cancel`
pub async fn cancel(State(sim): State<Sim>, Path(id): Path<String>, asked: Asked) -> Response {
    asked.decide(&sim, |change, by, _: IgnoredAny| cancelled(change, by, &id)).await
}

fn placed(change: &mut Change<'_>, by: &By, new: NewOrder) -> Answer {
    if let Some(id) = change.state.order_by_ref.get(&new.external_ref) {
        return found(change, Some(id), false);
    }
    let mut lines = match checked_lines(change, &new) {
        Ok(lines) => lines,
        Err(refused) => return refused,
    };
    if let Some(strike) = &by.plan.content {
        refuse_by_script(&mut lines, strike);
    }
    let order = Order {
        order_id: clock::new_id("ord"),
        external_ref: new.external_ref,
        account_id: new.account_id,
        status: OrderStatus::Accepted,
        lines,
        revision: 1,
        due_at: change.completes_at(),
    };
    change.put(Row::Order(order.clone()));
    change.record(by, "place_order", Some(&order.external_ref), &order.order_id);
    Answer::new(StatusCode::ACCEPTED, shown(&order))
}

fn checked_lines(change: &Change<'_>, new: &NewOrder) -> Result<Vec<OrderLine>, Answer> {
    if new.external_ref.is_empty() || new.lines.is_empty() {
        return Err(Answer::invalid("invalid_request", "external_ref and lines must not be empty."));
    }
    if change.state.accounts.get(&new.account_id).is_none() {
        return Err(Answer::invalid("unknown_account", "There is no such account."));
    }
    let mut seen = HashSet::new();
    new.lines.iter().map(|line| checked_line(change, line, seen.insert(line.line_ref))).collect()
}

fn checked_line(change: &Change<'_>, new: &NewLine, is_first: bool) -> Result<OrderLine, Answer> {
    if !is_first {
        return Err(Answer::refused_line(new.line_ref, "invalid_request", "This line_ref is used twice."));
    }
    let known = change.state.items.get(&new.sku);
    let item = known.ok_or_else(|| Answer::refused_line(new.line_ref, "unknown_sku", "There is no such SKU."))?;
    if item.withdrawn {
        return Err(Answer::refused_line(new.line_ref, "sku_withdrawn", "This SKU is no longer sold."));
    }
    let quantity = checked_quantity(item, new.quantity)
        .map_err(|(code, message)| Answer::refused_line(new.line_ref, code, message))?;
    Ok(OrderLine {
        line_ref: new.line_ref,
        sku: new.sku.clone(),
        quantity,
        unit_cost: item.unit_cost.clone(),
        status: LineStatus::Pending,
        subscription_id: None,
        reason: None,
        refusal: None,
    })
}

/// A number of seats the item can have, or the code and the sentence of the refusal.
pub fn checked_quantity(item: &Item, quantity: i64) -> Result<u32, (&'static str, String)> {
    let (min, max) = (item.min_quantity, item.max_quantity);
    match u32::try_from(quantity) {
        Ok(0) | Err(_) => Err(("invalid_quantity", "quantity is a whole number from 1 on.".to_owned())),
        Ok(quantity) if quantity < min || quantity > max => {
            Err(("quantity_limit", format!("quantity is from {min} to {max} for {}.", item.sku)))
        }
        Ok(quantity) => Ok(quantity),
    }
}

fn refuse_by_script(lines: &mut [OrderLine], strike: &Strike) {
    let count = lines.len();
    let chosen = usize::try_from(strike.seed).unwrap_or(0) % count.max(1);
    for (index, line) in lines.iter_mut().enumerate() {
        let refused = if strike.kind == Fault::Partial { index > 0 } else { index == chosen };
        line.refusal = refused.then(|| "insufficient_capacity".to_owned());
    }
}

fn cancelled(change: &mut Change<'_>, by: &By, id: &str) -> Answer {
    let Some(mut order) = change.state.orders.get(id).cloned() else { return Answer::not_found("order") };
    match order.status {
        OrderStatus::Cancelled => return Answer::new(StatusCode::ACCEPTED, shown(&order)),
        OrderStatus::Accepted => {}
        OrderStatus::Completed | OrderStatus::Partial | OrderStatus::Rejected => {
            return Answer::conflict("already_completed", "The order is completed.");
        }
    }
    order.status = OrderStatus::Cancelled;
    order.revision += 1;
    order.lines.iter_mut().for_each(|line| line.status = LineStatus::Cancelled);
    change.put(Row::Order(order.clone()));
    change.record(by, "cancel_order", Some(&order.external_ref), id);
    change.tell("order.completed", json!({"account_id": order.account_id, "order_id": id}));
    Answer::new(StatusCode::ACCEPTED, shown(&order))
}

fn found(change: &Change<'_>, id: Option<&String>, stale: bool) -> Answer {
    let order = id.and_then(|id| change.state.orders.seen(id, stale));
    order.map_or_else(|| Answer::not_found("order"), |order| Answer::new(StatusCode::OK, shown(order)))
}

fn shown(order: &Order) -> Value {
    json!({
        "order_id": order.order_id,
        "external_ref": order.external_ref,
        "account_id": order.account_id,
        "status": order.status,
        "lines": order.lines.iter().map(shown_line).collect::<Vec<_>>(),
    })
}

fn shown_line(line: &OrderLine) -> Value {
    let mut shown = json!({"line_ref": line.line_ref, "status": line.status});
    if let Some(id) = &line.subscription_id {
        shown["subscription_id"] = json!(id);
    }
    if let Some(reason) = &line.reason {
        shown["reason"] = json!(reason);
    }
    shown
}
