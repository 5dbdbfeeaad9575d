//! From what a run found and what was decided about it to rows.

use chrono::NaiveDate;
use domain::billing::ChargeKind;
use domain::billing::matching::DiscrepancyKind;
use domain::billing_run::{BillingDiscrepancy, BillingRunEvent, DiscrepancyResolution};
use domain::{AggregateType, Event, Money, PersonalRef};
use event_log::stream::Mark;
use event_log::{ApplyError, LogError, Recorded};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::noun::Mine;

/// Both sides of a difference, without their charges and lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pub run_id: Uuid,
    /// Of the account.
    pub customer_id: Uuid,
    pub account_id: Uuid,
    pub subscription_id: Option<Uuid>,
    pub provider_subscription_id: String,
    pub kind: DiscrepancyKind,
    pub charge: ChargeKind,
    pub from: NaiveDate,
    /// Seats; absent where that side has nothing, as are the amounts.
    pub quantity_ours: Option<i64>,
    pub quantity_theirs: Option<i64>,
    pub ours: Option<Money>,
    pub theirs: Option<Money>,
    /// Of the provider's first line.
    pub line_id: Option<String>,
    /// The draft that waits until it is resolved.
    pub invoice_id: Option<Uuid>,
}

impl Difference {
    fn new(run_id: Uuid, found: &BillingDiscrepancy) -> Self {
        Self {
            run_id,
            customer_id: found.customer_id,
            account_id: found.account_id,
            subscription_id: found.subscription_id,
            provider_subscription_id: found.provider_subscription_id.clone(),
            kind: found.kind,
            charge: found.charge,
            from: found.from,
            quantity_ours: seats(found.charges.iter().map(|charge| charge.quantity)),
            quantity_theirs: seats(found.lines.iter().map(|line| line.quantity)),
            ours: found.ours,
            theirs: found.theirs,
            line_id: found.lines.first().map(|line| line.line_id.clone()),
            invoice_id: found.invoice_id,
        }
    }
}

fn seats(quantities: impl Iterator<Item = i64>) -> Option<i64> {
    quantities.reduce(i64::saturating_add)
}

/// One difference as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct DiscrepancyRow {
    pub id: Uuid,
    pub found: Difference,
    /// `open`, or how it was resolved.
    pub status: String,
    /// The operator's words.
    pub note: Option<PersonalRef>,
    /// When and by whom it was found, and last touched.
    pub made: Mark,
    pub touched: Mark,
    /// Of its run.
    pub version: i64,
}

/// What was decided about one of them.
struct Decided {
    id: Uuid,
    resolution: DiscrepancyResolution,
    note: Option<PersonalRef>,
    at: Mark,
}

