//! Rows of the read side beside those of its resources: prices and rates one by one, who has moved, and where the
//! catalogue last changed.

use std::collections::{BTreeMap, BTreeSet};

use domain::customer::CustomerRules;
use domain::exchange_rates::{ExchangeRatesEvent, ExchangeRatesRules};
use domain::price_rule::{PriceRuleEvent, PriceRuleRules};
use domain::{AggregateType, Event};
use event_log::Recorded;
use event_log::stream::Mark;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::evidence::Evidence;
use super::fold;
use super::models::{Difference, compare};

const DIRECTORY: &str = "directory";

const RULES: &str = "select t.id, to_jsonb(t) - array['generation', 'id'] from read_price_rule_items t \
    join readers r on r.generation = t.generation where r.name = $1";
const RATES: &str = "select t.pair_id, jsonb_object_agg(t.effective_from::text, jsonb_build_object('born', t.born, \
        'base', t.base, 'quote', t.quote, 'rate', trim_scale(t.rate)::text)) from read_exchange_rate_items t \
    join readers r on r.generation = t.generation where r.name = $1 group by t.pair_id";
const CHANGED: &str = "select t.position from read_catalogue_changes t \
    join readers r on r.generation = t.generation where r.name = $1";
const MOVES: &str = "select t.customer_id, jsonb_build_object('reseller_id', t.reseller_id) from read_moves t \
    join readers r on r.generation = t.generation where r.name = $1 and t.noun = $2";

/// Tables whose rows go with a customer that moves, with the reader that keeps them.
const FOLLOWING: [(&str, &str); 6] = [
    ("read_accounts", DIRECTORY),
    ("read_orders", "orders"),
    ("read_subscriptions", "subscriptions"),
    ("read_invoices", "billing"),
    ("read_payments", "billing"),
    ("read_credit_notes", "billing"),
];

type Rows = BTreeMap<Uuid, Value>;

/// Rows of the live generations.
pub(super) struct BesideRows {
    rules: Rows,
    /// By pair, and then by day.
    rates: Rows,
    /// By the table that follows, and by customer.
    moves: BTreeMap<&'static str, Rows>,
    /// Where the catalogue or its prices last changed.
    changed: Option<i64>,
}

