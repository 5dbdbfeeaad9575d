//! Notification preferences as the API shows them.

use std::collections::BTreeMap;

use domain::notification_preferences::{
    Channel, NotificationPreferencesRules, NotificationPreferencesState, Preferences, TOPICS,
};
use projections::notification_preferences::NotificationPreferences;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::v1::resource::{Head, Resource, View};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub struct PreferencesBody {
    pub customer_id: Uuid,
    /// `en` or `de`.
    pub locale: &'static str,
    /// By every topic there is: `email`, `webhook`, both or neither.
    #[schema(example = json!({"invoice.issued": ["email", "webhook"], "order.placed": []}))]
    pub channels: BTreeMap<&'static str, Vec<&'static str>>,
    /// Also the `ETag`; 0 until they were set.
    pub version: i64,
}

impl PreferencesBody {
    pub fn of(customer_id: Uuid, version: i64, preferences: &Preferences) -> Self {
        let wanted = |topic: &'static str| {
            let channels = Channel::ALL.into_iter().filter(|channel| preferences.wants(topic, *channel));
            (topic, channels.map(Channel::name).collect())
        };
        let channels = TOPICS.into_iter().map(wanted).collect();
        Self { customer_id, locale: preferences.locale.name(), channels, version }
    }
}

/// The resource.
#[derive(Debug)]
pub struct PreferencesResource;

impl Resource for PreferencesResource {
    type Rules = NotificationPreferencesRules;
    type Noun = NotificationPreferences;
    type Content = Preferences;
    type Body = PreferencesBody;
    const PATH: &'static str = "/v1/notification-preferences";

    fn of_state(state: &NotificationPreferencesState) -> Option<&Preferences> {
        Some(&state.preferences)
    }

    fn of_row(state: &NotificationPreferencesState) -> Option<&Preferences> {
        Some(&state.preferences)
    }

    fn body(preferences: &Preferences, head: Head, _: &View<'_>) -> PreferencesBody {
        PreferencesBody::of(head.id, head.version, preferences)
    }
}
