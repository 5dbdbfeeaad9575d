//! Notification preferences: what a customer is told, and by which ways, as long as it does not say otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod people;

use std::collections::{BTreeMap, BTreeSet};

use domain::Refusal;
use domain::decider::fold;
use domain::notification_preferences::{
    Channel, Locale, NotificationPreferencesCommand as C, NotificationPreferencesEvent, NotificationPreferencesRules,
    Preferences, TOPICS,
};
use people::{CUSTOMER, asked, given};

fn preferences(locale: Locale, channels: &[(&str, &[Channel])]) -> Preferences {
    let channels =
        channels.iter().map(|(topic, channels)| ((*topic).to_owned(), channels.iter().copied().collect())).collect();
    Preferences { locale, channels }
}

fn set(preferences: &Preferences) -> C {
    C::Set { customer_id: CUSTOMER, preferences: preferences.clone() }
}

fn was_set(preferences: &Preferences) -> NotificationPreferencesEvent {
    NotificationPreferencesEvent::PreferencesSet { customer_id: CUSTOMER, preferences: preferences.clone() }
}

#[test]
fn who_says_nothing_is_told_by_mail_in_english() {
    let state = fold::<NotificationPreferencesRules>(&[]);
    assert_eq!((state.customer_id, state.preferences.locale), (None, Locale::En));
    for topic in TOPICS {
        assert!(state.preferences.wants(topic, Channel::Email));
        assert!(!state.preferences.wants(topic, Channel::Webhook));
    }
}

#[test]
fn what_is_set_replaces_what_was() {
    let first = preferences(Locale::De, &[("invoice.issued", &[Channel::Email, Channel::Webhook])]);
    let second = preferences(Locale::En, &[("order.failed", &[])]);
    given::<NotificationPreferencesRules>(&[]).when(asked(set(&first))).then_expect_events(vec![was_set(&first)]);
    let history = [was_set(&first)];
    given::<NotificationPreferencesRules>(&history)
        .when(asked(set(&second)))
        .then_expect_events(vec![was_set(&second)]);
    let state = fold::<NotificationPreferencesRules>(&[was_set(&first), was_set(&second)]);
    assert_eq!((state.customer_id, &state.preferences), (Some(CUSTOMER), &second));
    assert!(!state.preferences.wants("order.failed", Channel::Email), "it wants to hear nothing of it");
    assert!(state.preferences.wants("invoice.issued", Channel::Email), "what is not named is told by mail again");
    assert!(!state.preferences.wants("invoice.issued", Channel::Webhook));
}

#[test]
fn what_holds_already_is_nothing_new() {
    let some = preferences(Locale::De, &[("payment.failed", &[Channel::Webhook])]);
    given::<NotificationPreferencesRules>(&[was_set(&some)]).when(asked(set(&some))).then_expect_events(vec![]);
    // Saying the defaults for the first time is saying something.
    let defaults = Preferences::default();
    given::<NotificationPreferencesRules>(&[]).when(asked(set(&defaults))).then_expect_events(vec![was_set(&defaults)]);
}

#[test]
fn nobody_is_told_of_what_there_is_not() {
    for topic in ["invoice.eaten", "", "Invoice.issued"] {
        let wrong = preferences(Locale::En, &[("invoice.issued", &[Channel::Email]), (topic, &[Channel::Email])]);
        given::<NotificationPreferencesRules>(&[]).when(asked(set(&wrong))).then_expect_error(Refusal::UnknownTopic);
    }
    let all: BTreeMap<String, BTreeSet<Channel>> =
        TOPICS.into_iter().map(|topic| (topic.to_owned(), BTreeSet::from(Channel::ALL))).collect();
    assert_eq!(all.len(), TOPICS.len(), "each is named once");
    let all = Preferences { locale: Locale::De, channels: all };
    given::<NotificationPreferencesRules>(&[]).when(asked(set(&all))).then_expect_events(vec![was_set(&all)]);
}
