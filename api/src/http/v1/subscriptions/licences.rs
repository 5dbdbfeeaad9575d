//! `GET /v1/subscriptions/{id}/licences`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use commands::Operation;
use domain::{PersonalRef, Role};
use projections::page;
use projections::subscriptions::Subscriptions;
use projections::subscriptions::{self, LicenceRow};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::SubscriptionResource;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::reading::Reading;
use crate::http::v1::resource::{Resource, text};
use crate::http::values;

/// Characters of a key that staff sees.
const KEY_TAIL: usize = 5;

/// One seat's licence.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Licence)]
pub struct LicenceBody {
    pub id: Uuid,
    /// Whole for its owner and the reseller, the last five characters for staff.
    pub key: Option<String>,
    pub added_on: NaiveDate,
    pub assigned_to: Option<String>,
    pub assigned_at: Option<DateTime<Utc>>,
}

/// List a subscription's licences
#[utoipa::path(
    get, path = "/v1/subscriptions/{id}/licences", tag = "subscriptions", operation_id = "list_licences",
    params(
        ("id" = uuid::Uuid, Path), ("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query),
        ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<LicenceBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_licences(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let reading = api.reading(Operation::ListLicences, request).await?;
    licences(&api, reading, None, api::path_id(&id)?).await
}

/// The licences of a subscription the caller may see; of that account, when one is named.
pub async fn licences(
    api: &Api,
    mut reading: Reading,
    account: Option<Uuid>,
    subscription: Uuid,
) -> Result<Response, Problem> {
    let customer_id = reading.query.optional("customer_id", values::uuid);
    let page = api.page::<SubscriptionResource>(&mut reading).await?;
    let shown = page::get::<Subscriptions>(api.pool(), subscription, reading.scope()).await?;
    let row = api::found(shown.content)?;
    let core = SubscriptionResource::of_row(&row.folded.state).ok_or_else(Problem::not_found)?;
    if account.is_some_and(|account| account != core.started.account_id) {
        return Err(Problem::not_found());
    }
    let limit = if customer_id.is_some_and(|id| id != core.started.customer_id) { 0 } else { page.limit };
    let mut listed = subscriptions::list_licences(api.pool(), subscription, page.before.unwrap_or(0), limit).await?;
    if limit == 0 {
        listed.next = None;
    }
    let references: Vec<PersonalRef> = listed.rows.iter().map(LicenceRow::key).collect();
    let fields = event_log::personal::fields(api.pool(), &references).await?;
    let whole = matches!(reading.actor.role, Role::Customer | Role::Reseller);
    let body = |row: &LicenceRow| LicenceBody {
        id: row.licence_id,
        key: text(fields.get(&row.key()), "key").map(|key| if whole { key } else { tail(&key) }),
        added_on: row.added_on,
        assigned_to: None,
        assigned_at: None,
    };
    let bodies: Vec<LicenceBody> = listed.rows.iter().map(body).collect();
    api.list(&page, listed.position, bodies, listed.next)
}

fn tail(key: &str) -> String {
    let skipped = key.chars().count().saturating_sub(KEY_TAIL);
    key.chars().skip(skipped).collect()
}
