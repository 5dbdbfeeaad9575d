//! Runs the process managers: a reader that stores what each process wants done, with its checkpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::process::{Bill, Change, Collect, Documents, Dun, Effect, Notify, Process, Provision};
use domain::{AggregateType, StreamId, ids};
use event_log::{ApplyError, Reader, Recorded};
use futures::future::BoxFuture;
use sqlx::{PgConnection, types::Json};

use crate::effects::{self, Wake, Wanted};

/// How long after the submission an order is first asked for, unless a webhook comes sooner.
const FIRST_POLL: Duration = Duration::from_secs(1);

/// How long after its issue a document is stored: whoever issued it sees it first as it was answered.
const STORING: Duration = Duration::from_secs(1);

/// The reader that effects come from.
#[derive(Debug)]
pub struct Reactor {
    pub wake: Wake,
}

impl Reactor {
    pub const NAME: &'static str = "processes";
}

impl Reader for Reactor {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn concerns(&self, event: &Recorded) -> bool {
        MANAGERS.iter().any(|manager| (manager.concerns)(event))
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        _generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            for manager in &MANAGERS {
                (manager.react)(tx, events).await?;
            }
            Ok(())
        })
    }

    fn applied(&self, _events: &[Arc<Recorded>]) {
        self.wake.wake();
    }
}

/// Every process manager, in the order in which they react.
static MANAGERS: [Manager; 7] = [
    Manager::of::<Provision>(),
    Manager::of::<Change>(),
    Manager::of::<Bill>(),
    Manager::of::<Documents>(),
    Manager::of::<Collect>(),
    Manager::of::<Dun>(),
    Manager::of::<Notify>(),
];

type React = for<'a> fn(&'a mut PgConnection, &'a [Arc<Recorded>]) -> BoxFuture<'a, Result<(), ApplyError>>;

/// A process whose type is forgotten.
struct Manager {
    concerns: fn(&Recorded) -> bool,
    react: React,
}

impl Manager {
    const fn of<P: Process + 'static>() -> Self {
        Self { concerns: concerns::<P>, react: |tx, events| Box::pin(react::<P>(tx, events)) }
    }
}

/// What cannot be read concerns everybody.
fn concerns<P: Process>(recorded: &Recorded) -> bool {
    !matches!(news::<P>(recorded), Ok(None))
}

/// What an event is to a process, and to which instance of it.
fn news<P: Process>(recorded: &Recorded) -> Result<Option<(String, P::News)>, ApplyError> {
    let event = recorded.event().map_err(|error| ApplyError::Poison(error.to_string()))?;
    let aggregate = AggregateType::parse(&recorded.aggregate_type);
    Ok(aggregate.and_then(|aggregate| P::news(event, &StreamId::new(aggregate, &recorded.aggregate_id))))
}

async fn react<P: Process>(tx: &mut PgConnection, events: &[Arc<Recorded>]) -> Result<(), ApplyError> {
    let mut concerned = Vec::new();
    for recorded in events {
        concerned.extend(news::<P>(recorded)?.map(|(key, news)| (recorded, key, news)));
    }
    if concerned.is_empty() {
        return Ok(());
    }
    let keys: BTreeSet<String> = concerned.iter().map(|(_, key, _)| key.clone()).collect();
    let mut states = Instances::<P>::load(tx, keys).await?;
    let mut wanted = Vec::new();
    for (recorded, key, news) in concerned {
        let effects = P::react(states.now.entry(key).or_default(), news);
        wanted.extend((0..).zip(effects).map(|(n, effect)| (recorded, n, effect)));
    }
    states.store(tx).await?;
    for (recorded, n, effect) in wanted {
        let correlation_id = correlation(tx, recorded, &effect).await?;
        let wanted = Wanted {
            process: P::NAME,
            op_id: ids::effect(P::NAME, recorded.position, n),
            position: Some(recorded.position),
            correlation_id: Some(&correlation_id),
            effect: &effect,
            delay: delay(&effect),
        };
        effects::ask_in_tx(&mut *tx, &wanted).await?;
    }
    Ok(())
}

