//! What can be asked of notification preferences.

use uuid::Uuid;

use super::Preferences;

#[derive(Debug, Clone)]
pub enum NotificationPreferencesCommand {
    /// Replaces them all.
    Set { customer_id: Uuid, preferences: Preferences },
}
