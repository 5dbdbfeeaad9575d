//! How long the provider is left alone, and what ends a wait that would never end by itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::clock::new_id;
use ccp_adapter::backoff::ask_after;
use ccp_adapter::{Adapter, CcpClient};
use commands::drift::runs;
use commands::effects::{self, Due, Performed, Performer, Wake, Wanted, Worker};
use commands::{Answer, Command, Failure, Operation, Work};
use domain::process::{Effect, Lane};
use domain::subscription::{SubscriptionCommand, SubscriptionRules, SuspendedBy};
use domain::{AggregateType, StreamId};
use event_log::lease::Owner;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use tests::log_world::system;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::again::{Log, OURS};
use crate::at_simulator::{Ground, new_op};
use crate::odd::{self, OddProvider};
use crate::patience::wait_until;

const CHANGE: Uuid = Uuid::from_u128(5);

/// Notes what every try comes to, and waits for nothing.
struct Hurried {
    adapter: Adapter,
    ends: Arc<Mutex<Vec<Performed>>>,
}

impl Performer for Hurried {
    fn perform<'a>(&'a self, due: &'a Due) -> BoxFuture<'a, Performed> {
        async move {
            let end = self.adapter.perform(due).await;
            self.ends.lock().unwrap().push(end.clone());
            at_once(end)
        }
        .boxed()
    }
}

fn at_once(end: Performed) -> Performed {
    let after = Duration::ZERO;
    match end {
        Performed::Wait { why, .. } => Performed::Wait { after, why },
        Performed::Missed { why, .. } => Performed::Missed { after, why },
        Performed::Poll { reference, .. } => Performed::Poll { after, reference },
        Performed::Again { why, .. } => Performed::Again { after, why },
        over @ (Performed::Done { .. } | Performed::Dead { .. }) => over,
    }
}

/// An effect that is over: what its tries came to, and how many of them and of its polls were counted.
struct Ended {
    ends: Vec<Performed>,
    state: String,
    outcome: String,
    attempts: i32,
    polls: i32,
}

impl Ended {
    /// Tried for as long as a provider's outage may last, and then given to the operator.
    fn is_for_the_operator(&self, outcome: &str) {
        assert_eq!((self.state.as_str(), self.outcome.as_str(), self.attempts), ("dead", outcome, 10));
        let waits = self.ends.iter().filter_map(|end| match end {
            Performed::Again { after, .. } => Some(*after),
            _ => None,
        });
        assert_eq!(waits.collect::<Vec<_>>(), (0..10).map(ask_after).collect::<Vec<_>>());
    }
}

/// Has an effect performed to its end.
async fn performs(log: &Log, client: &CcpClient, effect: &Effect) -> Ended {
    let op_id = new_op();
    let wanted = Wanted { process: "test", op_id, position: None, correlation_id: None, effect, delay: Duration::ZERO };
    effects::ask_in_tx(&log.process.pool, &wanted).await.unwrap();
    let (stop, ends) = (CancellationToken::new(), Arc::new(Mutex::new(Vec::new())));
    let adapter = Adapter { bus: log.bus.clone(), client: client.clone() };
    let worker = Worker {
        lane: Lane::Provider,
        pool: log.process.pool.clone(),
        performer: Arc::new(Hurried { adapter, ends: Arc::clone(&ends) }),
        wake: Wake::default(),
        new_id,
        owner: Owner::this_process("waits"),
    };
    let working = tokio::spawn(worker.run(stop.clone()));
    let sql = "select state, outcome, attempts, asked from effects where op_id = $1 and state <> 'due'";
    let (state, outcome, attempts, polls): (String, String, i32, i32) = wait_until("the effect ends", || async {
        sqlx::query_as(sql).bind(op_id).fetch_optional(&log.world.app).await.unwrap()
    })
    .await;
    stop.cancel();
    working.await.unwrap();
    let ends = std::mem::take(&mut *ends.lock().unwrap());
    Ended { ends, state, outcome, attempts, polls }
}

/// A change in flight.
struct Suspends;

impl Command for Suspends {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let suspend = SubscriptionCommand::Suspend { change_id: CHANGE, by: SuspendedBy::Operator };
        work.decide::<SubscriptionRules>(OURS, &suspend, Some(Uuid::from_u128(4))).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Subscription, OURS)))
    }
}

/// The subscription is to be suspended.
async fn suspends(log: &Log) -> Effect {
    log.bus.execute(&system("suspend"), &Suspends).await.unwrap();
    Effect::ChangeSubscription { subscription_id: OURS, change_id: CHANGE }
}

