//! Asking for a run.

use std::time::Duration;

use chrono::{DateTime, Timelike, Utc};
use domain::ids;
use domain::process::Effect;
use sqlx::PgPool;
use uuid::Uuid;

use super::runs;
use crate::effects::{self, Wanted};
use crate::work::AnswerBody;
use crate::{Answer, Command, Failure, Operation, Work};

/// Stable: the process that effects of reconciliation belong to.
pub const PROCESS: &str = "reconcile";

/// Minutes between two runs that nobody asked for.
const EVERY_MINUTES: u32 = 15;

/// On demand. The work itself is an effect; see [`ask_for_run`].
#[derive(Debug)]
pub struct RequestReconcile {
    pub run_id: Uuid,
}

impl Command for RequestReconcile {
    const OPERATION: Operation = Operation::Reconcile;

    async fn run(&self, _work: &mut Work<'_>) -> Result<Answer, Failure> {
        let body = serde_json::json!({ "id": self.run_id });
        Ok(Answer { status: 202, body: AnswerBody::Other(body) })
    }
}

/// Makes sure that this run takes place once.
///
/// # Errors
/// Any database error.
pub async fn ask_for_run(pool: &PgPool, run_id: Uuid) -> Result<(), sqlx::Error> {
    let op_id = ids::derived(&["reconcile", &run_id.to_string()]);
    let effect = &Effect::Reconcile { run_id };
    let wanted =
        Wanted { process: PROCESS, op_id, position: None, correlation_id: None, effect, delay: Duration::ZERO };
    let mut tx = pool.begin().await?;
    runs::begin_in_tx(&mut tx, run_id).await?;
    effects::ask_in_tx(&mut *tx, &wanted).await?;
    tx.commit().await
}

/// Makes sure of one run in this quarter of an hour of real time; any number of schedulers ask for the same one.
///
/// # Errors
/// Any database error.
pub async fn ask_for_quarter(pool: &PgPool, real: DateTime<Utc>) -> Result<(), sqlx::Error> {
    ask_for_run(pool, ids::derived(&["reconcile-run", &quarter(real)])).await
}

/// Its name: day, hour, and which quarter, from 0.
fn quarter(real: DateTime<Utc>) -> String {
    format!("{}/{}", real.format("%Y-%m-%dT%H"), real.minute() / EVERY_MINUTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_has_one_name() {
        let named = |text: &str| text.parse::<DateTime<Utc>>().map(quarter).unwrap_or_default();
        assert_eq!(named("2026-10-03T09:00:00Z"), "2026-10-03T09/0");
        assert_eq!(named("2026-10-03T09:14:59Z"), "2026-10-03T09/0");
        assert_eq!(named("2026-10-03T09:15:00Z"), "2026-10-03T09/1");
        assert_eq!(named("2026-10-03T09:59:59Z"), "2026-10-03T09/3");
    }
}
