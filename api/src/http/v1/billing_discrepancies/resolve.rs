//! `POST /v1/billing-discrepancies/{id}/resolve`

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use commands::billing::ResolveDiscrepancy;
use commands::bus::ReceiptBody;
use commands::{Operation, Receipt};
use domain::billing_run::{DiscrepancyNote, DiscrepancyResolution};
use projections::discrepancies;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::DiscrepancyBody;
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::headers::AnswerHeaders;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// What is to become of it.
#[derive(Debug, ToSchema)]
#[schema(as = ResolveDiscrepancy, example = json!({"action": "accept", "note": "The provider bills it next month."}))]
pub struct NewResolution {
    /// `accept`: ours holds and is billed. `dispute`: the provider is asked to correct its bill; nothing more is billed.
    /// `pass_on`: the customer is charged, or given, what the provider asks or gives.
    #[schema(value_type = String)]
    pub action: DiscrepancyResolution,
    pub note: String,
}

const ACTIONS: [(&str, DiscrepancyResolution); 3] = [
    ("accept", DiscrepancyResolution::Accept),
    ("dispute", DiscrepancyResolution::Dispute),
    ("pass_on", DiscrepancyResolution::PassOn),
];

impl FromFields for NewResolution {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let action = f.required("action", values::one_of(&ACTIONS));
        let note = f.required("note", values::text);
        Some(Self { action: action?, note: note? })
    }
}

/// Resolve a difference between the provider's bill and ours
///
/// The draft that waited for nothing else is issued with it.
#[utoipa::path(
    post, path = "/v1/billing-discrepancies/{id}/resolve", tag = "billing",
    operation_id = "resolve_billing_discrepancy",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewResolution,
    responses((status = 200, body = DiscrepancyBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn resolve_billing_discrepancy(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write::<NewResolution>(Operation::ResolveDiscrepancy, request).await?;
    let discrepancy_id = api::path_id(&id)?;
    let note = DiscrepancyNote { text: asked.note };
    let resolve = ResolveDiscrepancy { discrepancy_id, resolution: asked.action, note };
    let receipt = api.bus.execute(&context, &resolve).await?;
    answer(&api, &receipt, discrepancy_id).await
}

/// The difference as the command left it.
async fn answer(api: &Api, receipt: &Receipt, id: Uuid) -> Result<Response, Problem> {
    let ReceiptBody::Resource { stream, version } = &receipt.answer else { return Err(Problem::internal()) };
    let row = discrepancies::of_log(api.pool(), api::path_id(&stream.id)?, *version, id).await?;
    let row = row.ok_or_else(Problem::internal)?;
    let fields = event_log::personal::fields(api.pool(), row.note.as_slice()).await?;
    let headers = AnswerHeaders {
        version: Some(*version),
        event_position: Some(api.event_position(receipt).await?),
        replayed: receipt.replayed,
        ..AnswerHeaders::default()
    };
    Ok((headers, Json(DiscrepancyBody::of(&row, &fields))).into_response())
}
