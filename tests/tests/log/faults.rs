//! Connections that break, before and after the commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use commands::Rejection;
use commands::customer::CloseCustomer;
use commands::effects::{self, Due, Performed, Performer, Wake, Wanted, Worker};
use domain::process::{Effect, Lane};
use event_log::lease::Owner;
use event_log::{Submission, Verdict};
use futures::future::BoxFuture;
use tests::log_world::{
    LogProcess, LogWorld, PATIENCE, SetRule, at_rest, check_log, customer, eventually, impatient, look_again, operator,
    persist, rows_of, rule_events, system,
};
use tests::proxy::Proxy;
use tests::world::random_bytes;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Appends all of them in one batch: while the head is held, the first waits for it and the others in the queue.
async fn in_one_batch(world: &LogWorld, process: &LogProcess, batch: Vec<Submission>) -> Vec<Verdict> {
    let head = world.hold_head().await.unwrap();
    let mut receivers = vec![process.batcher.submit(rule_events("plug", 999, (0, 1)).unwrap())];
    world.blocked(1).await.unwrap();
    receivers.extend(batch.into_iter().map(|one| process.batcher.submit(one)));
    head.rollback().await.unwrap();
    let mut verdicts = Vec::new();
    for receiver in receivers {
        verdicts.push(receiver.unwrap().await.unwrap().unwrap());
    }
    verdicts.split_off(1)
}

fn batch() -> Vec<Submission> {
    (0..5).map(|n| rule_events(&format!("key {n}"), n, (0, 1 + i64::try_from(n).unwrap())).unwrap()).collect()
}

