//! The catalogue, page by page, and the control call that changes it.

use axum::Json;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::calendar;
use super::faults::Plan;
use super::paging::{Asking, cursor};
use super::rows::{Item, Price, Row};
use super::state;
use super::world::{Change, Sim};
use crate::sim::answer::Answer;
use crate::sim::writes::parse;

/// Small, so that nobody gets away with reading one page.
const PAGE: usize = 5;
const HIGHEST_PRICE: u32 = 1_000_000_000;

pub async fn list(State(sim): State<Sim>, Extension(plan): Extension<Plan>, Query(asking): Query<Asking>) -> Response {
    sim.answer(|change| match asking.start() {
        Ok(start) => page(change, start, plan.stale()),
        Err(refused) => refused,
    })
    .await
}

fn page(change: &Change<'_>, start: usize, stale: bool) -> Answer {
    let state = &change.state;
    let all: Vec<&Item> =
        state.items.values().map(|item| seen(state, item, stale)).filter(|item| !item.withdrawn).collect();
    let items: Vec<Value> = all.iter().skip(start).take(PAGE).map(|item| shown(item)).collect();
    let next = (start + PAGE < all.len()).then(|| cursor(start + PAGE));
    Answer::new(StatusCode::OK, json!({"items": items, "next_cursor": next}))
}

fn seen<'a>(known: &'a state::State, item: &'a Item, stale: bool) -> &'a Item {
    let previous = stale.then(|| known.previous_items.get(&item.sku)).flatten();
    previous.unwrap_or(item)
}

fn shown(item: &Item) -> Value {
    json!({
        "sku": item.sku,
        "name": item.name,
        "description": item.description,
        "publisher": item.publisher,
        "unit_cost": price(&item.unit_cost),
        "list_price": price(&item.list_price),
        "term": item.term,
        "billing_cycle": item.billing_cycle,
        "min_quantity": item.min_quantity,
        "max_quantity": item.max_quantity,
        "cancellation_window_hours": item.cancellation_window_hours,
        "features": item.features,
        "revision": item.revision,
    })
}

fn price(price: &Price) -> Value {
    json!({"amount": price.amount.to_string(), "currency": price.currency})
}

/// What `POST /sim/catalogue` may say; what it leaves out stays, or is usual for a new item.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    sku: String,
    name: Option<String>,
    description: Option<String>,
    publisher: Option<String>,
    unit_cost: Option<Price>,
    list_price: Option<Price>,
    term: Option<String>,
    billing_cycle: Option<String>,
    min_quantity: Option<u32>,
    max_quantity: Option<u32>,
    #[serde(default, deserialize_with = "present")]
    cancellation_window_hours: Option<Option<u32>>,
    features: Option<Vec<String>>,
    #[serde(default)]
    withdrawn: bool,
}

/// `POST /sim/catalogue`: changes an item, adds one, or takes one out of sale.
pub async fn edit(State(sim): State<Sim>, body: Bytes) -> Response {
    match parse::<Edit>(&body) {
        Ok(edit) => sim.answer(|change| edited(change, edit)).await,
        Err(refused) => refused.into_response(),
    }
}

fn edited(change: &mut Change<'_>, edit: Edit) -> Response {
    let before = change.state.items.get(&edit.sku).cloned();
    let mut item = match before.clone().map_or_else(|| new_item(&edit), Ok) {
        Ok(item) => item,
        Err(refused) => return refused.into_response(),
    };
    merge(&mut item, edit);
    if let Err(refused) = check(&item) {
        return refused.into_response();
    }
    if before.as_ref() != Some(&item) {
        item.revision = before.map_or(1, |before| before.revision + 1);
        change.put(Row::Item(Box::new(item.clone())));
        change.tell("catalogue.changed", json!({}));
    }
    Json(shown(&item)).into_response()
}

fn merge(item: &mut Item, edit: Edit) {
    item.name = edit.name.unwrap_or(std::mem::take(&mut item.name));
    item.description = edit.description.unwrap_or(std::mem::take(&mut item.description));
    item.publisher = edit.publisher.unwrap_or(std::mem::take(&mut item.publisher));
    item.unit_cost = edit.unit_cost.unwrap_or(item.unit_cost.clone());
    item.list_price = edit.list_price.unwrap_or(item.list_price.clone());
    item.term = edit.term.unwrap_or(std::mem::take(&mut item.term));
    item.billing_cycle = edit.billing_cycle.unwrap_or(std::mem::take(&mut item.billing_cycle));
    item.min_quantity = edit.min_quantity.unwrap_or(item.min_quantity);
    item.max_quantity = edit.max_quantity.unwrap_or(item.max_quantity);
    item.cancellation_window_hours = edit.cancellation_window_hours.unwrap_or(item.cancellation_window_hours);
    item.features = edit.features.unwrap_or(std::mem::take(&mut item.features));
    item.withdrawn = edit.withdrawn;
}

fn new_item(edit: &Edit) -> Result<Item, Answer> {
    let (Some(unit_cost), Some(list_price)) = (edit.unit_cost.clone(), edit.list_price.clone()) else {
        return Err(Answer::invalid("invalid_request", "A new item needs unit_cost and list_price."));
    };
    Ok(Item {
        sku: edit.sku.clone(),
        name: edit.sku.clone(),
        description: String::new(),
        publisher: "Nimbus Office".to_owned(),
        unit_cost,
        list_price,
        term: "P1M".to_owned(),
        billing_cycle: "P1M".to_owned(),
        min_quantity: 1,
        max_quantity: 100_000,
        cancellation_window_hours: Some(168),
        features: Vec::new(),
        revision: 1,
        withdrawn: false,
    })
}

fn check(item: &Item) -> Result<(), Answer> {
    let wrong = |what: &str| Err(Answer::invalid("invalid_request", format!("{what} is wrong.")));
    let sane = |price: &Price| {
        let digits = iso_currency::Currency::from_code(&price.currency).and_then(|currency| currency.exponent());
        digits.is_some() && !price.amount.is_sign_negative() && price.amount <= Decimal::from(HIGHEST_PRICE)
    };
    if item.sku.is_empty() {
        return wrong("sku");
    }
    if !sane(&item.unit_cost) || !sane(&item.list_price) || item.unit_cost.currency != item.list_price.currency {
        return wrong("a price");
    }
    let (term, cycle) = (calendar::months(&item.term), calendar::months(&item.billing_cycle));
    if term.is_none() || !matches!(cycle, Some(1 | 12)) || cycle > term {
        return wrong("term or billing_cycle");
    }
    if item.min_quantity == 0 || item.min_quantity > item.max_quantity {
        return wrong("min_quantity or max_quantity");
    }
    Ok(())
}

/// Tells `null` from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
