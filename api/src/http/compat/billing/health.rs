//! `GET /compat/billing/rest/health`

use axum::Json;
use axum::extract::{Request, State};

use super::Billing;
use super::answer::Refused;

/// It answers
pub async fn check(State(billing): State<Billing>, request: Request) -> Result<Json<&'static str>, Refused> {
    billing.admit(request).await?;
    Ok(Json("ok"))
}
