//! What was earned and what goes back, one row per line of the document it comes from.

use domain::Event;
use domain::billing::lines::EVENT_ENTRIES;
use domain::commission_account::{CommissionAccountEvent, StatementLine};
use event_log::stream::{Mark, Versioned};
use event_log::{ApplyError, Recorded};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::BILLING;
use crate::noun::Mine;
use crate::page::{self, Page, Row, Shown};

pub(super) const TABLE: &str = "read_commissions";

/// How many places a position of the log has in lists.
const PLACES: usize = 256;
const _: () = assert!(EVENT_ENTRIES <= PLACES, "an event has more entries than places");

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub reseller_id: Uuid,
    /// With the signs of a statement: what goes back counts against what is earned.
    pub line: StatementLine,
    /// The statement it is on; `None` while it waits for one.
    pub statement_id: Option<Uuid>,
}

/// An entry as it comes to be.
struct Noted {
    account_id: Uuid,
    place: i64,
    row: Versioned<Entry>,
}

/// A statement that shows an entry.
struct Told {
    id: Uuid,
    statement_id: Uuid,
    at: Mark,
}

pub(super) async fn write(tx: &mut PgConnection, generation: i32, events: &[Mine<'_>]) -> Result<(), ApplyError> {
    let (mut noted, mut told) = (Vec::new(), Vec::new());
    for mine in events {
        let Event::CommissionAccount(event) = mine.event else { continue };
        let mark = mark(mine.recorded)?;
        match event {
            CommissionAccountEvent::CommissionAccrued { reseller_id, .. }
            | CommissionAccountEvent::CommissionReversed { reseller_id, .. } => {
                let entries = event.entries().into_iter().enumerate();
                noted.extend(entries.map(|(n, line)| Noted::new(mine.id, &mark, n, *reseller_id, line)));
            }
            CommissionAccountEvent::CommissionStatementIssued(issued) => {
                told.extend(issued.lines.iter().map(|line| Told::new(line, issued.statement_id, &mark)));
            }
            CommissionAccountEvent::CommissionStatementLinesAdded { statement_id, lines } => {
                told.extend(lines.iter().map(|line| Told::new(line, *statement_id, &mark)));
            }
            CommissionAccountEvent::CommissionStatementDocumentStored { .. }
            | CommissionAccountEvent::CommissionSettled { .. } => {}
        }
    }
    if !noted.is_empty() {
        insert(tx, generation, &noted).await?;
    }
    // Each is on one statement, and after it was noted.
    if !told.is_empty() {
        tell(tx, generation, &told).await?;
    }
    Ok(())
}

impl Noted {
    /// The n-th entry of an event, counted from 0.
    fn new(account_id: Uuid, mark: &Mark, n: usize, reseller_id: Uuid, line: StatementLine) -> Self {
        let place = i64::try_from(PLACES).unwrap_or_default() * mark.position + i64::try_from(n).unwrap_or_default();
        let mut row =
            Versioned { state: Entry { reseller_id, line, statement_id: None }, version: 0, born: None, touched: None };
        // Its version is its account's, and joined when it is read.
        row.mark(0, mark.clone());
        Self { account_id, place, row }
    }
}

impl Told {
    fn new(line: &StatementLine, statement_id: Uuid, at: &Mark) -> Self {
        Self { id: line.id(), statement_id, at: at.clone() }
    }
}

pub(super) fn mark(recorded: &Recorded) -> Result<Mark, ApplyError> {
    let metadata = recorded.meta().map_err(|error| ApplyError::Poison(format!("metadata: {error}")))?;
    Ok(Mark::of(&metadata, recorded.position))
}

async fn insert(tx: &mut PgConnection, generation: i32, noted: &[Noted]) -> Result<(), sqlx::Error> {
    let lines = || noted.iter().map(|noted| &noted.row.state.line);
    sqlx::query(
        "insert into read_commissions (generation, id, born, account_id, reseller_id, end_customer_id, period, kind, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], \
            $8::text[], $9::jsonb[]) \
         on conflict (generation, id) do nothing",
    )
    .bind(generation)
    .bind(lines().map(StatementLine::id).collect::<Vec<_>>())
    .bind(noted.iter().map(|noted| noted.place).collect::<Vec<_>>())
    .bind(noted.iter().map(|noted| noted.account_id).collect::<Vec<_>>())
    .bind(noted.iter().map(|noted| noted.row.state.reseller_id).collect::<Vec<_>>())
    .bind(lines().map(|line| line.end_customer_id).collect::<Vec<_>>())
    .bind(lines().map(|line| line.period.to_string()).collect::<Vec<_>>())
    .bind(lines().map(|line| line.kind.name()).collect::<Vec<_>>())
    .bind(noted.iter().map(|noted| Json(&noted.row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

async fn tell(tx: &mut PgConnection, generation: i32, told: &[Told]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update read_commissions t set statement_id = u.statement_id, \
            doc = jsonb_set(jsonb_set(t.doc, '{state,statement_id}', to_jsonb(u.statement_id)), '{touched}', u.touched) \
         from unnest($2::uuid[], $3::uuid[], $4::jsonb[]) as u (id, statement_id, touched) \
         where t.generation = $1 and t.id = u.id",
    )
    .bind(generation)
    .bind(told.iter().map(|told| told.id).collect::<Vec<_>>())
    .bind(told.iter().map(|told| told.statement_id).collect::<Vec<_>>())
    .bind(told.iter().map(|told| Json(&told.at)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Whose commission the caller may see at all: `None` is everybody's.
    pub visible: Option<Uuid>,
    pub reseller_id: Option<Uuid>,
    /// The reseller's end customer, or the reseller itself.
    pub customer_id: Option<Uuid>,
    /// As it is written, `2026-10`.
    pub period: Option<String>,
    pub kind: Vec<String>,
    pub statement_id: Option<Uuid>,
    /// Only entries before this place.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of entries, newest first.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, filter: &Filter) -> Result<Shown<Page<Row<Entry>>>, sqlx::Error> {
    let raws = sqlx::query_as(
        "select r.position, t.* from readers r left join lateral ( \
            select t.id, t.born, jsonb_set(t.doc, '{version}', a.doc->'version') as doc from read_commissions t \
            join read_commission_accounts a on a.generation = t.generation and a.id = t.account_id \
            where t.generation = r.generation and ($2::uuid is null or t.reseller_id = $2) \
            and ($3::uuid is null or t.reseller_id = $3) \
            and ($4::uuid is null or t.end_customer_id = $4 or t.reseller_id = $4) \
            and ($5::text is null or t.period = $5) and (cardinality($6::text[]) = 0 or t.kind = any($6)) \
            and ($7::uuid is null or t.statement_id = $7) \
            and ($8::bigint is null or t.born < $8) order by t.born desc limit $9) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(BILLING)
    .bind(filter.visible)
    .bind(filter.reseller_id)
    .bind(filter.customer_id)
    .bind(&filter.period)
    .bind(&filter.kind)
    .bind(filter.statement_id)
    .bind(filter.before)
    .bind(filter.limit + 1)
    .fetch_all(pool)
    .await?;
    page::listed(raws, filter.limit)
}
