//! `GET /v1/subscriptions/{id}/changes`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use commands::Operation;
use domain::subscription::{ChangeInFlight, ChangeKind};
use projections::page;
use projections::subscriptions::{self, ChangeRow, Subscriptions};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use uuid::Uuid;

use super::body::SubscriptionResource;
use crate::http::api::{self, Api};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::resource::Resource;
use crate::http::values;

/// A change that the provider has to confirm, or one that was made there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
pub struct ChangeBody {
    pub id: Uuid,
    /// `quantity`, `cancellation`, `extension`, `suspension` or `resumption`.
    pub kind: String,
    /// Seats of a quantity change, days of an extension; `null` where the kind says it all.
    #[schema(schema_with = seats_or_word)]
    pub from: Option<Value>,
    #[schema(schema_with = seats_or_word)]
    pub to: Option<Value>,
    /// `requested`, `confirmed` or `rejected`.
    pub state: String,
    pub requested_at: DateTime<Utc>,
    /// Why it was rejected.
    pub reason: Option<String>,
}

/// Seats are a number; days, and what is to happen at a renewal, are text.
pub fn seats_or_word() -> Object {
    let kinds = [Type::Integer, Type::String, Type::Null];
    let told = "Seats of a quantity change, days of an extension, the renewal's instruction; else `null`.";
    ObjectBuilder::new().schema_type(SchemaType::from_iter(kinds)).description(Some(told)).build()
}

impl From<ChangeRow> for ChangeBody {
    fn from(row: ChangeRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            from: row.from_value,
            to: row.to_value,
            state: row.state,
            requested_at: row.requested_at,
            reason: row.reason,
        }
    }
}

impl From<ChangeInFlight> for ChangeBody {
    fn from(change: ChangeInFlight) -> Self {
        let (from, to) = match change.kind {
            ChangeKind::Quantity { from, to } => (Some(json!(from)), Some(json!(to))),
            ChangeKind::Extension { from, to } => (Some(json!(from)), Some(json!(to))),
            ChangeKind::Cancellation | ChangeKind::Suspension { .. } | ChangeKind::Resumption => (None, None),
        };
        Self {
            id: change.change_id,
            kind: change.kind.name().to_owned(),
            from,
            to,
            state: "requested".to_owned(),
            requested_at: change.requested_at,
            reason: None,
        }
    }
}

/// List a subscription's changes
#[utoipa::path(
    get, path = "/v1/subscriptions/{id}/changes", tag = "subscriptions", operation_id = "list_changes",
    params(
        ("id" = uuid::Uuid, Path), ("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query),
        ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<ChangeBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_changes(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListChanges, request).await?;
    let customer_id = reading.query.optional("customer_id", values::uuid);
    let page = api.page::<SubscriptionResource>(&mut reading).await?;
    let id = api::path_id(&id)?;
    let shown = page::get::<Subscriptions>(api.pool(), id, reading.scope()).await?;
    let row = api::found(shown.content)?;
    let owner = SubscriptionResource::of_row(&row.folded.state).map(|core| core.started.customer_id);
    if customer_id.is_some() && customer_id != owner {
        return api.list::<ChangeBody>(&page, shown.position, Vec::new(), None);
    }
    let listed = subscriptions::list_changes(api.pool(), id, page.before, page.limit).await?;
    let bodies = listed.content.rows.into_iter().map(ChangeBody::from).collect();
    api.list(&page, listed.position, bodies, listed.content.next)
}
