//! `GET /v1/notification-preferences`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use projections::customers::Customers;
use projections::model::DIRECTORY;
use projections::{notification_preferences, page};

use super::body::PreferencesBody;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};

/// Get a customer's notification preferences
///
/// The caller's own unless `customer_id` names another; operators and auditors name one. Until any were set these are
/// the defaults.
#[utoipa::path(
    get, path = "/v1/notification-preferences", tag = "notifications", operation_id = "get_notification_preferences",
    params(("customer_id" = Option<uuid::Uuid>, Query), ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = PreferencesBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_notification_preferences(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetNotificationPreferences, request).await?;
    let customer_id = super::customer_id(&mut reading.query, &reading.actor);
    reading.finish()?;
    let customer_id = customer_id.ok_or_else(Problem::internal)?;
    api.wait_for(DIRECTORY, reading.min_position).await?;
    let customer = page::get::<Customers>(api.pool(), customer_id, reading.scope()).await?;
    api::found(customer.content)?;
    let shown = notification_preferences::of_customer(api.pool(), customer_id).await?;
    let set = shown.content;
    let body = PreferencesBody::of(customer_id, set.version, &set.state.preferences);
    api.one(shown.position.min(customer.position), set.version, &body)
}
