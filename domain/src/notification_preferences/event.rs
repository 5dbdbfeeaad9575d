//! What can happen to notification preferences.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Preferences;
use crate::decider::facts;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotificationPreferencesEvent {
    /// All of them, as they hold from now on.
    PreferencesSet { customer_id: Uuid, preferences: Preferences },
}

facts!(NotificationPreferencesEvent in NotificationPreferences { PreferencesSet "1.0" });