impl BesideRows {
    pub async fn gather(tx: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let mut moves = BTreeMap::new();
        for (table, reader) in FOLLOWING {
            let rows: Vec<(Uuid, Value)> = sqlx::query_as(MOVES).bind(reader).bind(table).fetch_all(&mut *tx).await?;
            moves.insert(table, rows.into_iter().collect());
        }
        Ok(Self {
            rules: of_directory(tx, RULES).await?,
            rates: of_directory(tx, RATES).await?,
            moves,
            changed: sqlx::query_scalar(CHANGED).bind(DIRECTORY).fetch_optional(&mut *tx).await?,
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.rules.len() + self.rates.len() + self.moves.values().map(BTreeMap::len).sum::<usize>()
    }
}

async fn of_directory(tx: &mut PgConnection, sql: &str) -> Result<Rows, sqlx::Error> {
    let rows: Vec<(Uuid, Value)> = sqlx::query_as(sql).bind(DIRECTORY).fetch_all(tx).await?;
    Ok(rows.into_iter().collect())
}

/// What they show otherwise than the log.
pub(super) fn differences(evidence: &Evidence) -> Vec<Difference> {
    let (shown, nothing) = (&evidence.beside, Rows::new());
    let of = |reader: &'static str| move |text: String| Difference { reader, text };
    let mut found: Vec<Difference> = Vec::new();
    found.extend(compare("read_price_rule_items", &rules(evidence), &shown.rules).into_iter().map(of(DIRECTORY)));
    found.extend(compare("read_exchange_rate_items", &rates(evidence), &shown.rates).into_iter().map(of(DIRECTORY)));
    found.extend(changed(evidence).into_iter().map(of(DIRECTORY)));
    for (table, reader) in FOLLOWING {
        let told = format!("read_moves of {table}");
        let differing = compare(&told, &moves(evidence, reader), shown.moves.get(table).unwrap_or(&nothing));
        found.extend(differing.into_iter().map(of(reader)));
    }
    found
}

/// Every rule that holds, with when it was made and last set: one that was removed and set again is made anew.
fn rules(evidence: &Evidence) -> Rows {
    let until = evidence.position_of(DIRECTORY);
    let mut marks: BTreeMap<(Uuid, Uuid), (Mark, Mark)> = BTreeMap::new();
    for recorded in evidence.until(until) {
        let (Ok(Event::PriceRule(event)), Ok(scope), Ok(metadata)) =
            (recorded.event(), Uuid::parse_str(&recorded.aggregate_id), recorded.meta())
        else {
            continue;
        };
        match event {
            PriceRuleEvent::PriceRuleSet { rule } => {
                let mark = Mark::of(&metadata, recorded.position);
                let (_, touched) = marks.entry((scope, rule.rule_id)).or_insert_with(|| (mark.clone(), mark.clone()));
                *touched = mark;
            }
            PriceRuleEvent::PriceRuleRemoved { rule_id } => {
                marks.remove(&(scope, *rule_id));
            }
        }
    }
    let mut rows = Rows::new();
    for (scope_id, stream) in fold::of_rules::<PriceRuleRules>(evidence.until(until)) {
        for rule in stream.state.rules() {
            let Some((made, touched)) = marks.get(&(scope_id, rule.rule_id)) else { continue };
            let row = json!({
                "born": made.position, "scope_id": scope_id, "author": rule.scope.author.code(),
                "customer_id": rule.scope.customer_id, "reseller_id": rule.scope.reseller_id,
                "service_id": rule.scope.service_id, "rule": rule, "made": made, "touched": touched,
            });
            rows.insert(rule.rule_id, row);
        }
    }
    rows
}

/// Every pair's rates by day. A day that is set again stays where it was in the list.
fn rates(evidence: &Evidence) -> Rows {
    let until = evidence.position_of(DIRECTORY);
    let mut born = BTreeMap::new();
    for recorded in evidence.until(until) {
        if let (Ok(Event::ExchangeRates(ExchangeRatesEvent::ExchangeRateSet { effective_from, .. })), Ok(pair)) =
            (recorded.event(), Uuid::parse_str(&recorded.aggregate_id))
        {
            born.entry((pair, *effective_from)).or_insert(recorded.position);
        }
    }
    let mut rows = Rows::new();
    for (pair, stream) in fold::of_rules::<ExchangeRatesRules>(evidence.until(until)) {
        let mut days = serde_json::Map::new();
        for rate in stream.state.rates() {
            let row = json!({
                "born": born.get(&(pair, rate.effective_from)), "base": rate.base.code(), "quote": rate.quote.code(),
                "rate": rate.rate.normalize().to_string(),
            });
            days.insert(rate.effective_from.to_string(), row);
        }
        rows.insert(pair, Value::Object(days));
    }
    rows
}

/// Whoever has moved, with the reseller it came to last.
fn moves(evidence: &Evidence, reader: &str) -> Rows {
    let until = evidence.position_of(reader);
    let moves = evidence.until(until).filter(|recorded| recorded.event_type == "CustomerMoved");
    let moved: BTreeSet<Uuid> = moves.filter_map(|recorded| Uuid::parse_str(&recorded.aggregate_id).ok()).collect();
    let customers = fold::of_rules::<CustomerRules>(evidence.until(until)).into_iter();
    let moved = customers.filter(|(id, _)| moved.contains(id));
    moved.filter_map(|(id, stream)| Some((id, json!({ "reseller_id": stream.state.known()?.reseller_id })))).collect()
}

/// Too low a position lets old prices be taken for those of today. It may lie beyond the last change: a rebuild, or an
/// event that was parked, comes to it when the reader is further on.
fn changed(evidence: &Evidence) -> Option<String> {
    let (until, shown) = (evidence.position_of(DIRECTORY), evidence.beside.changed);
    let last = evidence.until(until).filter(|recorded| makes_prices(recorded)).map(|recorded| recorded.position).max();
    let fits = match (last, shown) {
        (Some(last), Some(shown)) => (last..=until + 1).contains(&shown),
        (last, shown) => last == shown,
    };
    let text = |at: Option<i64>| at.map_or_else(|| "nowhere".to_owned(), |at| at.to_string());
    (!fits).then(|| format!("read_catalogue_changes is at {}, the last change at {}", text(shown), text(last)))
}

fn makes_prices(recorded: &Recorded) -> bool {
    let whole = [AggregateType::Service, AggregateType::PriceRule, AggregateType::ExchangeRates];
    whole.iter().any(|aggregate| recorded.aggregate_type == aggregate.name())
        || ["CommercialTermsSet", "CustomerMoved"].contains(&recorded.event_type.as_str())
}
