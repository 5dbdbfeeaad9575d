//! Asking for a change of a subscription: checked at once, done a moment later.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::calendar;
use super::orders::checked_quantity;
use super::rows::{Item, Kind, Operation, OperationStatus, Row, Status, Subscription};
use super::windows;
use super::world::{Asked, By, Change, Sim};
use crate::sim::answer::Answer;
use crate::sim::clock;

/// Months from today that an extension may reach.
const EXTENSION_MONTHS: u32 = 36;

#[derive(Deserialize)]
struct NewQuantity {
    quantity: i64,
    #[serde(default)]
    remove_seats: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct NewEnd {
    ends_on: NaiveDate,
}

#[derive(Deserialize)]
struct NewRenewal {
    auto_renew: bool,
    quantity: Option<i64>,
}

/// `PATCH /v1/subscriptions/{id}`
pub async fn quantity(State(sim): State<Sim>, Path(id): Path<String>, asked: Asked) -> Response {
    let check = |change: &Change<'_>, found: &Subscription, new| checked_change(change, found, &new);
    asked.decide(&sim, |change, by, new| accept(change, (by, "change_quantity", &id), new, check)).await
}

/// `POST /v1/subscriptions/{id}/cancel`
pub async fn cancel(State(sim): State<Sim>, Path(id): Path<String>, asked: Asked) -> Response {
    let check = |change: &Change<'_>, found: &Subscription, _: IgnoredAny| {
        allowed(&Kind::Cancel, found)?;
        let open = windows::cancellable(found, change.now);
        if open { Ok(Kind::Cancel) } else { Err(window_closed()) }
    };
    asked.decide(&sim, |change, by, none| accept(change, (by, "cancel_subscription", &id), none, check)).await
}

/// `POST /v1/subscriptions/{id}/extend`
pub async fn extend(State(sim): State<Sim>, Path(id): Path<String>, asked: Asked) -> Response {
    let check = |change: &Change<'_>, found: &Subscription, new| checked_extension(change, found, &new);
    asked.decide(&sim, |change, by, new| accept(change, (by, "extend", &id), new, check)).await
}

/// `POST /v1/subscriptions/{id}/suspend`
pub async fn suspend(State(sim): State<Sim>, Path(id): Path<String>, asked: Asked) -> Response {
    let check = |_: &Change<'_>, found: &Subscription, _: IgnoredAny| allowed(&Kind::Suspend, found);
    asked.decide(&sim, |change, by, none| accept(change, (by, "suspend", &id), none, check)).await
}

/// `POST /v1/subscriptions/{id}/resume`
pub async fn resume(State(sim): State<Sim>, Path(id): Path<String>, asked: Asked) -> Response {
    let check = |_: &Change<'_>, found: &Subscription, _: IgnoredAny| allowed(&Kind::Resume, found);
    asked.decide(&sim, |change, by, none| accept(change, (by, "resume", &id), none, check)).await
}

/// `PUT /v1/subscriptions/{id}/renewal`
pub async fn renewal(State(sim): State<Sim>, Path(id): Path<String>, asked: Asked) -> Response {
    let check = |change: &Change<'_>, found: &Subscription, new| checked_renewal(change, found, &new);
    asked.decide(&sim, |change, by, new| accept(change, (by, "set_renewal", &id), new, check)).await
}

/// `what` is who asks, the ledger's word for it, and the subscription.
fn accept<B>(
    change: &mut Change<'_>,
    what: (&By, &str, &str),
    body: B,
    check: impl FnOnce(&Change<'_>, &Subscription, B) -> Result<Kind, Answer>,
) -> Answer {
    let (by, name, id) = what;
    let Some(found) = change.state.subscriptions.get(id) else { return Answer::not_found("subscription") };
    let kind = match check(change, found, body) {
        Ok(kind) => kind,
        Err(refused) => return refused,
    };
    let operation = Operation {
        operation_id: clock::new_id("op"),
        subscription_id: id.to_owned(),
        kind,
        status: OperationStatus::Running,
        reason: None,
        effective_on: None,
        revision: 1,
        refusal: by.plan.content.as_ref().map(|_| "rejected".to_owned()),
        due_at: change.completes_at(),
    };
    let operation_id = operation.operation_id.clone();
    change.put(Row::Operation(operation));
    change.record(by, name, None, id);
    Answer::new(StatusCode::ACCEPTED, json!({"operation_id": operation_id}))
}

/// Whether the present state allows it at all; asked again when the operation completes.
pub fn allowed(kind: &Kind, found: &Subscription) -> Result<Kind, Answer> {
    let fits = match kind {
        Kind::Quantity { .. } | Kind::Extend { .. } | Kind::Suspend => found.status == Status::Active,
        Kind::Cancel | Kind::Renewal { .. } => matches!(found.status, Status::Active | Status::Suspended),
        Kind::Resume => found.status == Status::Suspended,
    };
    let refused = || Answer::conflict("invalid_state", "The subscription's state does not allow it.");
    if fits { Ok(kind.clone()) } else { Err(refused()) }
}

fn checked_change(change: &Change<'_>, found: &Subscription, new: &NewQuantity) -> Result<Kind, Answer> {
    let item = item(change, found)?;
    let quantity = checked_quantity(item, new.quantity).map_err(|(code, message)| Answer::invalid(code, message))?;
    let named = new.remove_seats.as_deref().unwrap_or_default();
    let remove = named.iter().map(|seat_id| seat(found, seat_id)).collect::<Result<Vec<_>, _>>()?;
    let kind = allowed(&Kind::Quantity { quantity, remove }, found)?;
    if named.len() > found.quantity.saturating_sub(quantity) as usize {
        return Err(Answer::invalid("invalid_seats", "More seats are named than go."));
    }
    if quantity > found.quantity && item.withdrawn {
        return Err(Answer::invalid("sku_withdrawn", "This SKU is no longer sold."));
    }
    if quantity < found.quantity && quantity < windows::reducible_to(found, change.now) {
        return Err(window_closed());
    }
    Ok(kind)
}

fn checked_extension(change: &Change<'_>, found: &Subscription, new: &NewEnd) -> Result<Kind, Answer> {
    let kind = allowed(&Kind::Extend { ends_on: new.ends_on }, found)?;
    let latest = calendar::after(change.state.today, EXTENSION_MONTHS);
    if new.ends_on <= found.ends_on || new.ends_on > latest {
        return Err(Answer::invalid("invalid_date", format!("ends_on is after {}, at most {latest}.", found.ends_on)));
    }
    Ok(kind)
}

fn checked_renewal(change: &Change<'_>, found: &Subscription, new: &NewRenewal) -> Result<Kind, Answer> {
    let item = item(change, found)?;
    let checked = |quantity| checked_quantity(item, quantity).map_err(|(code, message)| Answer::invalid(code, message));
    let quantity = new.quantity.map(checked).transpose()?;
    allowed(&Kind::Renewal { auto_renew: new.auto_renew, quantity }, found)
}

fn item<'a>(change: &'a Change<'_>, found: &Subscription) -> Result<&'a Item, Answer> {
    change.state.items.get(&found.sku).ok_or_else(|| Answer::invalid("unknown_sku", "There is no such SKU."))
}

fn seat(found: &Subscription, seat_id: &str) -> Result<u32, Answer> {
    let number = found.seats.number(&found.subscription_id, seat_id);
    number.ok_or_else(|| Answer::invalid("invalid_seats", "The subscription has no such seat."))
}

fn window_closed() -> Answer {
    Answer::conflict("window_closed", "The time in which this was possible is over.")
}
