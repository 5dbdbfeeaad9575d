//! Who is to be told: the contact of a customer, in its language, if it wants to be.

use commands::mail::Recipient;
use documents::Language;
use domain::customer::{Customer, CustomerRules};
use domain::notification_preferences::{Channel, Locale, NotificationPreferencesRules, Preferences};
use event_log::stream::{self, Versioned};
use event_log::{LogError, personal};
use serde_json::{Map, Value};
use sqlx::PgPool;
use uuid::Uuid;

/// A customer as the post sees it, as of now: erasure and changed wishes count at once. Read from the log itself, since
/// this process may not have written it.
pub struct Addressee {
    pub customer: Box<Customer>,
    preferences: Preferences,
    /// Of its contact; `None` after erasure.
    fields: Option<Map<String, Value>>,
}

impl Addressee {
    /// `None` when there is no such customer.
    ///
    /// # Errors
    /// [`LogError`].
    pub async fn load(pool: &PgPool, id: Uuid) -> Result<Option<Self>, LogError> {
        let id = id.to_string();
        let customer = stream::load::<CustomerRules, _>(pool, &id, Versioned::default()).await?;
        let Some(customer) = customer.state.known().cloned() else { return Ok(None) };
        let set = stream::load::<NotificationPreferencesRules, _>(pool, &id, Versioned::default()).await?;
        let mut fields = personal::fields(pool, &[customer.contact]).await?;
        let fields = fields.remove(&customer.contact);
        Ok(Some(Self { customer: Box::new(customer), preferences: set.state.preferences, fields }))
    }

    pub fn wants(&self, topic: &str) -> bool {
        self.preferences.wants(topic, Channel::Email)
    }

    pub const fn language(&self) -> Language {
        match self.preferences.locale {
            Locale::En => Language::English,
            Locale::De => Language::German,
        }
    }

    /// `None` when there is nobody to write to.
    pub fn recipient(&self) -> Option<Recipient> {
        Some(Recipient { name: self.field("name"), address: self.field("email")? })
    }

    fn field(&self, name: &str) -> Option<String> {
        let text = self.fields.as_ref()?.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}
