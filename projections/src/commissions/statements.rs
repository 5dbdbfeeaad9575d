//! Commission statements: a row each, with all lines and how it was settled.

use std::collections::BTreeMap;

use domain::commission_account::{CommissionAccountEvent, IssuedStatement, Settlement};
use domain::{AggregateType, Event};
use event_log::stream::{Mark, Versioned};
use event_log::{ApplyError, LogError, Recorded};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, PgPool, types::Json};
use uuid::Uuid;

use super::entries::mark;
use crate::model::BILLING;
use crate::noun::{Mine, born};
use crate::page::{self, Found, Page, Row, Shown};

pub(super) const TABLE: &str = "read_commission_statements";

/// A statement as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShownStatement {
    /// With the lines of all events.
    pub issued: IssuedStatement,
    /// How and under which reference.
    pub settled: Option<(Settlement, String)>,
}

impl ShownStatement {
    pub const fn status(&self) -> &'static str {
        if self.settled.is_some() { "settled" } else { "issued" }
    }
}

type Folded = Versioned<ShownStatement>;

/// The statement an event is about.
fn about(event: &CommissionAccountEvent) -> Option<Uuid> {
    match event {
        CommissionAccountEvent::CommissionStatementIssued(issued) => Some(issued.statement_id),
        CommissionAccountEvent::CommissionStatementLinesAdded { statement_id, .. }
        | CommissionAccountEvent::CommissionStatementDocumentStored { statement_id, .. }
        | CommissionAccountEvent::CommissionSettled { statement_id, .. } => Some(*statement_id),
        CommissionAccountEvent::CommissionAccrued { .. } | CommissionAccountEvent::CommissionReversed { .. } => None,
    }
}

/// A statement after one more event about it. Rows and answers are both made here. It begins with its issue; its version
/// is its account's, and joined when it is read.
fn next(before: Option<Folded>, event: &CommissionAccountEvent, at: Mark) -> Option<Folded> {
    let mut folded = match event {
        CommissionAccountEvent::CommissionStatementIssued(issued) => {
            let state = ShownStatement { issued: (**issued).clone(), settled: None };
            Versioned { state, version: 0, born: None, touched: None }
        }
        CommissionAccountEvent::CommissionStatementLinesAdded { lines, .. } => {
            let mut folded = before?;
            folded.state.issued.lines.extend(lines.iter().cloned());
            folded
        }
        CommissionAccountEvent::CommissionSettled { how, reference, .. } => {
            let mut folded = before?;
            folded.state.settled = Some((*how, reference.clone()));
            folded
        }
        CommissionAccountEvent::CommissionStatementDocumentStored { .. } => before?,
        CommissionAccountEvent::CommissionAccrued { .. } | CommissionAccountEvent::CommissionReversed { .. } => {
            return before;
        }
    };
    folded.mark(0, at);
    Some(folded)
}

pub(super) async fn write(tx: &mut PgConnection, generation: i32, events: &[Mine<'_>]) -> Result<(), ApplyError> {
    let concerned = events.iter().filter_map(|mine| {
        let Event::CommissionAccount(event) = mine.event else { return None };
        Some((about(event)?, mine, event))
    });
    let concerned: Vec<_> = concerned.collect();
    if concerned.is_empty() {
        return Ok(());
    }
    let mut rows = load(tx, generation, concerned.iter().map(|(id, ..)| *id).collect()).await?;
    for (id, mine, event) in concerned {
        let before = rows.remove(&id).map(|(_, folded)| folded);
        if let Some(folded) = next(before, event, mark(mine.recorded)?) {
            rows.insert(id, (mine.id, folded));
        }
    }
    Ok(upsert(tx, generation, &rows).await?)
}

/// Statements with their accounts.
type Rows = BTreeMap<Uuid, (Uuid, Folded)>;

async fn load(tx: &mut PgConnection, generation: i32, ids: Vec<Uuid>) -> Result<Rows, sqlx::Error> {
    let rows: Vec<(Uuid, Uuid, Json<Folded>)> = sqlx::query_as(
        "select id, account_id, doc from read_commission_statements where generation = $1 and id = any($2)",
    )
    .bind(generation)
    .bind(ids)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|(id, account_id, doc)| (id, (account_id, doc.0))).collect())
}

