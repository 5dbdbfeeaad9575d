//! The provider's bill: one line per whole cycle in advance, one per change for the rest of the cycle.

use std::ops::Range;

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};

use super::calendar;
use super::rows::{Charge, Line, Row, Subscription};
use super::world::Change;
use crate::sim::clock;

/// Charges the cycle that begins where charging ended; the last one of an extended term is cut at its end.
pub fn charge_cycle(change: &mut Change<'_>, subscription: &mut Subscription, charge: Charge) {
    let from = subscription.charged_until;
    let cycle = calendar::cycle(subscription.starts_on, subscription.cycle_months, from);
    let to = cycle.end.min(subscription.ends_on);
    add_line(change, subscription, (charge, i64::from(subscription.quantity)), from..to);
    subscription.charged_until = to;
}

/// Charges or credits seats from the day of the change to the end of what has been charged.
pub fn charge_change(change: &mut Change<'_>, subscription: &Subscription, charge: Charge, seats: i64) {
    let range = change.state.today..subscription.charged_until;
    if range.start < range.end {
        add_line(change, subscription, (charge, seats), range);
    }
}

/// `what` is the kind of charge and the signed number of seats.
fn add_line(change: &mut Change<'_>, subscription: &Subscription, what: (Charge, i64), range: Range<NaiveDate>) {
    let cycle = calendar::cycle(subscription.starts_on, subscription.cycle_months, range.start);
    let parts = (calendar::days(&range), calendar::days(&cycle));
    let cost = &subscription.unit_cost;
    change.put(Row::Line(Line {
        line_id: clock::new_id("bill"),
        account_id: subscription.account_id.clone(),
        subscription_id: subscription.subscription_id.clone(),
        sku: subscription.sku.clone(),
        charge: what.0,
        quantity: what.1,
        unit_cost: cost.amount,
        from: range.start,
        to: range.end,
        amount: amount(what.1, cost.amount, parts, &cost.currency),
        currency: cost.currency.clone(),
        withheld: false,
    }));
}

/// `quantity × unit cost × days ÷ days of the cycle`, rounded once, half away from zero, to the currency's digits.
pub fn amount(quantity: i64, unit_cost: Decimal, days: (i64, i64), currency: &str) -> Decimal {
    let exponent = iso_currency::Currency::from_code(currency).and_then(|currency| currency.exponent());
    let digits = u32::from(exponent.unwrap_or(2));
    let exact = Decimal::from(quantity) * unit_cost * Decimal::from(days.0) / Decimal::from(days.1.max(1));
    let mut rounded = exact.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(digits);
    rounded
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn amounts_are_rounded_once_half_away_from_zero() {
        let cases = [
            (25, "14.00", (31, 31), "EUR", "350.00"),
            (15, "14.00", (15, 31), "EUR", "101.61"),
            (-3, "14.00", (12, 31), "EUR", "-16.26"),
            (-10, "120.00", (362, 365), "EUR", "-1190.14"),
            (1, "0.05", (15, 30), "EUR", "0.03"),
            (-1, "0.05", (15, 30), "EUR", "-0.03"),
            (3, "1650", (10, 31), "JPY", "1597"),
        ];
        for (quantity, cost, days, currency, expected) in cases {
            assert_eq!(amount(quantity, cost.parse().unwrap(), days, currency).to_string(), expected);
        }
    }
}
