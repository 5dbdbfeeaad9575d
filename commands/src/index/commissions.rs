//! In which account a commission statement is.

use domain::commission_account::CommissionAccountEvent;
use event_log::Recorded;
use sqlx::{FromRow, PgConnection, PgExecutor};
use uuid::Uuid;

pub(super) async fn index(
    tx: &mut PgConnection,
    recorded: &Recorded,
    event: &CommissionAccountEvent,
) -> Result<(), sqlx::Error> {
    let CommissionAccountEvent::CommissionStatementIssued(issued) = event else { return Ok(()) };
    sqlx::query(
        "insert into index_commission_statements (statement_id, account_id, reseller_id) \
         values ($1, $2::text::uuid, $3) on conflict do nothing",
    )
    .bind(issued.statement_id)
    .bind(&recorded.aggregate_id)
    .bind(issued.reseller_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// Where a statement is, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct IndexedStatement {
    pub account_id: Uuid,
    pub reseller_id: Uuid,
}

/// The account of a statement, also of one that was issued a moment ago.
///
/// # Errors
/// Any database error.
pub async fn commission_statement<'e, E: PgExecutor<'e>>(
    executor: E,
    statement_id: Uuid,
) -> Result<Option<IndexedStatement>, sqlx::Error> {
    sqlx::query_as(
        "select account_id, reseller_id from index_commission_statements where statement_id = $1 \
         union all select e.aggregate_id::uuid, (e.payload->e.event_type->>'reseller_id')::uuid \
         from unindexed_events e where e.aggregate_type = 'commission_account' and e.event_type = 'CommissionStatementIssued' \
         and e.payload->e.event_type->>'statement_id' = $1::text limit 1",
    )
    .bind(statement_id)
    .fetch_optional(executor)
    .await
}
