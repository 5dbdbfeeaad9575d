//! Setting notification preferences.

use domain::notification_preferences::{NotificationPreferencesCommand, NotificationPreferencesRules, Preferences};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

/// Replaces all of a customer's.
#[derive(Debug)]
pub struct SetNotificationPreferences {
    pub customer_id: Uuid,
    pub preferences: Preferences,
}

impl Command for SetNotificationPreferences {
    const OPERATION: Operation = Operation::SetNotificationPreferences;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let id = self.customer_id;
        work.customer(id).await?;
        let set = NotificationPreferencesCommand::Set { customer_id: id, preferences: self.preferences.clone() };
        work.decide::<NotificationPreferencesRules>(id, &set, Some(id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::NotificationPreferences, id)))
    }
}
