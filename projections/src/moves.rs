//! Rows go with a customer that moves to another reseller: the new one sees all of them, the old one none.
//!
//! A row's own events name the reseller of their day. Whose customer it is now is kept per table and generation, only
//! for those who have moved; rows written later, which name the old one again, are put right as they are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Event;
use domain::customer::CustomerEvent;
use event_log::{ApplyError, Recorded};
use sqlx::PgConnection;
use uuid::Uuid;

/// Notes who has moved and takes the rows there are along.
pub(crate) async fn apply(
    tx: &mut PgConnection,
    table: &'static str,
    generation: i32,
    events: &[Arc<Recorded>],
) -> Result<(), ApplyError> {
    let moved = note(tx, table, generation, events).await?;
    if !moved.is_empty() {
        let sql = format!(
            "update {table} t set reseller_id = m.reseller_id from read_moves m \
             where m.noun = $1 and m.generation = $2 and t.generation = $2 and t.customer_id = m.customer_id \
             and t.customer_id = any($3) and t.reseller_id is distinct from m.reseller_id"
        );
        sqlx::query(&sql).bind(table).bind(generation).bind(&moved).execute(tx).await?;
    }
    Ok(())
}

/// Of rows `u` joined with [`joined`]: the reseller of their customer as it is now.
pub(crate) const RESELLER_NOW: &str = "case when m.noun is null then u.reseller_id else m.reseller_id end";

/// Who has moved, as `m` beside rows `u` on their way to generation `$1` of a table.
pub(crate) fn joined(table: &str) -> String {
    format!(" left join read_moves m on m.noun = '{table}' and m.generation = $1 and m.customer_id = u.customer_id")
}

/// Notes who has moved, answering whom. The last move counts.
pub(crate) async fn note(
    tx: &mut PgConnection,
    table: &'static str,
    generation: i32,
    events: &[Arc<Recorded>],
) -> Result<Vec<Uuid>, ApplyError> {
    let moves = moves(events)?;
    if moves.is_empty() {
        return Ok(Vec::new());
    }
    let (customers, resellers): (Vec<Uuid>, Vec<Option<Uuid>>) = moves.into_iter().unzip();
    sqlx::query(
        "insert into read_moves (noun, generation, customer_id, reseller_id) \
         select $1, $2, * from unnest($3::uuid[], $4::uuid[]) \
         on conflict (noun, generation, customer_id) do update set reseller_id = excluded.reseller_id",
    )
    .bind(table)
    .bind(generation)
    .bind(&customers)
    .bind(resellers)
    .execute(tx)
    .await?;
    Ok(customers)
}

/// Whether it takes rows of a customer along.
pub(crate) fn is_move(recorded: &Recorded) -> bool {
    recorded.event_type == "CustomerMoved"
}

fn moves(events: &[Arc<Recorded>]) -> Result<BTreeMap<Uuid, Option<Uuid>>, ApplyError> {
    let mut moves = BTreeMap::new();
    for recorded in events.iter().filter(|recorded| is_move(recorded)) {
        let event = recorded.event().map_err(|error| ApplyError::Poison(error.to_string()))?;
        if let Event::Customer(CustomerEvent::CustomerMoved { reseller_id }) = event {
            let customer = Uuid::parse_str(&recorded.aggregate_id)
                .map_err(|_| ApplyError::Poison(format!("{} is no uuid", recorded.aggregate_id)))?;
            moves.insert(customer, *reseller_id);
        }
    }
    Ok(moves)
}

/// Empties a generation.
pub(crate) async fn clear(tx: &mut PgConnection, table: &'static str, generation: i32) -> Result<(), sqlx::Error> {
    let sql = "delete from read_moves where noun = $1 and generation = $2";
    sqlx::query(sql).bind(table).bind(generation).execute(tx).await?;
    Ok(())
}
