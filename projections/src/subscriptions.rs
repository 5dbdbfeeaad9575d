//! Subscriptions with their licences and changes: rows and queries. Licences have a table of their own, one row per
//! seat; so have change requests.

mod changes;
mod licences;
mod meaning;
mod seats;

pub use changes::{ChangeRow, list as list_changes};
pub use licences::{LicenceRow, LicencesShown, list as list_licences};

use chrono::NaiveDate;
use domain::decider::Fact;
use domain::subscription::SubscriptionCore;
use domain::{AggregateType, Event};
use event_log::ApplyError;
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::SUBSCRIPTIONS;
use crate::noun::{self, Mine, Noun, born};
use crate::page::{self, Page, Row, Scope, Shown};

#[derive(Debug)]
pub struct Subscriptions;

impl Noun for Subscriptions {
    const TYPE: AggregateType = AggregateType::Subscription;
    const TABLE: &'static str = "read_subscriptions";
    const MODEL: &'static str = SUBSCRIPTIONS;
    type State = Option<SubscriptionCore>;

    fn evolve(state: &mut Self::State, event: &Event) {
        if let Some(event) = Fact::of(event) {
            SubscriptionCore::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<Self::State>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }

    fn also<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Mine<'a>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            seats::write(tx, generation, events).await?;
            changes::write(tx, generation, events).await
        })
    }

    fn clear(tx: &mut PgConnection, generation: i32) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        Box::pin(async move {
            noun::clear_table(tx, "read_licences", generation).await?;
            noun::clear_table(tx, "read_changes", generation).await?;
            noun::clear_table(tx, Self::TABLE, generation).await
        })
    }
}

async fn write(
    tx: &mut PgConnection,
    generation: i32,
    rows: &[(Uuid, &Versioned<Option<SubscriptionCore>>)],
) -> Result<(), sqlx::Error> {
    let known: Vec<_> = rows.iter().filter_map(|(id, row)| Some((*id, *row, row.state.as_ref()?))).collect();
    sqlx::query(
        "insert into read_subscriptions (generation, id, born, customer_id, reseller_id, account_id, service_id, status, \
            ends_on, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[], \
            $9::date[], $10::jsonb[]) \
         on conflict (generation, id) do update set reseller_id = excluded.reseller_id, status = excluded.status, \
            ends_on = excluded.ends_on, doc = excluded.doc",
    )
    .bind(generation)
    .bind(known.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| born(row)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., core)| core.started.customer_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., core)| core.started.reseller_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., core)| core.started.account_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., core)| core.started.service_id).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., core)| core.status.name()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., core)| core.ends_on).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub customer_id: Option<Uuid>,
    pub account_id: Option<Uuid>,
    pub service_id: Option<Uuid>,
    pub status: Vec<String>,
    pub expires_before: Option<NaiveDate>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of subscriptions, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(
    pool: &PgPool,
    scope: Scope,
    filter: &Filter,
) -> Result<Shown<Page<Row<Option<SubscriptionCore>>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.id, t.born, t.doc from readers r left join lateral ( \
            select t.id, t.born, t.doc from read_subscriptions t where t.generation = r.generation \
            and ($2::uuid is null or t.customer_id = $2 or t.reseller_id = $2) \
            and ($3::uuid is null or t.customer_id = $3) and ($4::uuid is null or t.account_id = $4) \
            and ($5::uuid is null or t.service_id = $5) and (cardinality($6::text[]) = 0 or t.status = any($6)) \
            and ($7::date is null or t.ends_on < $7) \
            and ($8::bigint is null or t.born < $8) order by t.born desc limit $9) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(SUBSCRIPTIONS)
    .bind(scope.customer)
    .bind(filter.customer_id)
    .bind(filter.account_id)
    .bind(filter.service_id)
    .bind(&filter.status)
    .bind(filter.expires_before)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    page::listed(raws, filter.limit)
}
