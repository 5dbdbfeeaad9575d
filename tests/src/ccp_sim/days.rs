//! What the calendar does by itself, at 00:00 of each business day: renewals, expiries, cycles, closed months.

use std::collections::BTreeSet;

use serde_json::json;

use super::calendar;
use super::rows::{Row, Subscription};
use super::terms;
use super::world::Change;

/// Lives through every midnight since the last one, each at its own time.
pub fn catch_up(change: &mut Change<'_>) {
    let now = change.now;
    while change.state.today < now.date_naive()
        && let Some(day) = change.state.today.succ_opt()
    {
        change.put(Row::Today(day));
        change.now = calendar::midnight(day);
        begin_day(change);
    }
    change.now = now;
}

fn begin_day(change: &mut Change<'_>) {
    let today = change.state.today;
    let subscriptions = &change.state.subscriptions;
    let known = subscriptions.ids().iter().filter_map(|id| subscriptions.get(id));
    let is_due = |found: &&Subscription| terms::is_live(found) && found.charged_until <= today;
    let due: Vec<Subscription> = known.filter(is_due).cloned().collect();
    for subscription in due {
        if subscription.ends_on <= today {
            terms::renew_or_expire(change, subscription);
        } else {
            terms::next_cycle(change, subscription);
        }
    }
    close_months(change);
}

/// On the first of a month the bills of the month before are complete, or on the day a script has set.
fn close_months(change: &mut Change<'_>) {
    let today = change.state.today;
    let ended = today.pred_opt().map(calendar::period).filter(|period| *period != calendar::period(today));
    let scripted = &change.state.closings;
    let usual = ended.filter(|period| !scripted.contains_key(period));
    let due = scripted.iter().filter(|(_, on)| **on == today).map(|(period, _)| period.clone());
    let closing: Vec<String> = due.chain(usual).collect();
    closing.iter().for_each(|period| tell_closed(change, period));
}

/// Everybody with something on a bill of that month hears that it is complete.
pub fn tell_closed(change: &mut Change<'_>, period: &str) {
    let billed: BTreeSet<String> =
        change.state.lines.keys().filter(|(_, of)| of == period).map(|(account_id, _)| account_id.clone()).collect();
    for account_id in billed {
        change.tell("billing.closed", json!({"account_id": account_id, "period": period}));
    }
}
