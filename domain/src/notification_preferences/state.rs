//! What notification preferences are, folded from their events.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Channel, Locale, NotificationPreferencesEvent};

/// Those of one customer; its id is the stream's. Nobody has to set any: there are defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationPreferencesState {
    /// `None` until they were set.
    pub customer_id: Option<Uuid>,
    pub preferences: Preferences,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    pub locale: Locale,
    /// By topic; one that is not named is told by e-mail.
    pub channels: BTreeMap<String, BTreeSet<Channel>>,
}

impl Preferences {
    /// Whether the customer is told of `topic` that way.
    pub fn wants(&self, topic: &str, channel: Channel) -> bool {
        self.channels.get(topic).map_or(channel == Channel::Email, |channels| channels.contains(&channel))
    }
}

impl NotificationPreferencesState {
    pub(super) fn evolve(&mut self, event: &NotificationPreferencesEvent) {
        match event {
            NotificationPreferencesEvent::PreferencesSet { customer_id, preferences } => {
                self.customer_id = Some(*customer_id);
                self.preferences.clone_from(preferences);
            }
        }
    }
}
