//! `POST /compat/billing/rest/v1/billing`, `POST /compat/billing/rest/v1/billing/retry`

use axum::extract::{Request, State};
use axum::http::StatusCode;

use super::Billing;
use super::answer::Refused;
use super::body::Status;

/// Charge everything pending; answered before it is done
pub async fn charge(State(billing): State<Billing>, request: Request) -> Result<StatusCode, Refused> {
    let context = billing.admit(request).await?;
    let pending = billing.with_status(Status::Pending).await?;
    billing.charge(context, &pending);
    Ok(StatusCode::OK)
}

/// Charge again what did not reach its gateway; answered before it is done
pub async fn retry(State(billing): State<Billing>, request: Request) -> Result<StatusCode, Refused> {
    let context = billing.admit(request).await?;
    let unreached = billing.with_status(Status::ErrorNetwork).await?;
    billing.charge(context, &unreached);
    Ok(StatusCode::OK)
}
