//! Subscriptions and their seats.

use std::collections::HashSet;

use domain::subscription::{ProvisionedSeat, SubscriptionStatus};

use super::check::{agreed, id};
use super::{ProviderSubscription, ProviderSubscriptionStatus};
use crate::outcome::Failure;
use crate::wire;

pub fn subscription(wire: wire::Subscription) -> Result<ProviderSubscription, Failure> {
    let subscription_id = id(wire.subscription_id, "subscription id")?;
    agreed(wire.starts_on < wire.ends_on, || format!("{subscription_id}: a term that ends before it starts"))?;
    agreed(wire.revision >= 0, || format!("{subscription_id}: a negative revision"))?;
    let seats = wire.licences.into_iter().map(seat).collect::<Result<Vec<_>, _>>()?;
    let mut seen = HashSet::with_capacity(seats.len());
    let each_once = seats.iter().all(|seat| seen.insert(seat.seat_id.as_str()));
    agreed(each_once, || format!("{subscription_id}: one seat twice"))?;
    Ok(ProviderSubscription {
        id: subscription_id,
        account_id: id(wire.account_id, "account id")?,
        sku: id(wire.sku, "sku")?,
        quantity: wire.quantity,
        status: status(wire.status),
        starts_on: wire.starts_on,
        ends_on: wire.ends_on,
        auto_renew: wire.auto_renew,
        revision: wire.revision,
        changed_on: wire.changed_on,
        seats,
    })
}

fn status(wire: wire::SubscriptionStatus) -> ProviderSubscriptionStatus {
    match wire {
        wire::SubscriptionStatus::Active => ProviderSubscriptionStatus::Active,
        wire::SubscriptionStatus::Suspended => ProviderSubscriptionStatus::Suspended,
        wire::SubscriptionStatus::Cancelled => ProviderSubscriptionStatus::Cancelled,
        wire::SubscriptionStatus::Expired => ProviderSubscriptionStatus::Expired,
    }
}

impl ProviderSubscription {
    /// It is what every subscription begins as here: an active one, with as many seats as were asked for.
    pub(crate) fn is_as_it_begins(&self, quantity: u32) -> bool {
        self.status == ProviderSubscriptionStatus::Active && self.quantity == quantity
    }

    /// The revision it begins with here: whatever else this one is, is taken in right after, which needs a newer one.
    pub(crate) fn starting_revision(&self, quantity: u32) -> i64 {
        if self.is_as_it_begins(quantity) { self.revision } else { self.revision - 1 }
    }
}

impl ProviderSubscriptionStatus {
    /// The same in the words of the rules.
    pub(crate) const fn ours(self) -> SubscriptionStatus {
        match self {
            Self::Active => SubscriptionStatus::Active,
            Self::Suspended => SubscriptionStatus::Suspended,
            Self::Cancelled => SubscriptionStatus::Cancelled,
            Self::Expired => SubscriptionStatus::Expired,
        }
    }
}

fn seat(wire: wire::Licence) -> Result<ProvisionedSeat, Failure> {
    Ok(ProvisionedSeat { seat_id: id(wire.seat_id, "seat id")?, key: id(wire.key, "licence key")? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;

    fn sent() -> Value {
        json!({
            "subscription_id": "s-1", "account_id": "acc-1", "sku": "office-1", "quantity": 2, "status": "active",
            "starts_on": "2026-10-03", "ends_on": "2027-10-03", "auto_renew": true, "revision": 4,
            "changed_on": "2026-10-05", "renewal_quantity": null,
            "licences": [{"seat_id": "seat-2", "key": "KEY-B"}, {"seat_id": "seat-1", "key": "KEY-A"}]
        })
    }

    fn read(sent: &Value) -> Result<ProviderSubscription, Failure> {
        super::super::decode(sent.to_string().as_bytes()).and_then(subscription)
    }

    #[test]
    fn a_subscription_keeps_the_order_of_its_seats_and_hides_their_keys() {
        let read = read(&sent()).unwrap();
        let seats: Vec<_> = read.seats.iter().map(|seat| (seat.seat_id.as_str(), seat.key.as_str())).collect();
        assert_eq!(seats, [("seat-2", "KEY-B"), ("seat-1", "KEY-A")]);
        assert_eq!((read.id.as_str(), read.account_id.as_str(), read.sku.as_str()), ("s-1", "acc-1", "office-1"));
        assert_eq!((read.quantity, read.revision, read.auto_renew), (2, 4, true));
        let dates = [read.starts_on, read.ends_on, read.changed_on].map(|day| day.to_string());
        assert_eq!(dates, ["2026-10-03", "2027-10-03", "2026-10-05"]);
        assert!(!format!("{read:?}").contains("KEY-"));
    }

    #[test]
    fn every_status_has_a_word_of_ours() {
        let cases = [
            ("active", ProviderSubscriptionStatus::Active),
            ("suspended", ProviderSubscriptionStatus::Suspended),
            ("cancelled", ProviderSubscriptionStatus::Cancelled),
            ("expired", ProviderSubscriptionStatus::Expired),
        ];
        for (word, status) in cases {
            let mut sent = sent();
            sent["status"] = json!(word);
            assert_eq!(read(&sent).unwrap().status, status);
        }
    }

    #[test]
    fn odd_subscriptions_are_undecodable_and_not_quoted() {
        let cases = [
            ("status", json!("paused")),
            ("quantity", json!(-1)),
            ("quantity", json!("2")),
            ("quantity", json!(1.5)),
            ("revision", json!(-4)),
            ("starts_on", json!("2027-10-03")),
            ("ends_on", json!("2027-02-30")),
            ("changed_on", json!(null)),
            ("account_id", json!("a b")),
            ("licences", json!([{"seat_id": "seat-1", "key": "KEY-A"}, {"seat_id": "seat-1", "key": "KEY-B"}])),
            ("licences", json!([{"seat_id": "seat-1", "key": "KEY A"}])),
            ("licences", json!("KEY-A")),
        ];
        for (field, value) in cases {
            let mut sent = sent();
            sent[field] = value.clone();
            let failure = read(&sent).expect_err(&format!("{field}: {value}"));
            assert!(!failure.detail.contains("KEY"), "{}", failure.detail);
        }
    }
}
