//! Price rules: by scope for pricing what is shown, and one by one for showing them.

mod items;

pub use items::{Filter, RuleRow, get, list, of_events};

use domain::price_rule::{PriceRule, PriceRuleRules, PriceRuleState, Scope as PriceScope};
use domain::pricing::{self, Buyer};
use domain::{AggregateType, Event};
use event_log::ApplyError;
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::DIRECTORY;
use crate::noun::{self, Mine, Noun};
use crate::upsert::Upsert;

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
        noun::evolve::<PriceRuleRules>(state, event);
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<PriceRuleState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, Some)
            .fixed("author", |rules| scope_of(rules).map(|scope| scope.author.code()).unwrap_or_default())
            .fixed("customer_id", |rules| scope_of(rules).and_then(|scope| scope.customer_id))
            .fixed("reseller_id", |rules| scope_of(rules).and_then(|scope| scope.reseller_id));
        Box::pin(rows.write(tx))
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

/// A scope whose rules are all removed keeps the columns it had.
fn scope_of(rules: &PriceRuleState) -> Option<PriceScope> {
    rules.rules().next().map(|rule| rule.scope)
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
