//! `GET /v1/subscriptions/{id}/licences`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use commands::Operation;
use domain::subscription::Licence;
use domain::{Actor, PersonalRef, Role};
use event_log::personal::Fields;
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
    /// Who uses it; `null` when nobody does, and once that person's data was erased.
    pub assigned_to: Option<String>,
    pub assigned_at: Option<DateTime<Utc>>,
}

impl LicenceBody {
    /// The references behind a licence.
    pub fn personal(licence: &LicenceRow) -> impl Iterator<Item = PersonalRef> {
        std::iter::once(licence.key).chain(licence.assigned_to)
    }

    pub fn of(licence: &LicenceRow, fields: &Fields, actor: &Actor) -> Self {
        let whole = matches!(actor.role, Role::Customer | Role::Reseller);
        let user = licence.assigned_to.and_then(|user| text(fields.get(&user), "name"));
        Self {
            id: licence.licence_id,
            key: text(fields.get(&licence.key), "key").map(|key| if whole { key } else { tail(&key) }),
            added_on: licence.added_on,
            assigned_to: user,
            assigned_at: licence.assigned_at,
        }
    }
}

/// A licence of the write side as its row will be.
pub fn row(licence: &Licence) -> LicenceRow {
    LicenceRow {
        ordinal: i32::try_from(licence.ordinal).unwrap_or(i32::MAX),
        licence_id: licence.licence_id,
        key: licence.key,
        added_on: licence.added_on,
        assigned_to: licence.assigned_to,
        assigned_at: licence.assigned_at,
    }
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
    licences(&api, reading, None, &id).await
}

/// The licences of a subscription the caller may see; of that account, when one is named.
pub async fn licences(
    api: &Api,
    mut reading: Reading,
    account: Option<&str>,
    subscription: &str,
) -> Result<Response, Problem> {
    let customer_id = reading.query.optional("customer_id", values::uuid);
    let page = api.page::<SubscriptionResource>(&mut reading).await?;
    let (account, subscription) = (account.map(api::path_id).transpose()?, api::path_id(subscription)?);
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
    let references: Vec<PersonalRef> = listed.rows.iter().flat_map(LicenceBody::personal).collect();
    let fields = event_log::personal::fields(api.pool(), &references).await?;
    let bodies: Vec<LicenceBody> =
        listed.rows.iter().map(|row| LicenceBody::of(row, &fields, &reading.actor)).collect();
    api.list(&page, listed.position, bodies, listed.next)
}

fn tail(key: &str) -> String {
    let skipped = key.chars().count().saturating_sub(KEY_TAIL);
    key.chars().skip(skipped).collect()
}
