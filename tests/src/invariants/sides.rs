//! Subscriptions here beside the provider's: the same ones, with the same seats, days and states.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use domain::account::AccountEvent;
use domain::drift::{DriftField, DriftResolution, DriftRules};
use domain::order::OrderRules;
use domain::subscription::{RenewalAction, SubscriptionCore, SubscriptionStatus};
use domain::{Event, reconcile};
use event_log::Recorded;
use serde::Deserialize;
use uuid::Uuid;

use super::fold;

/// A subscription as the provider has it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Theirs {
    pub subscription_id: String,
    pub account_id: String,
    pub quantity: u32,
    pub status: SubscriptionStatus,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub auto_renew: bool,
    pub revision: i64,
}

/// An effect that is not over: it is due, or an operator has to look at it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Open {
    pub kind: String,
    pub subject: String,
}

/// What we hold, and why it may differ for the moment.
#[derive(Debug, Default)]
pub(super) struct Here {
    /// By the provider's id.
    subscriptions: BTreeMap<String, SubscriptionCore>,
    listed: Listed,
    /// Ours that something is being asked about.
    busy: BTreeSet<Uuid>,
    /// The provider's accounts with orders under way: what is unknown there may be what they bring.
    ordering: BTreeSet<String>,
}

/// Differences an operator knows of.
#[derive(Debug, Default)]
struct Listed {
    open: HashSet<(String, DriftField)>,
    /// With the provider's revision up to which they stay as they are.
    ignored: HashMap<(String, DriftField), i64>,
}

impl Here {
    /// What events and open effects say.
    pub fn of<'a, E: Iterator<Item = &'a Recorded>>(events: impl Fn() -> E, open: &[Open]) -> Self {
        let cores = fold::cores(events()).into_values().filter_map(|stream| stream.state);
        let subject = |open: &Open| Uuid::parse_str(&open.subject).ok();
        let asking = |open: &&Open| {
            matches!(open.kind.as_str(), "look_at_subscription" | "change_subscription" | "send_renewal")
        };
        let ordered = |open: &&Open| matches!(open.kind.as_str(), "submit_order" | "watch_order" | "cancel_order");
        let orders: BTreeSet<Uuid> = open.iter().filter(ordered).filter_map(subject).collect();
        Self {
            subscriptions: cores.map(|core| (core.started.provider_subscription_id.clone(), core)).collect(),
            listed: Listed::of(events()),
            busy: open.iter().filter(asking).filter_map(subject).collect(),
            ordering: ordering(&events, &orders),
        }
    }

    /// Subscriptions on either side.
    pub fn count(&self, theirs: &[Theirs]) -> usize {
        let unknown = theirs.iter().filter(|shown| !self.subscriptions.contains_key(&shown.subscription_id));
        self.subscriptions.len() + unknown.count()
    }

    /// What differs and nobody is about to settle.
    pub fn differences(&self, theirs: &[Theirs]) -> Vec<String> {
        let shown: BTreeSet<&str> = theirs.iter().map(|shown| shown.subscription_id.as_str()).collect();
        let missing = self.subscriptions.iter().filter(|(id, ours)| {
            ours.is_live() && !shown.contains(id.as_str()) && !self.listed.is_open(id, DriftField::Missing, 0)
        });
        let missing = missing.map(|(id, ours)| {
            format!("{} is {} here, and the provider has no {id}", ours.started.subscription_id, ours.status.name())
        });
        let both = theirs.iter().flat_map(|theirs| match self.subscriptions.get(&theirs.subscription_id) {
            Some(ours) => self.between(ours, theirs),
            None => self.unknown(theirs).into_iter().collect(),
        });
        missing.chain(both).collect()
    }

    fn unknown(&self, theirs: &Theirs) -> Option<String> {
        let Theirs { subscription_id: id, account_id, status, quantity, .. } = theirs;
        let expected = !status.is_live()
            || self.ordering.contains(account_id)
            || self.listed.is_open(id, DriftField::Unknown, theirs.revision);
        let words = reconcile::in_words(*status, *quantity, id);
        (!expected).then(|| format!("the provider has {words}, which is unknown here"))
    }

