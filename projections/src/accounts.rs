//! Management accounts: rows and queries.

use domain::account::{AccountRules, AccountState};
use domain::{AggregateType, Event};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::listing::Listing;
use crate::model::DIRECTORY;
use crate::noun::{self, Noun};
use crate::page::{Page, Row, Scope, Shown};
use crate::upsert::Upsert;

#[derive(Debug)]
pub struct Accounts;

impl Noun for Accounts {
    const TYPE: AggregateType = AggregateType::Account;
    const TABLE: &'static str = "read_accounts";
    const MODEL: &'static str = DIRECTORY;
    type State = AccountState;

    fn evolve(state: &mut AccountState, event: &Event) {
        noun::evolve::<AccountRules>(state, event);
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<AccountState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, AccountState::known)
            .owned_by(|account| account.customer_id, |account| account.reseller_id)
            .changing("status", |account| account.status.name())
            .changing("name", |account| account.name.as_str());
        Box::pin(rows.write(tx))
    }
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of the name, in any case.
    pub q: Option<String>,
    pub customer_id: Option<Uuid>,
    pub status: Vec<String>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of accounts, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, scope: Scope, filter: &Filter) -> Result<Shown<Page<Row<AccountState>>>, sqlx::Error> {
    Listing::<Accounts>::of(scope)
        .contains(&["name"], filter.q.as_deref())
        .equals("customer_id", filter.customer_id)
        .one_of("status", &filter.status)
        .page(pool, filter.before, filter.limit)
        .await
}
