//! The life of a subscription: start, changes, renewal, end. Who asked and whether they may is decided elsewhere.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::calendar;
use super::charges::{charge_change, charge_cycle};
use super::rows::{Charge, Increase, Item, Order, OrderLine, Row, Status, Subscription};
use super::seats::Seats;
use super::world::Change;
use crate::sim::clock;

/// Starts today what a line ordered.
pub fn start(change: &mut Change<'_>, order: &Order, line: &OrderLine, item: &Item) -> String {
    let today = change.state.today;
    let mut subscription = Subscription {
        subscription_id: clock::new_id("sub"),
        account_id: order.account_id.clone(),
        sku: line.sku.clone(),
        quantity: line.quantity,
        status: Status::Active,
        starts_on: today,
        ends_on: today,
        auto_renew: true,
        renewal_quantity: None,
        revision: 0,
        changed_on: today,
        updated_at: change.now,
        seats: Seats::first(line.quantity),
        unit_cost: line.unit_cost.clone(),
        term_months: 1,
        cycle_months: 1,
        window_hours: None,
        confirmed_at: change.now,
        increases: Vec::new(),
        charged_until: today,
    };
    begin_term(&mut subscription, item, change.now);
    charge_cycle(change, &mut subscription, Charge::New);
    let id = subscription.subscription_id.clone();
    save(change, subscription);
    id
}

/// The conditions of a term are those of the catalogue on its first day; its first day is where the last term ended.
fn begin_term(subscription: &mut Subscription, item: &Item, at: DateTime<Utc>) {
    subscription.term_months = calendar::months(&item.term).unwrap_or(1);
    subscription.cycle_months = calendar::months(&item.billing_cycle).unwrap_or(1);
    subscription.window_hours = item.cancellation_window_hours;
    subscription.confirmed_at = at;
    subscription.increases.clear();
    subscription.starts_on = subscription.ends_on;
    subscription.charged_until = subscription.ends_on;
    subscription.ends_on = calendar::after(subscription.starts_on, subscription.term_months);
}

/// Grows by new seats, or shrinks by the named and then the newest, and bills the difference.
pub fn set_quantity(change: &mut Change<'_>, subscription: &mut Subscription, quantity: u32, named: &[u32]) {
    let before = subscription.quantity;
    resize(subscription, quantity, named);
    if quantity > before {
        let seats = quantity - before;
        subscription.increases.push(Increase { at: change.now, seats });
        charge_change(change, subscription, Charge::Add, i64::from(seats));
    } else if quantity < before {
        give_back(&mut subscription.increases, before - quantity);
        charge_change(change, subscription, Charge::Remove, i64::from(quantity) - i64::from(before));
    }
}

fn resize(subscription: &mut Subscription, quantity: u32, named: &[u32]) {
    let before = subscription.quantity;
    if quantity > before {
        subscription.seats.add(quantity - before);
    } else {
        subscription.seats.remove(before - quantity, named);
    }
    subscription.quantity = quantity;
}

/// Seats that left cannot leave again: the newest increases are used up first.
fn give_back(increases: &mut Vec<Increase>, mut seats: u32) {
    while seats > 0
        && let Some(newest) = increases.last_mut()
    {
        let taken = seats.min(newest.seats);
        newest.seats -= taken;
        seats -= taken;
        if newest.seats == 0 {
            increases.pop();
        }
    }
}

/// Ends it before its term and credits what is left of the charged cycle.
pub fn cancel(change: &mut Change<'_>, subscription: &mut Subscription) {
    subscription.status = Status::Cancelled;
    charge_change(change, subscription, Charge::Cancel, -i64::from(subscription.quantity));
}

/// What happens at 00:00 of `ends_on`: the next term, at today's cost, or the end.
pub fn renew_or_expire(change: &mut Change<'_>, mut subscription: Subscription) {
    let item = change.state.offered(&subscription.sku).cloned();
    match item {
        Some(item) if subscription.auto_renew && subscription.status == Status::Active => {
            let quantity = subscription.renewal_quantity.take().unwrap_or(subscription.quantity);
            resize(&mut subscription, quantity, &[]);
            subscription.unit_cost = item.unit_cost.clone();
            begin_term(&mut subscription, &item, change.now);
            charge_cycle(change, &mut subscription, Charge::Renew);
        }
        _ => subscription.status = Status::Expired,
    }
    save_and_tell(change, subscription);
}

/// Charges the next cycle of a running term; nothing a client sees of the subscription changes.
pub fn next_cycle(change: &mut Change<'_>, mut subscription: Subscription) {
    charge_cycle(change, &mut subscription, Charge::Cycle);
    change.put(Row::Subscription(Box::new(subscription)));
}

pub fn is_live(subscription: &Subscription) -> bool {
    matches!(subscription.status, Status::Active | Status::Suspended)
}

/// Stores a visible change and hints at it.
pub fn save_and_tell(change: &mut Change<'_>, subscription: Subscription) {
    let kind = match subscription.status {
        Status::Active | Status::Suspended => "subscription.updated",
        Status::Cancelled => "subscription.cancelled",
        Status::Expired => "subscription.expired",
    };
    let data = json!({"account_id": subscription.account_id, "subscription_id": subscription.subscription_id});
    save(change, subscription);
    change.tell(kind, data);
}

fn save(change: &mut Change<'_>, mut subscription: Subscription) {
    subscription.revision += 1;
    subscription.changed_on = change.state.today;
    subscription.updated_at = change.now;
    change.put(Row::Subscription(Box::new(subscription)));
}
