//! Two of the same name: one reads, the other waits; whatever becomes of them, each event is applied once.

use std::sync::Arc;
use std::time::Duration;

use event_log::{Tail, lease};
use tests::log_world::{LEDGER, Ledger, LogProcess, MirroredLog, PATIENCE, Running, eventually, impatient};
use tokio::sync::Semaphore;

async fn owner(world: &MirroredLog) -> Option<String> {
    sqlx::query_scalar("select owner from readers where name = $1")
        .bind(LEDGER)
        .fetch_optional(&world.log.app)
        .await
        .unwrap()
        .flatten()
}

async fn owned_by(world: &MirroredLog, node: &str) {
    let there = async || Ok(owner(world).await.is_some_and(|owner| lease::node_of(&owner) == node));
    eventually(&format!("{node} to take the lease"), PATIENCE, there).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twins_apply_each_event_once_also_when_one_of_them_is_killed() {
    let world = MirroredLog::new().await.unwrap();
    let _relay = world.relay();
    let (tail, _following) = world.tail();
    let first = world.reader(&tail, "test-a", Ledger::open());
    owned_by(&world, "test-a").await;
    let second = world.reader(&tail, "test-b", Ledger::open());
    world.fill(500).await.unwrap();
    world.read_to_the_end().await.unwrap();

    // Killed somewhere under load; the lease is not given back and has to run out.
    world.fill(250).await.unwrap();
    first.kill().await;
    world.fill(250).await.unwrap();
    owned_by(&world, "test-b").await;
    world.read_to_the_end().await.unwrap();

    // One that ends in order is followed at once.
    let third: Running = world.reader(&tail, "test-c", Ledger::open());
    second.stop().await;
    owned_by(&world, "test-c").await;
    world.fill(100).await.unwrap();
    world.read_to_the_end().await.unwrap();
    drop(third);
    let sums: (i64, i64) =
        sqlx::query_as("select events, positions from ledger_sums").fetch_one(&world.log.app).await.unwrap();
    assert_eq!(sums, (1_100, 1_100 * 1_101 / 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_zombie_writes_hits_nothing() {
    let world = MirroredLog::new().await.unwrap();
    world.fill(100).await.unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let zombie = world.reader(&Tail::new(), "test-a", Ledger::behind(&gate));
    owned_by(&world, "test-a").await;
    // It has read the events and written its rows, and then it stands still for longer than its lease holds.
    world.log.stands_still().await.unwrap();

    let _successor = world.reader(&Tail::new(), "test-b", Ledger::open());
    owned_by(&world, "test-b").await;
    world.read_to_the_end().await.unwrap();
    gate.add_permits(1_000);
    let awake = async || Ok(gate.available_permits() < 1_000);
    eventually("the zombie to go on", PATIENCE, awake).await.unwrap();
    world.fill(50).await.unwrap();
    world.read_to_the_end().await.unwrap();
    zombie.stop().await;
    world.fill(50).await.unwrap();
    world.read_to_the_end().await.unwrap();
    let owner = owner(&world).await.unwrap();
    assert_eq!(lease::node_of(&owner), "test-b", "the zombie gave back a lease that it had lost");
}

#[tokio::test]
async fn the_epoch_of_a_lost_lease_renews_and_releases_nothing() {
    let world = MirroredLog::new().await.unwrap();
    let pool = &world.log.app;
    let (ours, theirs) = (lease::Owner::this_process("test-a"), lease::Owner::this_process("test-b"));
    let lost = lease::acquire(pool, LEDGER, &ours, 1).await.unwrap().unwrap();
    assert_eq!(lease::acquire(pool, LEDGER, &theirs, 1).await.unwrap(), None);
    // A process takes its own lease again at once, with a new epoch.
    let held = lease::acquire(pool, LEDGER, &ours, 1).await.unwrap().unwrap();
    assert_eq!(held.epoch, lost.epoch + 1);
    assert!(!lease::renew(pool, LEDGER, &lost).await.unwrap());
    lease::release(pool, LEDGER, lost.epoch).await.unwrap();
    assert_eq!(lease::acquire(pool, LEDGER, &theirs, 1).await.unwrap(), None);
    assert!(lease::renew(pool, LEDGER, &held).await.unwrap());
    lease::release(pool, LEDGER, held.epoch).await.unwrap();
    assert!(lease::acquire(pool, LEDGER, &theirs, 1).await.unwrap().is_some());
}

/// A process of the older build goes on while the newer one starts.
#[tokio::test]
async fn rows_of_a_newer_build_are_left_to_it() {
    let world = MirroredLog::new().await.unwrap();
    let pool = &world.log.app;
    let (older, newer) = (lease::Owner::this_process("test-a"), lease::Owner::this_process("test-b"));
    let held = lease::acquire(pool, LEDGER, &older, 1).await.unwrap().unwrap();
    // As a rebuild leaves it.
    let sql = "update readers set version = 2, generation = 2, epoch = epoch + 1, lease_until = null where name = $1";
    sqlx::query(sql).bind(LEDGER).execute(pool).await.unwrap();
    assert!(!lease::renew(pool, LEDGER, &held).await.unwrap());
    assert_eq!(lease::acquire(pool, LEDGER, &older, 1).await.unwrap(), None);
    let held = lease::acquire(pool, LEDGER, &newer, 2).await.unwrap().unwrap();
    assert_eq!(held.generation, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_loses_its_lease_over_its_batches_takes_smaller_ones() {
    let world = MirroredLog::new().await.unwrap();
    world.fill(400).await.unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let _reader = world.reader(&Tail::new(), "test-a", Ledger::behind(&gate));
    let held = async || {
        let sql = "select epoch, position from readers where name = $1";
        let held: (i64, i64) = sqlx::query_as(sql).bind(LEDGER).fetch_one(&world.log.app).await.unwrap();
        held
    };
    owned_by(&world, "test-a").await;
    // It takes 5,000 events at most to begin with, and half as many after each loss.
    for _ in 0..4 {
        world.log.stands_still().await.unwrap();
        let raise = "update readers set epoch = epoch + 1 where name = $1 returning epoch";
        let epoch: i64 = sqlx::query_scalar(raise).bind(LEDGER).fetch_one(&world.log.app).await.unwrap();
        eventually("the reader to begin anew", PATIENCE, async || Ok(held().await.0 > epoch)).await.unwrap();
    }
    gate.add_permits(1);
    eventually("the reader to move on", PATIENCE, async || Ok(held().await.1 > 0)).await.unwrap();
    assert_eq!(held().await.1, 312);
    gate.add_permits(1_000);
    world.read_to_the_end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_never_ends_is_begun_anew() {
    let mut world = MirroredLog::new().await.unwrap();
    let pool = impatient(&world.log.urls.app, 4, Duration::from_millis(250)).await.unwrap();
    world.process = LogProcess::on(pool, &world.log.urls.app).unwrap();
    world.fill(10).await.unwrap();
    let gate = Arc::new(Semaphore::new(0));
    let _reader = world.reader(&Tail::new(), "test-a", Ledger::behind(&gate));
    let begun_anew = async || {
        let sql = "select coalesce(max(epoch), 0) >= 2 from readers where name = $1";
        Ok(sqlx::query_scalar(sql).bind(LEDGER).fetch_one(&world.log.app).await?)
    };
    eventually("the reader to give it up", PATIENCE, begun_anew).await.unwrap();
    gate.add_permits(1_000);
    world.read_to_the_end().await.unwrap();
}

/// As a crash of Postgres does to what was committed without waiting for the disk.
async fn take_back(world: &MirroredLog, events: i64) {
    let mut tx = world.log.owner.begin().await.unwrap();
    let since: i64 =
        sqlx::query_scalar("update readers set position = position - $2 where name = $1 returning position")
            .bind(LEDGER)
            .bind(events)
            .fetch_one(&mut *tx)
            .await
            .unwrap();
    let gone = sqlx::query("delete from ledger_rows where position > $1").bind(since).execute(&mut *tx).await.unwrap();
    assert_eq!(i64::try_from(gone.rows_affected()).unwrap(), events);
    let sums = "update ledger_sums set (events, positions) = (select count(*), sum(position)::bigint from ledger_rows)";
    sqlx::query(sums).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_reader_whose_rows_are_taken_back_applies_them_again() {
    let world = MirroredLog::new().await.unwrap();
    world.fill(10).await.unwrap();
    let _reader = world.reader_without_mirror();
    world.read_to_the_end().await.unwrap();
    take_back(&world, 3).await;
    // Nothing is appended meanwhile.
    let again = async || Ok(Ledger::check(&world.log.app).await.is_ok());
    eventually("the reader to notice", PATIENCE, again).await.unwrap();
    assert_eq!(world.log.head().await.unwrap(), 10);
}

/// The reader notices, and nobody is told that it still shows what is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_position_that_was_taken_back_waits_until_it_is_there_again() {
    let world = MirroredLog::new().await.unwrap();
    world.fill(10).await.unwrap();
    let gate = Arc::new(Semaphore::new(1));
    let _reader = world.reader(&Tail::new(), "test-a", Ledger::behind(&gate));
    world.read_to_the_end().await.unwrap();
    take_back(&world, 3).await;
    world.log.stands_still().await.unwrap();
    let shows = async |patience| world.freshness.wait(&world.log.app, LEDGER, 10, patience).await.unwrap();
    assert!(!shows(Duration::ZERO).await);
    gate.add_permits(1);
    assert!(shows(PATIENCE).await);
    Ledger::check(&world.log.app).await.unwrap();
}

#[tokio::test]
async fn the_lease_of_a_dead_process_of_this_machine_is_taken_at_once() {
    let world = MirroredLog::new().await.unwrap();
    world.fill(10).await.unwrap();
    let mut gone = std::process::Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    let hold = async |node: &str| {
        let place = lease::Owner::this_process(node).code();
        let place = place.split('/').next().unwrap();
        sqlx::query(
            "insert into readers (name, owner, lease_until) values ($1, $2, clock_timestamp() + interval '1 hour') \
             on conflict (name) do update set owner = excluded.owner, lease_until = excluded.lease_until",
        )
        .bind(LEDGER)
        .bind(format!("{place}/{}/1", gone.id()))
        .execute(&world.log.app)
        .await
        .unwrap();
    };
    hold("elsewhere").await;
    let ours = lease::Owner::this_process("test-a");
    assert_eq!(
        lease::acquire(&world.log.app, LEDGER, &ours, 1).await.unwrap(),
        None,
        "nobody can tell that it is dead"
    );
    hold("test-a").await;
    let _reader = world.reader_without_mirror();
    owned_by(&world, "test-a").await;
    world.read_to_the_end().await.unwrap();
}
