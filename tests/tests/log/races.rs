//! Many writers in two processes, and a reader that must see everything in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use commands::bus::ReceiptBody;
use commands::{Bus, Receipt};
use event_log::page;
use sqlx::PgPool;
use tests::log_world::{LogWorld, SetRule, check_log, look_again, persist, rows_of, rule_stream, system};

const WRITERS: usize = 32;
const ON_ONE_STREAM: usize = 10;
const STREAMS: usize = 1_000;

/// Key, command: what one writer asks for, one after another.
type Plan = Vec<(String, SetRule)>;

/// Every writer changes the same rule, each time to something else.
fn one_stream(writer: usize) -> Plan {
    let percents = (0..ON_ONE_STREAM).map(|n| u32::try_from(writer * ON_ONE_STREAM + n).unwrap() + 1);
    percents.map(|percent| (format!("one {percent}"), SetRule::nth(0, percent))).collect()
}

/// The writers share the streams out among themselves.
fn many_streams(writer: usize) -> Plan {
    let streams = (1..=STREAMS).filter(|n| n % WRITERS == writer);
    streams.map(|n| (format!("many {n}"), SetRule::nth(n, 7))).collect()
}

async fn write(bus: Bus, plan: Plan) -> Vec<(String, Receipt)> {
    let mut receipts = Vec::new();
    for (key, command) in plan {
        let receipt = persist(&bus, &system(&key), &command).await.unwrap();
        receipts.push((key, receipt));
    }
    receipts
}

/// Reads on in small pages until the writers are done and the end is reached.
async fn follow(pool: PgPool, done: Arc<AtomicBool>) -> Vec<(i64, String, i64)> {
    let mut seen = Vec::new();
    let mut position = 0;
    loop {
        let was_done = done.load(Ordering::SeqCst);
        let events = page::after(&pool, position, 50).await.unwrap();
        position = events.last().map_or(position, |last| last.position);
        seen.extend(events.iter().map(|event| (event.position, event.aggregate_id.clone(), event.sequence)));
        match (events.is_empty(), was_done) {
            (true, true) => return seen,
            (true, false) => look_again().await,
            (false, _) => {}
        }
    }
}

/// While everybody writes: a session that has seen the log at its beginning and stays open, and one that takes the head
/// again and again, and gives it back only when somebody waits for it.
async fn disturb(world: &LogWorld, done: &AtomicBool) {
    let mut idle = world.owner.begin().await.unwrap();
    sqlx::query("set transaction isolation level repeatable read").execute(&mut *idle).await.unwrap();
    let seen_first: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&mut *idle).await.unwrap();
    for _ in 0..5 {
        if done.load(Ordering::SeqCst) {
            break;
        }
        let mut head = world.hold_head().await.unwrap();
        // Not so at the very end, when nobody writes any more.
        let waiting = world.blocked(1);
        tokio::select! { _ = waiting => {}, () = until(done) => {} }
        sqlx::query("update log_identity set log_id = log_id").execute(&mut *head).await.unwrap();
        head.commit().await.unwrap();
    }
    until(done).await;
    let seen_last: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&mut *idle).await.unwrap();
    assert_eq!(seen_first, seen_last, "the snapshot was not open all the time");
}

async fn until(done: &AtomicBool) {
    while !done.load(Ordering::SeqCst) {
        look_again().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn append_races_leave_no_hole_and_lose_nothing() {
    let world = LogWorld::new().await.unwrap();
    let processes = [world.process().await.unwrap(), world.process().await.unwrap()];
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn(follow(world.app.clone(), Arc::clone(&done)));

    let plans = (0..WRITERS).flat_map(|writer| [(writer, one_stream(writer)), (writer, many_streams(writer))]);
    let writers: Vec<_> = plans.map(|(n, plan)| tokio::spawn(write(processes[n % 2].bus.clone(), plan))).collect();
    let writing = async {
        let receipts = futures::future::try_join_all(writers).await.unwrap();
        done.store(true, Ordering::SeqCst);
        receipts
    };
    let (receipts, ()) = tokio::join!(writing, disturb(&world, &done));

    check_log(&world.app).await.unwrap();
    let expected = i64::try_from(WRITERS * ON_ONE_STREAM + STREAMS).unwrap();
    assert_eq!(world.head().await.unwrap(), expected);

    let seen = reader.await.unwrap();
    let positions: Vec<i64> = seen.iter().map(|(position, _, _)| *position).collect();
    assert_eq!(positions, (1..=expected).collect::<Vec<_>>(), "the reader missed something or saw it twice");

    for (key, receipt) in receipts.into_iter().flatten() {
        let ReceiptBody::Resource { stream, version } = receipt.answer else { panic!("no resource") };
        let rows = rows_of(&world.app, system(&key).key.id()).await.unwrap();
        assert_eq!(rows, [(receipt.last_position, version)], "{key}");
        let there = (receipt.last_position, stream.id.clone(), version);
        assert_eq!(seen[usize::try_from(receipt.last_position).unwrap() - 1], there, "{key}");
    }
    let one = seen.iter().filter(|(_, stream, _)| *stream == rule_stream(0).id).count();
    assert_eq!(one, WRITERS * ON_ONE_STREAM);
}
