//! Notification preferences: rows and how one is found.

use domain::notification_preferences::{NotificationPreferencesRules, NotificationPreferencesState};
use domain::{AggregateType, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::DIRECTORY;
use crate::noun::{self, Noun};
use crate::page::Shown;
use crate::upsert::Upsert;

#[derive(Debug)]
pub struct NotificationPreferences;

impl Noun for NotificationPreferences {
    const TYPE: AggregateType = AggregateType::NotificationPreferences;
    const TABLE: &'static str = "read_notification_preferences";
    const MODEL: &'static str = DIRECTORY;
    /// Nobody looks for them without having found their customer.
    const OWNED: &'static str = "t.id = $3";
    const FOLLOWS_MOVES: bool = false;
    type State = NotificationPreferencesState;

    fn evolve(state: &mut NotificationPreferencesState, event: &Event) {
        noun::evolve::<NotificationPreferencesRules>(state, event);
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<NotificationPreferencesState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, Some);
        Box::pin(rows.write(tx))
    }
}

type Doc = Option<Json<Versioned<NotificationPreferencesState>>>;

/// A customer's, or the defaults at version 0. The caller has made sure that the customer may be seen.
///
/// # Errors
/// Any database error.
pub async fn of_customer(
    pool: &PgPool,
    customer: Uuid,
) -> Result<Shown<Versioned<NotificationPreferencesState>>, sqlx::Error> {
    let found: Option<(i64, Doc)> = sqlx::query_as(
        "select r.position, t.doc from readers r \
         left join read_notification_preferences t on t.generation = r.generation and t.id = $2 where r.name = $1",
    )
    .bind(DIRECTORY)
    .bind(customer)
    .fetch_optional(pool)
    .await?;
    let (position, doc) = found.unwrap_or_default();
    Ok(Shown { position, content: doc.map(|doc| doc.0).unwrap_or_default() })
}