pub(crate) async fn write(tx: &mut PgConnection, generation: i32, events: &[Mine<'_>]) -> Result<(), ApplyError> {
    let (mut found, mut decided) = (Vec::new(), Vec::new());
    for mine in events {
        let Event::BillingRun(event) = mine.event else { continue };
        match event {
            BillingRunEvent::BillingDiscrepancyFound(one) => {
                found.push((one.discrepancy_id, Difference::new(mine.id, one), mark_of(mine.recorded)?));
            }
            BillingRunEvent::BillingDiscrepancyResolved { discrepancy_id, resolution, note } => {
                let (id, at) = (*discrepancy_id, mark_of(mine.recorded)?);
                decided.push(Decided { id, resolution: *resolution, note: *note, at });
            }
            BillingRunEvent::BillingRunStarted(_)
            | BillingRunEvent::ProviderChargesImported { .. }
            | BillingRunEvent::AccountParked { .. }
            | BillingRunEvent::PartiesBilled { .. }
            | BillingRunEvent::BillingRunCompleted { .. }
            | BillingRunEvent::BillingRunRetried {} => {}
        }
    }
    if !found.is_empty() {
        insert(tx, generation, &found).await?;
    }
    // Each is resolved once, and after it was found.
    if !decided.is_empty() {
        resolve(tx, generation, &decided).await?;
    }
    Ok(())
}

fn mark_of(recorded: &Recorded) -> Result<Mark, ApplyError> {
    mark(recorded).map_err(|error| ApplyError::Poison(format!("metadata: {error}")))
}

fn mark(recorded: &Recorded) -> Result<Mark, serde_json::Error> {
    Ok(Mark::of(&recorded.meta()?, recorded.position))
}

async fn insert(tx: &mut PgConnection, generation: i32, found: &[(Uuid, Difference, Mark)]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into read_billing_discrepancies (generation, id, born, run_id, customer_id, account_id, kind, status, \
            found, made, touched) \
         select $1, id, born, run_id, customer_id, account_id, kind, 'open', found, made, made from unnest( \
            $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::jsonb[], $9::jsonb[]) \
            as t (id, born, run_id, customer_id, account_id, kind, found, made) \
         on conflict (generation, id) do nothing",
    )
    .bind(generation)
    .bind(found.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(found.iter().map(|(.., at)| at.position).collect::<Vec<_>>())
    .bind(found.iter().map(|(_, one, _)| one.run_id).collect::<Vec<_>>())
    .bind(found.iter().map(|(_, one, _)| one.customer_id).collect::<Vec<_>>())
    .bind(found.iter().map(|(_, one, _)| one.account_id).collect::<Vec<_>>())
    .bind(found.iter().map(|(_, one, _)| one.kind.name()).collect::<Vec<_>>())
    .bind(found.iter().map(|(_, one, _)| Json(one)).collect::<Vec<_>>())
    .bind(found.iter().map(|(.., at)| Json(at)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

async fn resolve(tx: &mut PgConnection, generation: i32, decided: &[Decided]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update read_billing_discrepancies t set status = d.status, note = d.note, touched = d.touched \
         from unnest($2::uuid[], $3::text[], $4::jsonb[], $5::jsonb[]) as d (id, status, note, touched) \
         where t.generation = $1 and t.id = d.id",
    )
    .bind(generation)
    .bind(decided.iter().map(|one| one.id).collect::<Vec<_>>())
    .bind(decided.iter().map(|one| one.resolution.status()).collect::<Vec<_>>())
    .bind(decided.iter().map(|one| one.note.map(Json)).collect::<Vec<_>>())
    .bind(decided.iter().map(|one| Json(&one.at)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// A difference as the events of its run leave it at a version; `None` when that run has not found it by then. It reads
/// no other events of the run, of which there may be many.
///
/// # Errors
/// [`LogError`] when the log cannot be read.
pub async fn of_log(
    pool: &PgPool,
    run_id: Uuid,
    version: i64,
    discrepancy_id: Uuid,
) -> Result<Option<DiscrepancyRow>, LogError> {
    let sql = format!(
        "select {} from events where aggregate_type = $1 and aggregate_id = $2 and sequence <= $3 \
         and event_type in ('BillingDiscrepancyFound', 'BillingDiscrepancyResolved') \
         and payload->event_type->>'discrepancy_id' = $4 order by sequence",
        event_log::recorded::COLUMNS
    );
    let events: Vec<Recorded> = sqlx::query_as(&sql)
        .bind(AggregateType::BillingRun.name())
        .bind(run_id.to_string())
        .bind(version)
        .bind(discrepancy_id.to_string())
        .fetch_all(pool)
        .await?;
    Ok(events
        .iter()
        .fold(None, |row, recorded| next(row, run_id, recorded))
        .map(|row| DiscrepancyRow { version, ..row }))
}

fn next(row: Option<DiscrepancyRow>, run_id: Uuid, recorded: &Recorded) -> Option<DiscrepancyRow> {
    let (Ok(Event::BillingRun(event)), Ok(at)) = (recorded.event(), mark(recorded)) else { return row };
    match event {
        BillingRunEvent::BillingDiscrepancyFound(found) => Some(DiscrepancyRow {
            id: found.discrepancy_id,
            found: Difference::new(run_id, found),
            status: "open".to_owned(),
            note: None,
            made: at.clone(),
            touched: at,
            version: 0,
        }),
        BillingRunEvent::BillingDiscrepancyResolved { resolution, note, .. } => {
            let status = resolution.status().to_owned();
            row.map(|row| DiscrepancyRow { status, note: *note, touched: at, ..row })
        }
        BillingRunEvent::BillingRunStarted(_)
        | BillingRunEvent::ProviderChargesImported { .. }
        | BillingRunEvent::AccountParked { .. }
        | BillingRunEvent::PartiesBilled { .. }
        | BillingRunEvent::BillingRunCompleted { .. }
        | BillingRunEvent::BillingRunRetried {} => row,
    }
}
