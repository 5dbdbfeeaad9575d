//! Commission: an account per reseller and currency, of which nobody asks; its entries one by one; its statements.

mod entries;
mod statements;

pub use entries::{Entry, Filter as EntryFilter, list};
pub use statements::{
    Filter as StatementFilter, ShownStatement, get as get_statement, list as list_statements, of_log,
};

use domain::{AggregateType, Event};
use event_log::ApplyError;
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::model::BILLING;
use crate::noun::{self, Mine, Noun, born};

/// Of the accounts only their versions are kept here, which are those of all that is in them.
#[derive(Debug)]
pub struct CommissionAccounts;

impl Noun for CommissionAccounts {
    const TYPE: AggregateType = AggregateType::CommissionAccount;
    const TABLE: &'static str = "read_commission_accounts";
    const MODEL: &'static str = BILLING;
    /// What a reseller earned stays its own when the end customer moves to another.
    const FOLLOWS_MOVES: bool = false;
    type State = ();

    fn evolve((): &mut (), _event: &Event) {}

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<()>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }

    fn also<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Mine<'a>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            entries::write(tx, generation, events).await?;
            statements::write(tx, generation, events).await
        })
    }

    fn clear(tx: &mut PgConnection, generation: i32) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        Box::pin(async move {
            noun::clear_table(tx, entries::TABLE, generation).await?;
            noun::clear_table(tx, statements::TABLE, generation).await?;
            noun::clear_table(tx, Self::TABLE, generation).await
        })
    }
}

async fn write(tx: &mut PgConnection, generation: i32, rows: &[(Uuid, &Versioned<()>)]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into read_commission_accounts (generation, id, born, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::jsonb[]) \
         on conflict (generation, id) do update set doc = excluded.doc",
    )
    .bind(generation)
    .bind(rows.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, row)| born(row)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, row)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
