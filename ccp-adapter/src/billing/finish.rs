//! The end of a run.

use std::time::Duration;

use commands::billing::{CompleteRun, IssueStatements, waits};
use commands::effects::Performed;
use commands::index;
use domain::billing_run::{BillingRun, BillingRunRules, RunStatus};
use domain::{Currency, ids};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Stepping, behind};
use crate::perform::{Adapter, Answered, Step, done, log_away};

/// Resellers whose statements are issued at once.
const STATEMENTS: usize = 50;

impl Adapter {
    /// The commission statements, once the indexes know of everybody who earned any; then the completion.
    pub(super) async fn finish_run(&self, stepping: &Stepping<'_>, run: &BillingRun) -> Step {
        let (pool, run_id) = (self.bus.pool(), run.started.run_id);
        let (version, position) = last_of(pool, run_id).await.map_err(log_away)?;
        if !index::has_caught_up(pool, position).await.map_err(log_away)? {
            return Ok(behind());
        }
        if run.started.customer_id.is_none() {
            self.issue_statements(stepping, version).await?;
        }
        let complete = CompleteRun { run_id, parked: run.parked.keys().copied().collect() };
        let answered = self.answer(stepping.due, &format!("complete/{version}"), &complete).await;
        answered.map_err(Answered::unforeseen)?;
        let loaded = self.load::<BillingRunRules>(run_id).await?;
        let Some(after) = loaded.state.known().filter(|run| run.status == RunStatus::Completed) else {
            return Ok(Performed::poll(Duration::ZERO));
        };
        waits::forget(pool, run_id, None).await.map_err(log_away)?;
        metrics::counter!("billing_runs_total").increment(1);
        let (issued, drafts) = (after.counts.issued, after.counts.drafts);
        Ok(done(format!("{issued} invoices, {drafts} drafts, {} accounts parked", after.parked.len())))
    }

    /// One that cannot be reckoned waits for the next month, and the others go on.
    async fn issue_statements(&self, stepping: &Stepping<'_>, version: i64) -> Result<(), Performed> {
        let resellers = index::commission_accounts(self.bus.pool()).await.map_err(log_away)?;
        for some in resellers.chunks(STATEMENTS) {
            if !self.issue_some(stepping, some, &format!("statements/{}/{version}", named(some))).await? {
                for one in some {
                    let n = format!("statement/{}/{}/{version}", one.0, one.1.code());
                    if !self.issue_some(stepping, std::slice::from_ref(one), &n).await? {
                        tracing::warn!(reseller = %one.0, currency = one.1.code(), "a statement cannot be issued");
                    }
                }
            }
        }
        Ok(())
    }

    /// False when it was refused.
    async fn issue_some(
        &self,
        stepping: &Stepping<'_>,
        resellers: &[(Uuid, Currency)],
        n: &str,
    ) -> Result<bool, Performed> {
        let issue = IssueStatements { run_id: stepping.run.run_id, resellers: resellers.to_vec() };
        match self.answer(stepping.due, n, &issue).await {
            Ok(()) => Ok(true),
            Err(Answered::Refused(_)) => Ok(false),
            Err(Answered::Stop(performed)) => Err(performed),
        }
    }
}

/// One name for these: the next attempt may know of more resellers, and divide them otherwise.
fn named(resellers: &[(Uuid, Currency)]) -> Uuid {
    let parts: Vec<String> =
        resellers.iter().map(|(reseller, currency)| format!("{reseller}/{}", currency.code())).collect();
    ids::derived(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The version of the run's stream, and where its last event is in the log.
async fn last_of(pool: &PgPool, run_id: Uuid) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(
        "select sequence, position from events where aggregate_type = 'billing_run' and aggregate_id = $1::text \
         order by sequence desc limit 1",
    )
    .bind(run_id)
    .fetch_one(pool)
    .await
}
