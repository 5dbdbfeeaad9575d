//! Two of the same name: one reads, the other waits; whatever becomes of them, each event is applied once.

use std::sync::Arc;

use event_log::{Tail, lease};
use tests::log_world::{LEDGER, Ledger, MirroredLog, PATIENCE, Running, eventually};
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
    let prefix = format!("{node}/");
    let there = async || Ok(owner(world).await.is_some_and(|owner| owner.starts_with(&prefix)));
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
    let sql = "select count(*) > 0 from pg_stat_activity \
               where datname = current_database() and state = 'idle in transaction'";
    let stuck = async || Ok(sqlx::query_scalar(sql).fetch_one(&world.log.admin).await?);
    eventually("the reader to stand still in its transaction", PATIENCE, stuck).await.unwrap();

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
    assert!(owner(&world).await.unwrap().starts_with("test-b/"), "the zombie gave back a lease that it had lost");
}

#[tokio::test]
async fn the_epoch_of_a_lost_lease_renews_and_releases_nothing() {
    let world = MirroredLog::new().await.unwrap();
    let pool = &world.log.app;
    let (ours, theirs) = (lease::Owner::this_process("test-a"), lease::Owner::this_process("test-b"));
    let lost = lease::acquire(pool, LEDGER, &ours, 0).await.unwrap().unwrap();
    assert_eq!(lease::acquire(pool, LEDGER, &theirs, 0).await.unwrap(), None);
    // A process takes its own lease again at once, with a new epoch.
    let held = lease::acquire(pool, LEDGER, &ours, 0).await.unwrap().unwrap();
    assert_eq!(held.epoch, lost.epoch + 1);
    assert!(!lease::renew(pool, LEDGER, lost.epoch).await.unwrap());
    lease::release(pool, LEDGER, lost.epoch).await.unwrap();
    assert_eq!(lease::acquire(pool, LEDGER, &theirs, 0).await.unwrap(), None);
    assert!(lease::renew(pool, LEDGER, held.epoch).await.unwrap());
    lease::release(pool, LEDGER, held.epoch).await.unwrap();
    assert!(lease::acquire(pool, LEDGER, &theirs, 0).await.unwrap().is_some());
}

#[tokio::test]
async fn the_lease_of_a_dead_process_of_this_machine_is_taken_at_once() {
    let world = MirroredLog::new().await.unwrap();
    world.fill(10).await.unwrap();
    let mut gone = std::process::Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    let hold = async |node: &str| {
        sqlx::query(
            "insert into readers (name, owner, lease_until) values ($1, $2, clock_timestamp() + interval '1 hour') \
             on conflict (name) do update set owner = excluded.owner, lease_until = excluded.lease_until",
        )
        .bind(LEDGER)
        .bind(format!("{node}/{}/1", gone.id()))
        .execute(&world.log.app)
        .await
        .unwrap();
    };
    hold("elsewhere").await;
    let ours = lease::Owner::this_process("test-a");
    assert_eq!(
        lease::acquire(&world.log.app, LEDGER, &ours, 0).await.unwrap(),
        None,
        "nobody can tell that it is dead"
    );
    hold("test-a").await;
    let _reader = world.reader_without_mirror();
    owned_by(&world, "test-a").await;
    world.read_to_the_end().await.unwrap();
}