/// The request it all belongs to: the event's own, or, when it is about something that waited for this event, the
/// one that thing began with.
async fn correlation(tx: &mut PgConnection, recorded: &Recorded, effect: &Effect) -> Result<String, ApplyError> {
    let metadata = recorded.meta().map_err(|error| ApplyError::Poison(format!("metadata: {error}")))?;
    if effect.subject() == recorded.aggregate_id {
        return Ok(metadata.correlation_id);
    }
    let began: Option<String> = sqlx::query_scalar(
        "select metadata->>'correlation_id' from events where aggregate_type = $1 and aggregate_id = $2 and sequence = 1",
    )
    .bind(AggregateType::Order.name())
    .bind(effect.subject())
    .fetch_optional(tx)
    .await?;
    Ok(began.unwrap_or(metadata.correlation_id))
}

/// The instances concerned: their states as they were stored, and as they are now. A state that says nothing needs no
/// row, and leaves none behind that said something.
struct Instances<P: Process> {
    stored: BTreeMap<String, P::State>,
    now: BTreeMap<String, P::State>,
}

impl<P: Process> Instances<P> {
    async fn load(tx: &mut PgConnection, keys: BTreeSet<String>) -> Result<Self, ApplyError> {
        let keys: Vec<String> = keys.into_iter().collect();
        let rows: Vec<(String, Json<P::State>)> = match size_of::<P::State>() {
            // It remembers nothing.
            0 => Vec::new(),
            _ => {
                sqlx::query_as("select key, state from process_states where process = $1 and key = any($2)")
                    .bind(P::NAME)
                    .bind(keys)
                    .fetch_all(tx)
                    .await?
            }
        };
        let stored: BTreeMap<String, P::State> = rows.into_iter().map(|(key, state)| (key, state.0)).collect();
        Ok(Self { now: stored.clone(), stored })
    }

    async fn store(&self, tx: &mut PgConnection) -> Result<(), ApplyError> {
        let changed =
            self.now.iter().filter(|(key, state)| self.stored.get(*key).cloned().unwrap_or_default() != **state);
        let (silent, telling): (Vec<_>, Vec<_>) = changed.partition(|(_, state)| **state == P::State::default());
        if !silent.is_empty() {
            let keys: Vec<&String> = silent.into_iter().map(|(key, _)| key).collect();
            sqlx::query("delete from process_states where process = $1 and key = any($2)")
                .bind(P::NAME)
                .bind(keys)
                .execute(&mut *tx)
                .await?;
        }
        if !telling.is_empty() {
            let (keys, values): (Vec<&String>, Vec<_>) =
                telling.into_iter().map(|(key, state)| (key, Json(state))).unzip();
            sqlx::query(
                "insert into process_states (process, key, state) \
                 select $1, k, s from unnest($2::text[], $3::jsonb[]) v(k, s) \
                 on conflict (process, key) do update set state = excluded.state",
            )
            .bind(P::NAME)
            .bind(keys)
            .bind(values)
            .execute(tx)
            .await?;
        }
        Ok(())
    }
}

fn delay(effect: &Effect) -> Duration {
    match effect {
        Effect::WatchOrder { .. } => FIRST_POLL,
        Effect::StoreDocuments { .. } => STORING,
        Effect::OpenAccount { .. }
        | Effect::SubmitOrder { .. }
        | Effect::CancelOrder { .. }
        | Effect::SyncCatalogue {}
        | Effect::ChangeSubscription { .. }
        | Effect::SendRenewal { .. }
        | Effect::LookAtSubscription { .. }
        | Effect::Reconcile { .. }
        | Effect::SettleDrift { .. }
        | Effect::StartBilling { .. }
        | Effect::RunBilling { .. }
        | Effect::ChargePayment { .. }
        | Effect::AskPayment { .. }
        | Effect::RefundPayment { .. }
        | Effect::AskRefund { .. }
        | Effect::CreditOrder { .. }
        | Effect::SettleDunning { .. }
        | Effect::SendMail { .. } => Duration::ZERO,
    }
}
