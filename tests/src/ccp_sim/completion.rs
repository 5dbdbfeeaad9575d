//! What was accepted is done: orders become subscriptions, operations change them.

use serde_json::json;

use super::changes::allowed;
use super::rows::{Kind, LineStatus, Operation, OperationStatus, Order, OrderLine, OrderStatus, Row, Status};
use super::state::Due;
use super::terms;
use super::world::Change;

/// Completes everything that is due.
pub fn complete_due(change: &mut Change<'_>) {
    while let Some((_, due)) = change.state.due.first().filter(|(at, _)| *at <= change.real_now).cloned() {
        let done = match &due {
            Due::Order(id) => change.state.orders.get(id).cloned().map(|order| complete_order(change, order)),
            Due::Operation(id) => change.state.operations.get(id).cloned().map(|found| finish(change, found)),
        };
        if done.is_none() {
            change.state.due.pop_first();
        }
    }
}

fn complete_order(change: &mut Change<'_>, mut order: Order) {
    let mut lines = std::mem::take(&mut order.lines);
    lines.iter_mut().for_each(|line| complete_line(change, &order, line));
    order.lines = lines;
    order.status = outcome(&order.lines);
    order.revision += 1;
    let kind = if order.status == OrderStatus::Rejected { "order.rejected" } else { "order.completed" };
    let data = json!({"account_id": order.account_id, "order_id": order.order_id});
    change.put(Row::Order(order));
    change.tell(kind, data);
}

fn complete_line(change: &mut Change<'_>, order: &Order, line: &mut OrderLine) {
    let item = change.state.offered(&line.sku).cloned();
    match (line.refusal.take(), item) {
        (None, Some(item)) => {
            line.subscription_id = Some(terms::start(change, order, line, &item));
            line.status = LineStatus::Provisioned;
        }
        (refusal, _) => {
            line.reason = Some(refusal.unwrap_or_else(|| "sku_withdrawn".to_owned()));
            line.status = LineStatus::Rejected;
        }
    }
}

fn outcome(lines: &[OrderLine]) -> OrderStatus {
    let provisioned = lines.iter().filter(|line| line.status == LineStatus::Provisioned).count();
    match provisioned {
        0 => OrderStatus::Rejected,
        some if some == lines.len() => OrderStatus::Completed,
        _ => OrderStatus::Partial,
    }
}

fn finish(change: &mut Change<'_>, mut operation: Operation) {
    let failed = operation.refusal.take().or_else(|| perform(change, &operation));
    operation.status = if failed.is_none() { OperationStatus::Succeeded } else { OperationStatus::Failed };
    operation.effective_on = failed.is_none().then_some(change.state.today);
    operation.reason = failed;
    operation.revision += 1;
    let kind = if operation.reason.is_none() { "operation.succeeded" } else { "operation.failed" };
    let found = change.state.subscriptions.get(&operation.subscription_id);
    let data = json!({
        "account_id": found.map(|subscription| &subscription.account_id),
        "subscription_id": operation.subscription_id,
        "operation_id": operation.operation_id,
    });
    change.put(Row::Operation(operation));
    change.tell(kind, data);
}

/// The code of why it failed, or nothing.
fn perform(change: &mut Change<'_>, operation: &Operation) -> Option<String> {
    let Some(mut subscription) = change.state.subscriptions.get(&operation.subscription_id).cloned() else {
        return Some("not_found".to_owned());
    };
    // Since it was accepted somebody else may have been faster.
    if allowed(&operation.kind, &subscription).is_err() {
        return Some("invalid_state".to_owned());
    }
    match &operation.kind {
        Kind::Quantity { quantity, remove } => terms::set_quantity(change, &mut subscription, *quantity, remove),
        Kind::Cancel => terms::cancel(change, &mut subscription),
        Kind::Extend { ends_on } => subscription.ends_on = subscription.ends_on.max(*ends_on),
        Kind::Suspend => subscription.status = Status::Suspended,
        Kind::Resume => subscription.status = Status::Active,
        Kind::Renewal { auto_renew, quantity } => {
            subscription.auto_renew = *auto_renew;
            subscription.renewal_quantity = *quantity;
        }
    }
    terms::save_and_tell(change, subscription);
    None
}
