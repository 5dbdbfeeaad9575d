//! `POST /compat/billing/rest/v1/invoices/pay`

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use tokio::time::{Instant, timeout_at};

use super::Billing;
use super::answer::Refused;
use super::body::Status;
use crate::http::problem::Problem;

/// Clients wait five seconds, the way included.
const PATIENCE: Duration = Duration::from_millis(4_500);

/// Have everything pending paid: whether all of it was, as far as is known within five seconds
pub async fn pay(State(billing): State<Billing>, request: Request) -> Result<Json<bool>, Refused> {
    let deadline = Instant::now() + PATIENCE;
    let context = billing.admit(request).await?;
    // A task of its own, so that it goes on when nobody waits any more.
    let charging = billing.tasks.spawn(billing.clone().charge(context, Status::Pending));
    let paid = timeout_at(deadline, async {
        let (pending, starting) = charging.await.map_err(|_| Problem::internal())??;
        starting.await.map_err(|_| Problem::internal())??;
        Ok::<bool, Refused>(billing.are_paid(&pending).await?)
    });
    Ok(Json(paid.await.unwrap_or(Ok(false))?))
}
