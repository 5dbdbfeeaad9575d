//! What an operator does about work that came to nothing: an effect that is dead, or an aggregate's events that a reader
//! has parked.

use std::time::Duration;

use domain::ids;
use domain::process::Effect;
use serde_json::Value;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use crate::effects::{self, Wanted};
use crate::payment::asks;
use crate::work::AnswerBody;
use crate::{Answer, Command, Context, Failure, Operation, Work};

/// Which one is meant: an effect by its operation id, a parked event by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letter {
    Effect(Uuid),
    Parked(i64),
}

impl Letter {
    /// As lists show it.
    pub fn id(self) -> String {
        match self {
            Self::Effect(op_id) => op_id.to_string(),
            Self::Parked(number) => number.to_string(),
        }
    }

    pub fn parse(id: &str) -> Option<Self> {
        let number = || id.parse().ok().filter(|number: &i64| number.to_string() == id).map(Self::Parked);
        if id.len() == 36 { Uuid::try_parse(id).ok().map(Self::Effect) } else { number() }
    }

    /// Why it is dead; `None` when it is not.
    async fn reason<'e, E: PgExecutor<'e>>(self, executor: E) -> Result<Option<String>, sqlx::Error> {
        match self {
            Self::Effect(op_id) => {
                let dead = "select coalesce(outcome, '') from effects where op_id = $1 and state = 'dead'";
                sqlx::query_scalar(dead).bind(op_id).fetch_optional(executor).await
            }
            Self::Parked(number) => {
                let parked = "select d.reason from dead_letters d \
                    join readers r on r.name = d.reader and r.generation = d.generation where d.id = $1";
                sqlx::query_scalar(parked).bind(number).fetch_optional(executor).await
            }
        }
    }
}

/// It is to be tried again. The trying itself follows; see [`redrive`].
#[derive(Debug)]
pub struct RetryDeadLetter(pub Letter);

impl Command for RetryDeadLetter {
    const OPERATION: Operation = Operation::RetryDeadLetter;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        answer(work, self.0, (202, "retrying")).await
    }
}

/// It is given up; see [`give_up`].
#[derive(Debug)]
pub struct DiscardDeadLetter(pub Letter);

impl Command for DiscardDeadLetter {
    const OPERATION: Operation = Operation::DiscardDeadLetter;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        answer(work, self.0, (200, "discarded")).await
    }
}

async fn answer(work: &mut Work<'_>, letter: Letter, (status, state): (u16, &str)) -> Result<Answer, Failure> {
    letter.reason(work.bus().pool()).await?.ok_or(Failure::NotFound)?;
    let body = serde_json::json!({ "id": letter.id(), "state": state });
    Ok(Answer { status, body: AnswerBody::Other(body) })
}

/// Makes a dead effect due again as if it had never been tried. Under one request's key it happens once, however often
/// that is repeated.
///
/// # Errors
/// Any database error.
pub async fn redrive(pool: &PgPool, op_id: Uuid, by: &Context) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    if note_in_tx(&mut tx, Letter::Effect(op_id), "retry", by).await? {
        sqlx::query(
            "update effects set state = 'due', attempts = 0, asked = 0, due_at = clock_timestamp(), settled_at = null, \
             lease = null, lease_until = null where op_id = $1 and state = 'dead'",
        )
        .bind(op_id)
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await
}

/// Closes a dead effect for good. Whoever waits for it is told by an effect of its own, so that nothing stands still
/// for ever: a change is rejected, an order ends, an account is refused; what a gateway may have done with money is
/// unknown from then on, and what never went out did not happen.
///
/// # Errors
/// Any database error.
pub async fn give_up(pool: &PgPool, op_id: Uuid, by: &Context) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    if note_in_tx(&mut tx, Letter::Effect(op_id), "discard", by).await? {
        let closed: Option<Closed> = sqlx::query_as(
            "update effects set state = 'discarded', settled_at = clock_timestamp() \
             where op_id = $1 and state = 'dead' returning position, correlation_id, effect",
        )
        .bind(op_id)
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(closed) = closed {
            asks::end(&mut *tx, op_id).await?;
            tell_who_waits(&mut tx, op_id, closed).await?;
        }
    }
    tx.commit().await
}

/// What of a row is needed to tell who waits for it.
#[derive(FromRow)]
struct Closed {
    position: Option<i64>,
    correlation_id: Option<String>,
    effect: Value,
}

/// Nobody waits for an effect that cannot even be read. A payment whose gateway is asked no more waits for an operator,
/// who resolves it.
async fn tell_who_waits(tx: &mut PgConnection, op_id: Uuid, closed: Closed) -> Result<(), sqlx::Error> {
    let Ok(effect) = serde_json::from_value::<Effect>(closed.effect) else { return Ok(()) };
    let is_waited_for = matches!(
        effect,
        Effect::OpenAccount { .. }
            | Effect::SubmitOrder { .. }
            | Effect::WatchOrder { .. }
            | Effect::ChangeSubscription { .. }
            | Effect::ChargePayment { .. }
            | Effect::RefundPayment { .. }
            | Effect::AskRefund { .. }
    );
    if !is_waited_for {
        return Ok(());
    }
    let wanted = Wanted {
        process: effects::GIVE_UP,
        op_id: ids::derived(&[effects::GIVE_UP, &op_id.to_string()]),
        position: closed.position,
        correlation_id: closed.correlation_id.as_deref(),
        effect: &effect,
        delay: Duration::ZERO,
    };
    effects::ask_in_tx(tx, &wanted).await
}

/// Whether an effect of that kind about that subject may have reached whoever it is for, in any of its tries.
///
/// # Errors
/// Any database error.
pub async fn may_have_gone_out<'e, E: PgExecutor<'e>>(executor: E, effect: &Effect) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from effects where subject = $1 and kind = $2 and sent_at is not null)")
        .bind(effect.subject())
        .bind(effect.name())
        .fetch_one(executor)
        .await
}

/// Writes down who did what about which one, and why that was dead. False when this very request was noted before, or
/// what it is about is dead no longer.
///
/// # Errors
/// Any database error.
pub async fn note_in_tx(
    tx: &mut PgConnection,
    letter: Letter,
    action: &str,
    by: &Context,
) -> Result<bool, sqlx::Error> {
    let Some(reason) = letter.reason(&mut *tx).await? else { return Ok(false) };
    let noted = sqlx::query(
        "insert into dead_letter_actions (id, letter, action, actor, reason) values ($1, $2, $3, $4, $5) \
         on conflict do nothing",
    )
    .bind(by.key.id())
    .bind(letter.id())
    .bind(action)
    .bind(&by.actor.subject)
    .bind(&reason)
    .execute(tx)
    .await?;
    let first = noted.rows_affected() == 1;
    if first {
        tracing::info!(letter = letter.id(), action, actor = by.actor.subject, "an operator acts on a dead letter");
    }
    Ok(first)
}