/// They left the provider alone for longer and longer.
fn grew(ends: &[Performed]) {
    for (end, full_s) in ends.iter().zip([1, 2, 4, 8, 16, 32]) {
        let Performed::Missed { after, .. } = end else { panic!("{end:?}") };
        let full = Duration::from_secs(full_s);
        assert!(*after >= full / 2 && *after <= full, "{after:?} of {full:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_too_busy_is_asked_less_and_less_often() {
    let ground = Ground::with("team-storage", 1).await;
    let log = Log::with(&ground).await;
    // At first it says when to come again, then it does not.
    for (ms, times) in [(20_000, 2), (0, 5)] {
        let busy = json!({ "match": { "path": "/v1/catalogue" }, "fault": "429", "ms": ms, "times": times });
        ground.fault(busy).await;
    }
    let ended = performs(&log, &ground.client, &Effect::SyncCatalogue {}).await;
    assert_eq!((ended.state.as_str(), ended.attempts, ended.polls), ("done", 1, 5), "{:?}", ended.ends);
    for told in &ended.ends[..2] {
        let Performed::Wait { after, .. } = told else { panic!("{told:?}") };
        assert!((20..=21).contains(&after.as_secs()), "{after:?}");
    }
    grew(&ended.ends[2..7]);
    assert_eq!(ended.ends.len(), 8, "{:?}", ended.ends);
    ground.end().await;
}

#[tokio::test]
async fn a_provider_that_only_shows_what_was_before_is_for_the_operator_in_the_end() {
    let ground = Ground::with("team-storage", 3).await;
    let log = Log::with(&ground).await;
    let suspension = suspends(&log).await;
    let path = "/v1/subscriptions/";
    let busy = json!({ "match": { "method": "POST", "path": path }, "fault": "429", "ms": 0, "times": 4 });
    let stale = json!({ "match": { "path": path }, "fault": "stale", "times": 1_000 });
    // However fast it is done, it is shown as going on for so many looks.
    let going_on = json!({ "match": { "path": "/v1/operations/" }, "fault": "stale", "times": 5 });
    for fault in [busy, stale, going_on] {
        ground.fault(fault).await;
    }
    let ended = performs(&log, &ground.client, &suspension).await;
    grew(&ended.ends[..4]);
    // However long it took to be accepted, it is looked at soon after that, and then less and less often.
    let polls = ended.ends.iter().filter_map(|end| match end {
        Performed::Poll { after, .. } => Some(after.as_secs()),
        _ => None,
    });
    let polls: Vec<u64> = polls.collect();
    assert!(polls.starts_with(&[1, 2, 4, 8, 16, 30]), "{polls:?}");
    ended.is_for_the_operator("the provider shows what is older than what we know");
    assert_eq!(ground.performed("suspend").await, 1);
    ground.end().await;
}

#[tokio::test]
async fn a_provider_that_does_not_let_us_in_is_for_the_operator_in_the_end() {
    let ground = Ground::with("team-storage", 3).await;
    let log = Log::with(&ground).await;
    let provider = OddProvider::with_tokens(|_, _| odd::json(403, "")).await;
    let ended = performs(&log, &provider.client(), &suspends(&log).await).await;
    ended.is_for_the_operator("unauthorised: HTTP status 403");
    assert_eq!(provider.calls().len(), 10);
    ground.end().await;
}

#[tokio::test]
async fn a_list_that_leads_round_in_a_circle_is_for_the_operator_in_the_end() {
    let ground = Ground::with("team-storage", 3).await;
    let log = Log::with(&ground).await;
    let provider = OddProvider::with_tokens(|asked, _| {
        let next = if asked.line.contains("cursor=a") { "b" } else { "a" };
        odd::json(200, &format!(r#"{{"items":[],"next_cursor":"{next}"}}"#))
    })
    .await;
    let run_id = new_op();
    runs::begin_in_tx(&mut log.process.pool.acquire().await.unwrap(), run_id).await.unwrap();
    let ended = performs(&log, &provider.client(), &Effect::Reconcile { run_id }).await;
    ended.is_for_the_operator("undecodable: a cursor that was met before");
    assert_eq!(provider.calls().len(), 30);
    ground.end().await;
}

#[tokio::test]
async fn a_run_that_is_over_lets_the_next_one_begin_at_once() {
    let ground = Ground::with("team-storage", 3).await;
    let log = Log::with(&ground).await;
    let provider = OddProvider::with_tokens(|_, _| odd::json(200, r#"{"items":[],"next_cursor":null}"#)).await;
    let (given_up, first, next, op_id) = (new_op(), new_op(), new_op(), new_op());
    // The oldest waits for nobody but the operator: nothing of it is due.
    for run_id in [given_up, first, next] {
        runs::begin_in_tx(&mut log.process.pool.acquire().await.unwrap(), run_id).await.unwrap();
    }
    let (effect, delay) = (Effect::Reconcile { run_id: next }, Duration::from_hours(1));
    let wanted = Wanted { process: "test", op_id, position: None, correlation_id: None, effect: &effect, delay };
    effects::ask_in_tx(&log.process.pool, &wanted).await.unwrap();
    let ended = performs(&log, &provider.client(), &Effect::Reconcile { run_id: first }).await;
    assert_eq!((ended.state.as_str(), ended.outcome.as_str()), ("done", "0 found, 0 adopted"));
    let sql = "select due_at <= clock_timestamp() from effects where op_id = $1";
    assert!(sqlx::query_scalar::<_, bool>(sql).bind(op_id).fetch_one(&log.world.app).await.unwrap());
    ground.end().await;
}
