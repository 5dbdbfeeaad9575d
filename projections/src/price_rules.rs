//! Price rules: by scope for pricing what is shown, and one by one for showing them.

mod items;

pub use items::{Filter, RuleRow, get, list, of_events};

use domain::decider::Fact;
use domain::price_rule::{PriceRule, PriceRuleRules, PriceRuleState, Scope as PriceScope};
use domain::pricing::{self, Buyer};
use domain::{AggregateType, Decider, Event};
use event_log::ApplyError;
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::DIRECTORY;
use crate::noun::{self, Mine, Noun, born};

#[derive(Debug)]
pub struct PriceRules;

impl Noun for PriceRules {
    const TYPE: AggregateType = AggregateType::PriceRule;
    const TABLE: &'static str = "read_price_rules";
    const MODEL: &'static str = DIRECTORY;
    /// A rule names whom it is for; that is not whose it is.
    const FOLLOWS_MOVES: bool = false;
    type State = PriceRuleState;

    fn evolve(state: &mut PriceRuleState, event: &Event) {
        if let Some(event) = Fact::of(event) {
            PriceRuleRules::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<PriceRuleState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }

    fn also<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Mine<'a>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(items::write(tx, generation, events))
    }

    fn clear(tx: &mut PgConnection, generation: i32) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        Box::pin(async move {
            noun::clear_table(tx, "read_price_rule_items", generation).await?;
            noun::clear_table(tx, Self::TABLE, generation).await
        })
    }
}

async fn write(
    tx: &mut PgConnection,
    generation: i32,
    rows: &[(Uuid, &Versioned<PriceRuleState>)],
) -> Result<(), sqlx::Error> {
    let scope = |row: &Versioned<PriceRuleState>| row.state.rules().next().map(|rule| rule.scope);
    // A scope whose rules are all removed keeps the columns it had.
    sqlx::query(
        "insert into read_price_rules (generation, id, born, author, customer_id, reseller_id, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::text[], $5::uuid[], $6::uuid[], $7::jsonb[]) \
         on conflict (generation, id) do update set doc = excluded.doc",
    )
    .bind(generation)
    .bind(rows.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, row)| born(row)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, row)| scope(row).map(|s| s.author.code()).unwrap_or_default()).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, row)| scope(row).and_then(|s| s.customer_id)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, row)| scope(row).and_then(|s| s.reseller_id)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, row)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Every rule that may matter to this buyer and these services.
///
/// # Errors
/// Any database error.
pub async fn for_buyer(pool: &PgPool, buyer: &Buyer, services: &[Uuid]) -> Result<Vec<PriceRule>, sqlx::Error> {
    let scopes: Vec<Uuid> = pricing::scopes(buyer, services).iter().map(PriceScope::stream).collect();
    let docs: Vec<Json<Versioned<PriceRuleState>>> = sqlx::query_scalar(
        "select t.doc from readers r join read_price_rules t on t.generation = r.generation \
         where r.name = $1 and t.id = any($2)",
    )
    .bind(DIRECTORY)
    .bind(scopes)
    .fetch_all(pool)
    .await?;
    Ok(docs.into_iter().flat_map(|doc| doc.0.state.rules().cloned().collect::<Vec<_>>()).collect())
}
