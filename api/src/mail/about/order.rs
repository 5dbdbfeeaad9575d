//! What a letter about an order says.

use domain::order::{Order, OrderStatus, PaymentMode, PlacedLine};
use minijinja::context;
use minijinja::value::Value;

use super::Voice;
use crate::mail::words;

/// Of an order that has ended.
pub fn words(order: &Order, voice: &Voice<'_>) -> Value {
    let lines: Vec<Value> = order.lines.iter().map(|placed| line(placed, voice)).collect();
    context! {
        order => name(order),
        ordered_on => voice.day(order.details.ordered_at),
        partly => order.status == OrderStatus::PartiallyFulfilled,
        prepaid => order.details.payment == PaymentMode::Prepaid,
        lines,
        link => voice.order_link(order.details.order_id),
    }
}

/// As its customer calls it.
pub fn name(order: &Order) -> String {
    order.details.name.clone().unwrap_or_else(|| order.details.order_id.to_string())
}

fn line(placed: &PlacedLine, voice: &Voice<'_>) -> Value {
    let what = format!("{} × {}", placed.line.quantity, placed.line.service_name);
    let reason = placed.reason.as_deref().map(|reason| words::reason(voice.language, reason));
    context! {
        outcome => words::line(voice.language, placed.status),
        what => reason.map_or_else(|| what.clone(), |reason| format!("{what} ({reason})")),
    }
}
