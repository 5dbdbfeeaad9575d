//! What may happen to notification preferences.

use super::{
    NotificationPreferencesCommand, NotificationPreferencesEvent, NotificationPreferencesState, Preferences, TOPICS,
};
use crate::{Asked, Decided, Refusal};

pub(super) fn decide(
    state: &NotificationPreferencesState,
    asked: &Asked<'_, NotificationPreferencesCommand>,
) -> Result<Decided<NotificationPreferencesEvent>, Refusal> {
    match asked.command {
        NotificationPreferencesCommand::Set { preferences, .. } if says_the_same(state, preferences) => {
            Ok(Decided::nothing())
        }
        NotificationPreferencesCommand::Set { customer_id, preferences } => {
            if preferences.channels.keys().any(|topic| !TOPICS.contains(&topic.as_str())) {
                return Err(Refusal::UnknownTopic);
            }
            let preferences = preferences.clone();
            Ok(NotificationPreferencesEvent::PreferencesSet { customer_id: *customer_id, preferences }.into())
        }
    }
}

fn says_the_same(state: &NotificationPreferencesState, preferences: &Preferences) -> bool {
    state.customer_id.is_some() && state.preferences == *preferences
}
