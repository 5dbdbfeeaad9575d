//! `POST /v1/admin/drift/{id}/resolve`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::drift::{Resolution, ResolveDrift, ask_to_settle};
use domain::drift::DriftNote;
use utoipa::ToSchema;
use uuid::Uuid;

use super::drift_body::{DriftBody, DriftResource};
use crate::http::api::{self, Api, word};
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// What is to become of it.
#[derive(Debug, ToSchema)]
#[schema(as = ResolveDrift, example = json!({"action": "adopt", "account_id": "0192f0c1-2d3e-7a4b-8c5d-6e7f80910a1b", "note": "Ordered in the provider's console."}))]
pub struct NewResolution {
    /// `adopt`: ours becomes theirs. `correct`: theirs becomes ours again. `ignore`: it stays, and is not listed again.
    pub action: String,
    /// To whom a subscription that we do not know shall belong; by default the account linked to the provider's.
    pub account_id: Option<Uuid>,
    pub note: String,
}

impl FromFields for NewResolution {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let action = f.required("action", word(&["adopt", "correct", "ignore"]));
        let account_id = f.optional("account_id", values::uuid);
        let note = f.required("note", values::text);
        Some(Self { action: action?, account_id, note: note? })
    }
}

impl NewResolution {
    fn resolution(&self) -> Resolution {
        match self.action.as_str() {
            "adopt" => Resolution::Adopt { account_id: self.account_id },
            "correct" => Resolution::Correct,
            _ => Resolution::Ignore,
        }
    }
}

/// Resolve a difference between the provider and us
#[utoipa::path(
    post, path = "/v1/admin/drift/{id}/resolve", tag = "admin", operation_id = "resolve_drift",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewResolution,
    responses(
        (status = 200, body = DriftBody, description = "Done."),
        (status = 202, body = DriftBody, description = "Decided; the provider is asked or read next."),
        (status = "4XX", body = ProblemBody),
    ),
    security(("bearer" = [])),
)]
pub async fn resolve_drift(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write::<NewResolution>(Operation::ResolveDrift, request).await?;
    let (drift_id, resolution) = (api::path_id(&id)?, asked.resolution());
    let resolve = ResolveDrift { drift_id, resolution, note: DriftNote { text: asked.note } };
    let receipt = api.bus.execute(&context, &resolve).await?;
    // Also when replayed: the first try may have died between its outcome and this.
    ask_to_settle(api.pool(), drift_id, resolution, &receipt).await?;
    api.hooks.effects.wake();
    api.answer::<DriftResource>(&context, receipt).await
}
