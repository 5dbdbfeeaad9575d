//! What an operator decides about a difference.

use std::time::Duration;

use domain::account::{AccountRules, AccountStatus};
use domain::drift::{Drift, DriftCommand, DriftField, DriftNote, DriftResolution, DriftRules};
use domain::process::Effect;
use domain::{AggregateType, Refusal, StreamId, ids};
use sqlx::PgPool;
use uuid::Uuid;

use super::PROCESS;
use crate::bus::{Receipt, ReceiptBody};
use crate::effects::{self, Wanted};
use crate::{Answer, Command, Failure, Operation, Work, index};

/// The decision. What is to be done at the provider, or read from it, is an effect; see [`ask_to_settle`].
#[derive(Debug)]
pub struct ResolveDrift {
    pub drift_id: Uuid,
    pub resolution: Resolution,
    pub note: DriftNote,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Ours becomes theirs. A subscription that we do not know becomes ours on this account; without one, on the one of
    /// ours that is linked to the provider's.
    Adopt { account_id: Option<Uuid> },
    /// Theirs becomes ours again; a subscription that we do not know ends there.
    Correct,
    /// It stays as it is, and is not listed again.
    Ignore,
}

impl Resolution {
    const fn outcome(self) -> DriftResolution {
        match self {
            Self::Adopt { .. } => DriftResolution::Adopted,
            Self::Correct => DriftResolution::Corrected,
            Self::Ignore => DriftResolution::Ignored,
        }
    }

    /// Something remains to be done after the decision.
    pub const fn starts_work(self) -> bool {
        !matches!(self, Self::Ignore)
    }
}

impl Command for ResolveDrift {
    const OPERATION: Operation = Operation::ResolveDrift;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let drift = work.read::<DriftRules>(self.drift_id).await?;
        let known = drift.state.known().ok_or(Failure::NotFound)?;
        work.must_match(drift.version)?;
        let account_id = self.check(work, known).await?;
        let (resolution, note) = (self.resolution.outcome(), Some(self.note.clone()));
        let resolve = DriftCommand::Resolve { resolution, account_id, note };
        work.decide::<DriftRules>(self.drift_id, &resolve, known.customer_id).await?;
        let status = if self.resolution.starts_work() { 202 } else { 200 };
        Ok(Answer::resource(status, StreamId::new(AggregateType::Drift, self.drift_id)))
    }
}

impl ResolveDrift {
    /// Answers with the account that what we did not know is to belong to.
    async fn check(&self, work: &mut Work<'_>, drift: &Drift) -> Result<Option<Uuid>, Failure> {
        match (self.resolution, drift.field) {
            (Resolution::Adopt { account_id }, DriftField::Unknown) => {
                // What was decided was checked then: asked for once more it holds already.
                match drift.account_id.filter(|decided| account_id.is_none_or(|given| given == *decided)) {
                    Some(decided) => Ok(Some(decided)),
                    None => check_account(work, drift, account_id).await.map(Some),
                }
            }
            // There is nothing at the provider that could be made ours again.
            (Resolution::Correct, DriftField::Missing) => Err(Refusal::InvalidState { state: "missing" }.into()),
            (Resolution::Adopt { .. } | Resolution::Correct | Resolution::Ignore, _) => Ok(None),
        }
    }
}

/// The account that it will belong to must be usable, and must not contradict where the provider keeps it.
async fn check_account(work: &mut Work<'_>, drift: &Drift, given: Option<Uuid>) -> Result<Uuid, Failure> {
    let linked = match &drift.provider_account_id {
        Some(theirs) => index::account_of_provider(work.bus().pool(), theirs).await?,
        None => None,
    };
    let account_id = given.or(linked).ok_or(Refusal::AccountNeeded)?;
    if linked.is_some_and(|linked| linked != account_id) {
        return Err(Refusal::OnAnotherAccount.into());
    }
    let account = work.read::<AccountRules>(account_id).await?;
    let status = account.state.known().ok_or(Failure::NotFound)?.status;
    if status != AccountStatus::Active {
        return Err(Refusal::AccountNotUsable { status: status.name() }.into());
    }
    Ok(account_id)
}

/// Makes sure that what follows from a decision is done once, however often it is asked for and under whatever keys.
/// An adoption that came to nothing is tried again when it is asked for once more.
///
/// # Errors
/// Any database error.
pub async fn ask_to_settle(
    pool: &PgPool,
    drift_id: Uuid,
    by: Resolution,
    decided: &Receipt,
) -> Result<(), sqlx::Error> {
    let account_id = match by {
        Resolution::Adopt { account_id } => account_id,
        Resolution::Correct => None,
        Resolution::Ignore => return Ok(()),
    };
    // A difference that is not open has its decision as its last event, whoever asks: its version names the work.
    let ReceiptBody::Resource { version, .. } = decided.answer else { return Ok(()) };
    let effect = &Effect::SettleDrift { drift_id, account_id };
    let op_id = ids::derived(&["settle-drift", &drift_id.to_string(), &version.to_string()]);
    let wanted =
        Wanted { process: PROCESS, op_id, position: None, correlation_id: None, effect, delay: Duration::ZERO };
    // A request that is repeated under its own key may be an old one: it asks for nothing new.
    if !decided.replayed {
        adopt_again(pool, op_id, drift_id).await?;
    }
    effects::ask_in_tx(pool, &wanted).await
}

/// Only while the subscription is still none of ours. It goes by the same operation id, so what was done is not done
/// twice; one that is dead waits among the dead letters.
async fn adopt_again(pool: &PgPool, op_id: Uuid, drift_id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update effects set state = 'due', attempts = 0, asked = 0, due_at = clock_timestamp(), settled_at = null, \
         lease = null, lease_until = null where op_id = $1 and state in ('done', 'discarded') \
         and exists (select from index_drifts d where d.drift_id = $2 and d.field = 'unknown' and d.status = 'adopted' \
            and not exists (select from index_subscriptions s \
                where s.provider_subscription_id = d.provider_subscription_id))",
    )
    .bind(op_id)
    .bind(drift_id)
    .execute(pool)
    .await?;
    Ok(())
}
