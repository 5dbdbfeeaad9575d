//! `PUT /v1/notification-preferences`

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use commands::notification_preferences::SetNotificationPreferences;
use domain::notification_preferences::{Channel, Locale, Preferences, TOPICS};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::{PreferencesBody, PreferencesResource};
use crate::http::api::Api;
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// All preferences as they shall be; what is absent takes the defaults: English, and every topic by e-mail.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "locale": "de",
    "channels": {"invoice.issued": ["email", "webhook"], "payment.succeeded": []}
}))]
pub struct PreferencesIn {
    /// `en` (default) or `de`.
    pub locale: Option<String>,
    /// By topic: `email`, `webhook`, both or neither.
    pub channels: Option<BTreeMap<String, Vec<String>>>,
}

impl FromFields for Preferences {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let locales = Locale::ALL.map(|locale| (locale.name(), locale));
        let locale = f.optional_not_null("locale", values::one_of(&locales)).unwrap_or_default();
        let Channels(channels) = f.optional_object("channels").unwrap_or_default();
        Some(Self { locale, channels })
    }
}

#[derive(Default)]
struct Channels(BTreeMap<String, BTreeSet<Channel>>);

impl FromFields for Channels {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let choices = Channel::ALL.map(|channel| (channel.name(), channel));
        let mut channels = BTreeMap::new();
        for topic in TOPICS {
            if !f.is_absent(topic) {
                let wanted = f.required_texts(topic, 0..=choices.len(), values::one_of(&choices));
                channels.insert(topic.to_owned(), wanted.into_iter().flatten().collect());
            }
        }
        Some(Self(channels))
    }
}

/// Set a customer's notification preferences
///
/// The caller's own unless `customer_id` names another; an operator names one.
#[utoipa::path(
    put, path = "/v1/notification-preferences", tag = "notifications", operation_id = "set_notification_preferences",
    request_body = PreferencesIn,
    params(
        ("customer_id" = Option<uuid::Uuid>, Query),
        ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header),
    ),
    responses((status = 200, body = PreferencesBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn set_notification_preferences(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let (context, customer_id, preferences) =
        api.write_with_query(Operation::SetNotificationPreferences, request, super::customer_id).await?;
    let receipt = api.bus.execute(&context, &SetNotificationPreferences { customer_id, preferences }).await?;
    api.answer::<PreferencesResource>(&context, receipt).await
}
