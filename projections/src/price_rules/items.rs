//! Price rules one by one, under the ids their authors gave them.

use domain::Event;
use domain::price_rule::{PriceRule, PriceRuleEvent};
use event_log::stream::Mark;
use event_log::{ApplyError, Recorded};
use sqlx::{FromRow, PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::DIRECTORY;
use crate::noun::Mine;
use crate::page::{Page, Shown};

/// One rule as it holds now.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleRow {
    pub rule: PriceRule,
    /// When and by whom it was made, and last set.
    pub made: Mark,
    pub touched: Mark,
    /// Of its scope.
    pub version: i64,
}

#[derive(FromRow)]
struct Raw {
    position: i64,
    rule: Option<Json<PriceRule>>,
    made: Option<Json<Mark>>,
    touched: Option<Json<Mark>>,
    version: Option<i64>,
}

impl Raw {
    fn row(self) -> Option<RuleRow> {
        Some(RuleRow { rule: self.rule?.0, made: self.made?.0, touched: self.touched?.0, version: self.version? })
    }
}

pub(super) async fn write(tx: &mut PgConnection, generation: i32, events: &[Mine<'_>]) -> Result<(), ApplyError> {
    for mine in events {
        let Event::PriceRule(event) = mine.event else { continue };
        match event {
            PriceRuleEvent::PriceRuleSet { rule } => set(tx, generation, mine, rule).await?,
            PriceRuleEvent::PriceRuleRemoved { rule_id } => {
                sqlx::query("delete from read_price_rule_items where generation = $1 and id = $2 and scope_id = $3")
                    .bind(generation)
                    .bind(rule_id)
                    .bind(mine.id)
                    .execute(&mut *tx)
                    .await?;
            }
        }
    }
    Ok(())
}

async fn set(tx: &mut PgConnection, generation: i32, mine: &Mine<'_>, rule: &PriceRule) -> Result<(), ApplyError> {
    let mark = mark(mine.recorded).map_err(|error| ApplyError::Poison(format!("metadata: {error}")))?;
    sqlx::query(
        "insert into read_price_rule_items (generation, id, born, scope_id, author, customer_id, reseller_id, \
            service_id, rule, made, touched) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
         on conflict (generation, id) do update set scope_id = excluded.scope_id, author = excluded.author, \
            customer_id = excluded.customer_id, reseller_id = excluded.reseller_id, service_id = excluded.service_id, \
            rule = excluded.rule, touched = excluded.touched",
    )
    .bind(generation)
    .bind(rule.rule_id)
    .bind(mine.recorded.position)
    .bind(mine.id)
    .bind(rule.scope.author.code())
    .bind(rule.scope.customer_id)
    .bind(rule.scope.reseller_id)
    .bind(rule.scope.service_id)
    .bind(Json(rule))
    .bind(Json(mark))
    .execute(tx)
    .await?;
    Ok(())
}

fn mark(recorded: &Recorded) -> Result<Mark, serde_json::Error> {
    Ok(Mark::of(&recorded.meta()?, recorded.position))
}

/// A rule as the events of its scope leave it; `None` when they do not hold it, or cannot be read.
pub fn of_events(events: &[Recorded], rule_id: Uuid) -> Option<RuleRow> {
    let mut row: Option<RuleRow> = None;
    for recorded in events {
        let Event::PriceRule(event) = recorded.event().ok()? else { continue };
        match event {
            PriceRuleEvent::PriceRuleSet { rule } if rule.rule_id == rule_id => {
                let touched = mark(recorded).ok()?;
                let made = row.map_or_else(|| touched.clone(), |row| row.made);
                row = Some(RuleRow { rule: rule.clone(), made, touched, version: 0 });
            }
            PriceRuleEvent::PriceRuleRemoved { rule_id: removed } if *removed == rule_id => row = None,
            PriceRuleEvent::PriceRuleSet { .. } | PriceRuleEvent::PriceRuleRemoved { .. } => {}
        }
    }
    let version = events.last()?.sequence;
    row.map(|row| RuleRow { version, ..row })
}

/// What to list. Absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Whose rules the caller may see at all: `None` is everybody's.
    pub visible: Option<Uuid>,
    /// `seller`, or a reseller's id.
    pub author: Option<String>,
    pub customer_id: Option<Uuid>,
    pub reseller_id: Option<Uuid>,
    pub service_id: Option<Uuid>,
    /// Only rules born before this position.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of rules, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, filter: &Filter) -> Result<Shown<Page<RuleRow>>, sqlx::Error> {
    let raws: Vec<Raw> = sqlx::query_as(
        "select r.position, t.rule, t.made, t.touched, t.version from readers r left join lateral ( \
            select t.born, t.rule, t.made, t.touched, (s.doc->>'version')::bigint as version \
            from read_price_rule_items t join read_price_rules s on s.generation = t.generation and s.id = t.scope_id \
            where t.generation = r.generation and ($2::text is null or t.author = $2) \
            and ($3::text is null or t.author = $3) and ($4::uuid is null or t.customer_id = $4) \
            and ($5::uuid is null or t.reseller_id = $5) and ($6::uuid is null or t.service_id = $6) \
            and ($7::bigint is null or t.born < $7) order by t.born desc limit $8) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(DIRECTORY)
    .bind(filter.visible.map(|id| id.to_string()))
    .bind(&filter.author)
    .bind(filter.customer_id)
    .bind(filter.reseller_id)
    .bind(filter.service_id)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    let position = raws.first().map_or(0, |raw| raw.position);
    let rows = raws.into_iter().filter_map(Raw::row).collect();
    Ok(Shown { position, content: Page::cut(rows, filter.limit, |row: &RuleRow| row.made.position) })
}

/// One rule, if it is one of those `visible` says.
///
/// # Errors
/// Any database error.
pub async fn get(pool: &PgPool, id: Uuid, visible: Option<Uuid>) -> Result<Shown<Option<RuleRow>>, sqlx::Error> {
    let raw: Option<Raw> = sqlx::query_as(
        "select r.position, t.rule, t.made, t.touched, (s.doc->>'version')::bigint as version from readers r \
         left join read_price_rule_items t on t.generation = r.generation and t.id = $2 \
            and ($3::text is null or t.author = $3) \
         left join read_price_rules s on s.generation = r.generation and s.id = t.scope_id where r.name = $1",
    )
    .bind(DIRECTORY)
    .bind(id)
    .bind(visible.map(|id| id.to_string()))
    .fetch_optional(pool)
    .await?;
    let position = raw.as_ref().map_or(0, |raw| raw.position);
    Ok(Shown { position, content: raw.and_then(Raw::row) })
}
