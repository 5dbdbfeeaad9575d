//! `POST /compat/billing/rest/v1/billing`, `POST /compat/billing/rest/v1/billing/retry`

use axum::extract::{Request, State};
use axum::http::StatusCode;

use super::Billing;
use super::answer::Refused;
use super::body::Status;

/// Charge everything pending; answered before it is done
pub async fn charge(State(billing): State<Billing>, request: Request) -> Result<StatusCode, Refused> {
    let context = billing.admit(request).await?;
    billing.charge(context, Status::Pending).await?;
    Ok(StatusCode::OK)
}

/// Charge again what did not reach its gateway; answered before it is done
pub async fn retry(State(billing): State<Billing>, request: Request) -> Result<StatusCode, Refused> {
    let context = billing.admit(request).await?;
    billing.charge(context, Status::ErrorNetwork).await?;
    Ok(StatusCode::OK)
}