async fn upsert(tx: &mut PgConnection, generation: i32, rows: &Rows) -> Result<(), sqlx::Error> {
    let issued = || rows.values().map(|(_, folded)| &folded.state.issued);
    sqlx::query(
        "insert into read_commission_statements (generation, id, born, account_id, reseller_id, period, status, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::jsonb[]) \
         on conflict (generation, id) do update set status = excluded.status, doc = excluded.doc",
    )
    .bind(generation)
    .bind(rows.keys().copied().collect::<Vec<_>>())
    .bind(rows.values().map(|(_, folded)| born(folded)).collect::<Vec<_>>())
    .bind(rows.values().map(|(account_id, _)| *account_id).collect::<Vec<_>>())
    .bind(issued().map(|issued| issued.reseller_id).collect::<Vec<_>>())
    .bind(issued().map(|issued| issued.period.to_string()).collect::<Vec<_>>())
    .bind(rows.values().map(|(_, folded)| folded.state.status()).collect::<Vec<_>>())
    .bind(rows.values().map(|(_, folded)| Json(folded)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// A statement as the events of its account leave it at a version; `None` when there is none by then. It reads no other
/// events of the account, of which there may be many.
///
/// # Errors
/// [`LogError`] when the log cannot be read.
pub async fn of_log(
    pool: &PgPool,
    account_id: Uuid,
    version: i64,
    statement_id: Uuid,
) -> Result<Option<Folded>, LogError> {
    let sql = format!(
        "select {} from events where aggregate_type = $1 and aggregate_id = $2 and sequence <= $3 \
         and event_type in ('CommissionStatementIssued', 'CommissionStatementLinesAdded', \
            'CommissionStatementDocumentStored', 'CommissionSettled') \
         and payload->event_type->>'statement_id' = $4 order by sequence",
        event_log::recorded::COLUMNS
    );
    let events: Vec<Recorded> = sqlx::query_as(&sql)
        .bind(AggregateType::CommissionAccount.name())
        .bind(account_id.to_string())
        .bind(version)
        .bind(statement_id.to_string())
        .fetch_all(pool)
        .await?;
    let folded = events.iter().fold(None, |before, recorded| match (recorded.event(), mark(recorded)) {
        (Ok(Event::CommissionAccount(event)), Ok(at)) => next(before, event, at),
        _ => before,
    });
    Ok(folded.map(|folded| Versioned { version, ..folded }))
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Whose statements the caller may see at all: `None` is everybody's.
    pub visible: Option<Uuid>,
    pub reseller_id: Option<Uuid>,
    /// The same: a statement is its reseller's.
    pub customer_id: Option<Uuid>,
    /// As it is written, `2026-10`.
    pub period: Option<String>,
    pub status: Vec<String>,
    /// Only rows born before this position.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of statements, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, filter: &Filter) -> Result<Shown<Page<Row<ShownStatement>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.* from readers r left join lateral ( \
            select t.id, t.born, jsonb_set(t.doc, '{version}', a.doc->'version') as doc \
            from read_commission_statements t \
            join read_commission_accounts a on a.generation = t.generation and a.id = t.account_id \
            where t.generation = r.generation and ($2::uuid is null or t.reseller_id = $2) \
            and ($3::uuid is null or t.reseller_id = $3) and ($4::uuid is null or t.reseller_id = $4) \
            and ($5::text is null or t.period = $5) and (cardinality($6::text[]) = 0 or t.status = any($6)) \
            and ($7::bigint is null or t.born < $7) order by t.born desc limit $8) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(BILLING)
    .bind(filter.visible)
    .bind(filter.reseller_id)
    .bind(filter.customer_id)
    .bind(&filter.period)
    .bind(&filter.status)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    page::listed(raws, filter.limit)
}

#[derive(FromRow)]
struct Raw {
    position: i64,
    id: Option<Uuid>,
    born: Option<i64>,
    doc: Option<Json<Folded>>,
    parked: bool,
}

/// One statement, if it is one of those `visible` says.
///
/// # Errors
/// Any database error.
pub async fn get(pool: &PgPool, id: Uuid, visible: Option<Uuid>) -> Result<Shown<Found<ShownStatement>>, sqlx::Error> {
    let raw: Option<Raw> = sqlx::query_as(
        "select r.position, t.id, t.born, jsonb_set(t.doc, '{version}', a.doc->'version') as doc, \
            exists (select 1 from dead_letters d where d.reader = r.name and d.generation = r.generation \
                and d.aggregate_type = 'commission_account' and d.aggregate_id = t.account_id::text) as parked \
         from readers r left join read_commission_statements t on t.generation = r.generation and t.id = $2 \
            and ($3::uuid is null or t.reseller_id = $3) \
         left join read_commission_accounts a on a.generation = t.generation and a.id = t.account_id \
         where r.name = $1",
    )
    .bind(BILLING)
    .bind(id)
    .bind(visible)
    .fetch_optional(pool)
    .await?;
    let Some(raw) = raw else { return Ok(Shown { position: 0, content: Found::Absent }) };
    let content = match (raw.id, raw.born, raw.doc) {
        (Some(_), ..) if raw.parked => Found::Parked,
        (Some(id), Some(born), Some(doc)) => Found::Row(Row { id, born, folded: doc.0 }),
        _ => Found::Absent,
    };
    Ok(Shown { position: raw.position, content })
}
