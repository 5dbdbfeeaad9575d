//! The gateways' own names of our payments. Hints for the worker: one that is lost is found again by asking.

use sqlx::PgExecutor;
use uuid::Uuid;

use super::gateway::RequestId;

/// Keeps the name of a payment. The first one stays.
///
/// # Errors
/// Any database error.
pub async fn remember<'e, E: PgExecutor<'e>>(
    executor: E,
    payment_id: Uuid,
    request: &RequestId,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into payment_requests (payment_id, request_id) values ($1, $2) on conflict do nothing")
        .bind(payment_id)
        .bind(request.as_str())
        .execute(executor)
        .await?;
    Ok(())
}

/// The name of a payment, once it is known.
///
/// # Errors
/// Any database error.
pub async fn of<'e, E: PgExecutor<'e>>(executor: E, payment_id: Uuid) -> Result<Option<RequestId>, sqlx::Error> {
    let request: Option<String> = sqlx::query_scalar("select request_id from payment_requests where payment_id = $1")
        .bind(payment_id)
        .fetch_optional(executor)
        .await?;
    Ok(request.as_deref().and_then(RequestId::parse))
}