    /// While something is being asked for, its outcome is awaited elsewhere.
    fn between(&self, ours: &SubscriptionCore, theirs: &Theirs) -> Vec<String> {
        if ours.change.is_some() || self.busy.contains(&ours.started.subscription_id) {
            return Vec::new();
        }
        let known = |field| self.listed.is_open(&theirs.subscription_id, field, theirs.revision);
        let differing =
            fields(ours, theirs).into_iter().filter(|(_, field, here, there)| here != there && !known(*field));
        let id = ours.started.subscription_id;
        differing.map(|(name, _, here, there)| format!("{id}: {name} is {here} here and {there} there")).collect()
    }
}

/// Name, the field its difference is listed under, both sides. Days and renewal of what has ended mean nothing any more.
fn fields(ours: &SubscriptionCore, theirs: &Theirs) -> Vec<(&'static str, DriftField, String, String)> {
    let mut fields = vec![
        ("status", DriftField::Status, ours.status.name().to_owned(), theirs.status.name().to_owned()),
        ("quantity", DriftField::Quantity, ours.quantity.to_string(), theirs.quantity.to_string()),
    ];
    if !ours.is_live() || !theirs.status.is_live() {
        return fields;
    }
    fields.push(("starts_on", DriftField::EndsOn, ours.starts_on.to_string(), theirs.starts_on.to_string()));
    fields.push(("ends_on", DriftField::EndsOn, ours.ends_on.to_string(), theirs.ends_on.to_string()));
    // What the provider was not told yet is ours alone.
    if ours.renewal.confirmed {
        let renews = ours.renewal.action == RenewalAction::Renew;
        fields.push(("auto_renew", DriftField::Renewal, renews.to_string(), theirs.auto_renew.to_string()));
    }
    fields
}

impl Listed {
    fn of<'a>(events: impl Iterator<Item = &'a Recorded>) -> Self {
        let mut listed = Self::default();
        for stream in fold::of_rules::<DriftRules>(events).into_values() {
            let Some(drift) = stream.state.known() else { continue };
            let about = (drift.provider_subscription_id.clone(), drift.field);
            match drift.resolution {
                None => {
                    listed.open.insert(about);
                }
                Some(DriftResolution::Ignored) => {
                    let until = listed.ignored.entry(about).or_default();
                    *until = drift.revision.max(*until);
                }
                Some(DriftResolution::Adopted | DriftResolution::Corrected) => {}
            }
        }
        listed
    }

    fn is_open(&self, id: &str, field: DriftField, revision: i64) -> bool {
        let about = (id.to_owned(), field);
        // What only one side has and an operator ignores is never listed again, whatever becomes of it.
        let for_ever = matches!(field, DriftField::Unknown | DriftField::Missing);
        let ignored = self.ignored.get(&about).is_some_and(|until| for_ever || revision <= *until);
        ignored || self.open.contains(&about)
    }
}

