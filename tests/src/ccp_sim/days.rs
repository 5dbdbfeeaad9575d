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
    close_month(change);
}

/// On the first of a month: the bills of the month before are complete.
fn close_month(change: &mut Change<'_>) {
    let today = change.state.today;
    let Some(yesterday) = today.pred_opt().filter(|day| calendar::period(*day) != calendar::period(today)) else {
        return;
    };
    let period = calendar::period(yesterday);
    let billed: BTreeSet<String> =
        change.state.lines.keys().filter(|(_, of)| *of == period).map(|(account_id, _)| account_id.clone()).collect();
    for account_id in billed {
        change.tell("billing.closed", json!({"account_id": account_id, "period": period}));
    }
}