#[tokio::test]
async fn a_batch_whose_answer_is_lost_is_sent_again_and_answered_as_it_was() {
    let world = LogWorld::new().await.unwrap();
    let proxy = Proxy::before(&world.urls.app).await.unwrap();
    let process = LogProcess::start(&world.urls.app, &proxy.url(&world.urls.app).unwrap()).await.unwrap();

    // The plug's commit is the first, the batch's the second.
    proxy.cut_every(2);
    let verdicts = in_one_batch(&world, &process, batch()).await;
    assert_eq!(proxy.lost(), 1);
    assert_eq!(proxy.commits(), 3);

    let mut next = 2;
    for (verdict, submission) in verdicts.into_iter().zip(batch()) {
        let Verdict::Done(stored) = verdict else { panic!("not answered from what was kept: {verdict:?}") };
        let count = i64::try_from(submission.events.len()).unwrap();
        assert_eq!((stored.first_position, stored.last_position), (next, next + count - 1));
        assert_eq!((stored.status, stored.version, stored.fingerprint), (200, count, vec![1]));
        next += count;
    }
    assert_eq!(world.head().await.unwrap(), 1 + 1 + 2 + 3 + 4 + 5);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn a_command_whose_answer_is_lost_is_acknowledged_all_the_same() {
    let world = LogWorld::new().await.unwrap();
    let proxy = Proxy::before(&world.urls.app).await.unwrap();
    let process = LogProcess::start(&world.urls.app, &proxy.url(&world.urls.app).unwrap()).await.unwrap();
    let before = process.bus.execute(&system("before"), &SetRule::nth(1, 1)).await.unwrap();

    proxy.cut_after_commits(1);
    let receipt = process.bus.execute(&system("lost"), &SetRule::nth(1, 2)).await.unwrap();
    assert_eq!(proxy.lost(), 1);
    assert_eq!((receipt.status, receipt.last_position), (200, before.last_position + 1));
    assert_eq!(rows_of(&world.app, system("lost").key.id()).await.unwrap(), [(2, 2)]);

    // The process goes on from there, and its memory of states is right.
    let after = process.bus.execute(&system("after"), &SetRule::nth(1, 3)).await.unwrap();
    assert_eq!((after.last_position, after.replayed), (3, false));
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn an_append_waits_for_a_database_that_is_away_for_a_moment() {
    let world = LogWorld::new().await.unwrap();
    let proxy = Proxy::before(&world.urls.app).await.unwrap();
    let process = LogProcess::start(&world.urls.app, &proxy.url(&world.urls.app).unwrap()).await.unwrap();
    process.bus.execute(&system("before"), &SetRule::nth(1, 1)).await.unwrap();

    proxy.refuse(true);
    proxy.cut_all();
    let bus = process.bus.clone();
    let waiting = tokio::spawn(async move { bus.execute(&system("during"), &SetRule::nth(1, 2)).await });
    let refused = async || Ok(proxy.refused() >= 3);
    eventually("the batcher to try in vain", PATIENCE, refused).await.unwrap();
    assert!(!waiting.is_finished());
    proxy.delay(Duration::from_millis(20));
    proxy.refuse(false);
    assert_eq!(waiting.await.unwrap().unwrap().last_position, 2);
    check_log(&world.app).await.unwrap();
}

/// How often sessions are ended at least while somebody writes.
const ROUNDS: u32 = 5;

/// Ends every session of the product, again and again, each time after some progress.
async fn terminate_sessions(world: &LogWorld, done: &AtomicBool, rounds: &AtomicU32) {
    let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
               where datname = current_database() and usename = 'cloudsales_app'";
    let mut next = 40;
    while !done.load(Ordering::SeqCst) {
        let head: i64 = sqlx::query_scalar("select position from log_head").fetch_one(&world.admin).await.unwrap();
        if head >= next {
            sqlx::query(sql).execute(&world.admin).await.unwrap();
            rounds.fetch_add(1, Ordering::SeqCst);
            next = head + 40;
        }
        look_again().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_sessions_lose_and_double_nothing() {
    let world = LogWorld::new().await.unwrap();
    let processes = [world.process().await.unwrap(), world.process().await.unwrap()];
    let (done, rounds) = (AtomicBool::new(false), Arc::new(AtomicU32::new(0)));
    let writers = (0..20).map(|writer| {
        let (bus, rounds) = (processes[writer % 2].bus.clone(), Arc::clone(&rounds));
        tokio::spawn(async move {
            let mut receipts = Vec::new();
            for n in (0..).take_while(|n| *n < 20_u32 || rounds.load(Ordering::SeqCst) < ROUNDS) {
                let key = format!("{writer} {n}");
                // Two writers of different processes share a stream.
                let command = SetRule::nth(writer / 2, u32::try_from(writer).unwrap() * 10_000 + n + 1);
                receipts.push((persist(&bus, &system(&key), &command).await.unwrap(), key));
            }
            receipts
        })
    });
    let writing = async {
        let receipts = futures::future::try_join_all(writers).await.unwrap();
        done.store(true, Ordering::SeqCst);
        receipts
    };
    let (receipts, ()) = tokio::join!(writing, terminate_sessions(&world, &done, &rounds));

    check_log(&world.owner).await.unwrap();
    let receipts: Vec<_> = receipts.into_iter().flatten().collect();
    let head = event_log::page::head(&world.owner).await.unwrap();
    assert_eq!(head, i64::try_from(receipts.len()).unwrap());
    for (receipt, key) in receipts {
        let rows = rows_of(&world.owner, system(&key).key.id()).await.unwrap();
        assert_eq!(rows.iter().map(|(position, _)| *position).collect::<Vec<_>>(), [receipt.last_position], "{key}");
    }
}

/// Longer than anything takes here.
const IMPATIENCE: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_pool_lets_go_of_a_connection_without_a_word() {
    let world = LogWorld::new().await.unwrap();
    let proxy = Proxy::before(&world.urls.app).await.unwrap();
    let pool = impatient(&proxy.url(&world.urls.app).unwrap(), 1, IMPATIENCE).await.unwrap();
    let ask = || event_log::page::head(&pool);
    ask().await.unwrap();
    at_rest(&pool).await.unwrap();
    proxy.silence();
    tokio::time::timeout(IMPATIENCE, ask()).await.unwrap_err();
    eventually("an answer over another connection", PATIENCE, async || Ok(ask().await.is_ok())).await.unwrap();
}

#[tokio::test]
async fn a_command_waits_for_no_answer_that_never_comes() {
    let world = LogWorld::new().await.unwrap();
    let proxy = Proxy::before(&world.urls.app).await.unwrap();
    let pool = impatient(&proxy.url(&world.urls.app).unwrap(), 2, IMPATIENCE).await.unwrap();
    let process = LogProcess::on(pool.clone(), &world.urls.app).unwrap();
    process.bus.execute(&system("before"), &SetRule::nth(1, 1)).await.unwrap();
    at_rest(&pool).await.unwrap();
    proxy.silence();
    // Of another stream, which is not in memory. Whoever asks again is answered over another connection.
    let during = process.bus.execute(&system("during"), &SetRule::nth(2, 1)).await;
    assert!(matches!(during, Err(Rejection::Unavailable)), "{during:?}");
    persist(&process.bus, &system("during"), &SetRule::nth(2, 1)).await.unwrap();
    check_log(&world.app).await.unwrap();
}

/// A closing holds the log's lock while it looks once more at what could keep the customer open. Its process is gone
/// without a word by the time it gets the lock: nobody would ever write again if the server did not end that session.
#[tokio::test]
async fn a_process_that_falls_silent_with_the_lock_lets_the_log_go_on() {
    let world = LogWorld::new().await.unwrap();
    let proxy = Proxy::before(&world.urls.app).await.unwrap();
    let silent = LogProcess::start(&proxy.url(&world.urls.app).unwrap(), &world.urls.app).await.unwrap();
    let other = world.process().await.unwrap();
    let acme = customer("Acme");
    let registered = other.bus.execute(&operator("register"), &acme).await.unwrap();

    let head = world.hold_head().await.unwrap();
    let (key, close) = (operator("close"), CloseCustomer { customer_id: acme.details.customer_id });
    let mut closing = Box::pin(silent.bus.execute(&key, &close));
    tokio::select! {
        answer = &mut closing => panic!("the log was held: {answer:?}"),
        blocked = world.blocked(1) => blocked.unwrap(),
    }
    proxy.silence();
    head.rollback().await.unwrap();
    world.stands_still().await.unwrap();

    let meanwhile = other.bus.execute(&system("meanwhile"), &SetRule::nth(1, 1)).await.unwrap();
    assert_eq!(meanwhile.last_position, registered.last_position + 1, "what had the lock wrote nothing");
    drop(closing);
    let closed = other.bus.execute(&key, &close).await.unwrap();
    assert!(!closed.replayed && closed.last_position > meanwhile.last_position, "{closed:?}");
    check_log(&world.app).await.unwrap();
}

/// Counts what it is asked for.
struct Counter(Arc<AtomicU32>);

impl Performer for Counter {
    fn perform<'a>(&'a self, _due: &'a Due) -> BoxFuture<'a, Performed> {
        Box::pin(async {
            self.0.fetch_add(1, Ordering::SeqCst);
            Performed::Done { outcome: "counted".to_owned() }
        })
    }
}

fn new_id() -> Uuid {
    Uuid::from_slice(&random_bytes(16)).unwrap()
}

/// Waits until so many effects are done, the last of which is asked for now.
async fn performs(world: &LogWorld, count: u32) {
    let effect = &Effect::SettleDunning { invoice_id: new_id() };
    let (op_id, delay) = (new_id(), Duration::ZERO);
    let wanted = Wanted { process: "dun", op_id, position: None, correlation_id: None, effect, delay };
    effects::ask_in_tx(&world.app, &wanted).await.unwrap();
    let sql = "select count(*) = $1 from effects where state = 'done'";
    let done = async || Ok(sqlx::query_scalar(sql).bind(i64::from(count)).fetch_one(&world.app).await?);
    eventually("the effect to be performed", PATIENCE, done).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_without_a_word_stop_no_worker() {
    let world = LogWorld::new().await.unwrap();
    let proxy = Proxy::before(&world.urls.app).await.unwrap();
    let pool = impatient(&proxy.url(&world.urls.app).unwrap(), 3, IMPATIENCE).await.unwrap();
    let performed = Arc::new(AtomicU32::new(0));
    let worker = Worker {
        lane: Lane::Payments,
        pool: pool.clone(),
        performer: Arc::new(Counter(Arc::clone(&performed))),
        wake: Wake::default(),
        new_id,
        owner: Owner::this_process("test"),
    };
    let stop = CancellationToken::new();
    let working = tokio::spawn(worker.run(stop.clone()));
    performs(&world, 1).await;
    at_rest(&pool).await.unwrap();
    proxy.silence();
    performs(&world, 2).await;
    assert_eq!(performed.load(Ordering::SeqCst), 2);
    stop.cancel();
    working.await.unwrap();
}