/// The provider's accounts with orders that are not over, or that something is still being done about.
fn ordering<'a, E: Iterator<Item = &'a Recorded>>(
    events: &impl Fn() -> E,
    under_way: &BTreeSet<Uuid>,
) -> BTreeSet<String> {
    let orders = fold::of_rules::<OrderRules>(events()).into_iter();
    let accounts: BTreeSet<Uuid> = orders
        .filter_map(|(id, stream)| Some((id, stream.state.known()?.clone())))
        .filter(|(id, order)| !order.status.is_final() || under_way.contains(id))
        .map(|(_, order)| order.details.account_id)
        .collect();
    let linked = events().filter_map(|recorded| match recorded.event() {
        Ok(Event::Account(AccountEvent::AccountLinked { provider_account_id })) => {
            let account = Uuid::parse_str(&recorded.aggregate_id).ok()?;
            accounts.contains(&account).then(|| provider_account_id.clone())
        }
        _ => None,
    });
    linked.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use domain::codec;
    use domain::subscription::SubscriptionEvent;

    use super::*;

    const STARTED: &str = include_str!("../../../domain/tests/golden/subscription/SubscriptionStarted.1.0.json");

    fn ours() -> SubscriptionCore {
        let event = codec::decode("subscription", "SubscriptionStarted", "1.0", STARTED).unwrap();
        let Event::Subscription(event @ SubscriptionEvent::SubscriptionStarted(_)) = event else {
            panic!("{event:?}");
        };
        let mut core = None;
        SubscriptionCore::evolve(&mut core, &event);
        core.unwrap()
    }

    fn theirs() -> Theirs {
        let ours = ours();
        Theirs {
            subscription_id: ours.started.provider_subscription_id.clone(),
            account_id: "acc-1".to_owned(),
            quantity: ours.quantity,
            status: ours.status,
            starts_on: ours.starts_on,
            ends_on: ours.ends_on,
            auto_renew: true,
            revision: ours.provider_revision,
        }
    }

    fn here() -> Here {
        let ours = ours();
        let subscriptions = BTreeMap::from([(ours.started.provider_subscription_id.clone(), ours)]);
        Here { subscriptions, ..Here::default() }
    }

    fn found(here: &Here, theirs: &[Theirs]) -> String {
        here.differences(theirs).join("; ")
    }

    #[test]
    fn what_is_equal_is_no_difference() {
        assert_eq!(found(&here(), &[theirs()]), "");
        assert_eq!(here().count(&[theirs()]), 1);
    }

    #[test]
    fn every_field_is_compared() {
        let day = theirs().ends_on.succ_opt().unwrap();
        for (name, shown) in [
            ("quantity", Theirs { quantity: 99, ..theirs() }),
            ("status", Theirs { status: SubscriptionStatus::Suspended, ..theirs() }),
            ("starts_on", Theirs { starts_on: day, ..theirs() }),
            ("ends_on", Theirs { ends_on: day, ..theirs() }),
            ("auto_renew", Theirs { auto_renew: false, ..theirs() }),
        ] {
            assert!(found(&here(), &[shown]).contains(&format!(": {name} is ")), "{name}");
        }
    }

    #[test]
    fn days_of_what_has_ended_are_nobodys() {
        let shown = Theirs { status: SubscriptionStatus::Cancelled, auto_renew: false, ..theirs() };
        let mut here = here();
        let known = here.subscriptions.values_mut().next().unwrap();
        known.status = SubscriptionStatus::Cancelled;
        assert_eq!(found(&here, &[Theirs { ends_on: NaiveDate::MAX, ..shown }]), "");
    }

    #[test]
    fn what_the_provider_was_not_told_yet_is_no_difference() {
        let mut here = here();
        let known = here.subscriptions.values_mut().next().unwrap();
        (known.renewal.action, known.renewal.confirmed) = (RenewalAction::Expire, false);
        assert_eq!(found(&here, &[theirs()]), "");
    }

    #[test]
    fn what_only_one_side_has_is_a_difference() {
        assert!(found(&here(), &[]).contains("the provider has no sub-9001"));
        let strange = Theirs { subscription_id: "sub-1".to_owned(), ..theirs() };
        let shown = [theirs(), strange.clone()];
        assert!(found(&here(), &shown).contains("unknown here"));
        let ended = [theirs(), Theirs { status: SubscriptionStatus::Cancelled, ..strange.clone() }];
        assert_eq!(found(&here(), &ended), "");
        let ordering = Here { ordering: BTreeSet::from([strange.account_id]), ..here() };
        assert_eq!(found(&ordering, &shown), "");
    }

    #[test]
    fn what_is_listed_or_under_way_is_left_alone() {
        let differing = [Theirs { quantity: 99, ..theirs() }];
        let about = (theirs().subscription_id, DriftField::Quantity);
        let mut listed = here();
        listed.listed.open.insert(about.clone());
        assert_eq!(found(&listed, &differing), "");
        let mut ignored = here();
        ignored.listed.ignored.insert(about, theirs().revision);
        assert_eq!(found(&ignored, &differing), "");
        let newer = [Theirs { revision: theirs().revision + 1, ..differing[0].clone() }];
        assert!(found(&ignored, &newer).contains("quantity"));
        let busy = Here { busy: BTreeSet::from([ours().started.subscription_id]), ..here() };
        assert_eq!(found(&busy, &differing), "");
    }
}
