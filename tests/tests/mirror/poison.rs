//! An event that no reader of this build understands.

use std::sync::Arc;

use commands::Rejection;
use event_log::append::{self, Verdict};
use event_log::lease::Owner;
use event_log::reader::Runner;
use event_log::release::{self, Released};
use event_log::source::Source;
use event_log::{ApplyError, Reader, Recorded, Submission, Tail};
use futures::future::BoxFuture;
use sqlx::{Connection, PgConnection};
use tests::log_world::{
    LEDGER, Ledger, MirroredLog, PATIENCE, SetRule, eventually, persist, rule_events, rule_stream, system,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Events of the poisoned stream, by way of the append function alone: the bus refuses to decide on it.
async fn append_poison(world: &MirroredLog, key: &str, after: i64, name: Option<&'static str>) -> i64 {
    let mut submission = rule_events(key, 400, (after, 1)).unwrap();
    if let Some(name) = name {
        submission.events[0].event_type = name;
        submission.events[0].payload = format!("{{\"{name}\":{{}}}}");
    }
    let mut connection = PgConnection::connect(&world.log.urls.app).await.unwrap();
    let verdicts = append::append(&mut connection, &[submission]).await.unwrap();
    let [Verdict::Appended { last, .. }] = verdicts[..] else { panic!("{verdicts:?}") };
    last
}

/// Events of several streams, seen all at once or not at all.
async fn append_together(world: &MirroredLog, submissions: &[Submission]) {
    let mut connection = PgConnection::connect(&world.log.urls.app).await.unwrap();
    let verdicts = append::append(&mut connection, submissions).await.unwrap();
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Appended { .. })), "{verdicts:?}");
}

async fn at(world: &MirroredLog) -> i64 {
    let sql = "select coalesce(max(position), 0) from readers where name = $1";
    sqlx::query_scalar(sql).bind(LEDGER).fetch_one(&world.log.app).await.unwrap()
}

async fn parked(world: &MirroredLog) -> Vec<(i64, String, String)> {
    sqlx::query_as("select position, aggregate_id, reason from dead_letters where reader = 'ledger' order by position")
        .fetch_all(&world.log.app)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_event_parks_its_aggregate_and_nothing_else() {
    let world = MirroredLog::new().await.unwrap();
    let _relay = world.relay();
    let (tail, _following) = world.tail();
    world.fill(60).await.unwrap();
    append_poison(&world, "good", 0, None).await;
    let poison = append_poison(&world, "poison", 1, Some("PriceRuleTeleported")).await;
    world.fill(60).await.unwrap();
    let behind = append_poison(&world, "behind it", 2, None).await;
    // The bad event and what follows it come in one batch with many good ones.
    let _reader = world.reader(&tail, "test-a", Ledger::open());
    world.read_to_the_end().await.unwrap();
    let stream = rule_stream(400).id;
    let letters = parked(&world).await;
    assert_eq!(letters.iter().map(|letter| letter.0).collect::<Vec<_>>(), [poison, behind]);
    assert!(letters.iter().all(|letter| letter.1 == stream), "{letters:?}");
    assert!(letters[0].2.contains("PriceRuleTeleported"), "{}", letters[0].2);

    // In later batches, too, and after the mirror.
    let later = append_poison(&world, "later", 3, None).await;
    world.fill(60).await.unwrap();
    world.read_to_the_end().await.unwrap();
    let positions: Vec<i64> = parked(&world).await.iter().map(|letter| letter.0).collect();
    assert_eq!(positions, [poison, behind, later]);
    let applied: i64 = sqlx::query_scalar("select events from ledger_sums").fetch_one(&world.log.app).await.unwrap();
    assert_eq!(applied, world.log.head().await.unwrap() - 3);
    world.check_mirror().await.unwrap();

    // Nobody decides on what cannot be read either; others are served.
    let refused = world.process.bus.execute(&system("decide"), &SetRule::nth(400, 9)).await;
    assert!(matches!(refused, Err(Rejection::Internal)), "{refused:?}");
    persist(&world.process.bus, &system("others"), &SetRule::nth(401, 9)).await.unwrap();
    world.read_to_the_end().await.unwrap();
}

/// Event by event is slow: what was applied so is committed before the lease is over, and the rest goes in batches again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_event_far_ahead_makes_nobody_apply_all_before_it_one_by_one() {
    let world = MirroredLog::new().await.unwrap();
    world.fill(600).await.unwrap();
    let poison = append_poison(&world, "poison", 0, Some("PriceRuleTeleported")).await;
    let gate = Arc::new(Semaphore::new(200));
    let _reader = world.reader(&Tail::new(), "test-a", Ledger::behind(&gate));
    eventually("the first events to be kept", PATIENCE, async || Ok(at(&world).await == 200)).await.unwrap();
    gate.add_permits(1);
    eventually("the next to be kept in one go", PATIENCE, async || Ok(at(&world).await == 400)).await.unwrap();
    gate.add_permits(1_000);
    world.read_to_the_end().await.unwrap();
    assert_eq!(parked(&world).await.iter().map(|letter| letter.0).collect::<Vec<_>>(), [poison]);
}

#[tokio::test]
async fn what_the_database_refuses_for_one_event_parks_that_aggregate_alone() {
    let world = MirroredLog::new().await.unwrap();
    // A read model that cannot take one of the events, as by an overflow.
    let sql = format!(
        "alter table ledger_rows add constraint no_room check (aggregate_id <> '{}' or sequence < 2)",
        rule_stream(0).id
    );
    sqlx::query(&sql).execute(&world.log.owner).await.unwrap();
    world.fill(150).await.unwrap();
    let _reader = world.reader_without_mirror();
    world.read_to_the_end().await.unwrap();
    let letters = parked(&world).await;
    assert_eq!(letters.iter().map(|letter| letter.0).collect::<Vec<_>>(), [51, 101]);
    assert!(letters[0].2.contains("no_room"), "{}", letters[0].2);
}

/// A ledger whose code panics over one stream.
struct Clumsy(Ledger);

impl Reader for Clumsy {
    fn name(&self) -> &'static str {
        LEDGER
    }

    fn concerns(&self, event: &Recorded) -> bool {
        assert!(event.aggregate_id != rule_stream(9).id, "a stream it stumbles over at first sight");
        true
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            self.0.apply(tx, generation, events).await?;
            assert!(events.iter().all(|event| event.aggregate_id != rule_stream(7).id), "a stream it stumbles over");
            Ok(())
        })
    }
}

/// A panic would end the task that moves the reader, and with it all that waits for that reader.
#[tokio::test]
async fn an_event_that_the_code_panics_over_parks_that_aggregate_alone() {
    let world = MirroredLog::new().await.unwrap();
    let pool = world.process.pool.clone();
    let runner = Runner {
        reader: Arc::new(Clumsy(Ledger::open())),
        pool: pool.clone(),
        source: Source::new(pool, Tail::new(), world.process.batcher.committed()),
        freshness: world.freshness.clone(),
        owner: Owner::this_process("test-a"),
    };
    let stop = CancellationToken::new();
    let reading = tokio::spawn(runner.run(stop.clone()));
    // Fifty streams, one event of each after the other.
    world.fill(150).await.unwrap();
    world.read_to_the_end().await.unwrap();
    let letters = parked(&world).await;
    assert_eq!(letters.iter().map(|letter| letter.0).collect::<Vec<_>>(), [8, 58, 108]);
    assert!(letters[0].2.contains("panics"), "{}", letters[0].2);
    stop.cancel();
    reading.await.unwrap();
}

/// A missing grant is no event's fault: nothing is parked, and once it is there the reader goes on by itself.
#[tokio::test]
async fn what_the_database_refuses_for_every_event_is_waited_for() {
    let world = MirroredLog::new().await.unwrap();
    sqlx::query("revoke insert on ledger_rows from cloudsales_app").execute(&world.log.owner).await.unwrap();
    world.fill(20).await.unwrap();
    let _reader = world.reader_without_mirror();
    // Each attempt takes the lease anew.
    let tried = async || {
        let epoch: Option<i64> = sqlx::query_scalar("select epoch from readers where name = $1")
            .bind(LEDGER)
            .fetch_optional(&world.log.app)
            .await?;
        Ok(epoch.is_some_and(|epoch| epoch >= 3))
    };
    eventually("the reader to have tried again", PATIENCE, tried).await.unwrap();
    assert_eq!(parked(&world).await, []);
    sqlx::query("grant insert on ledger_rows to cloudsales_app").execute(&world.log.owner).await.unwrap();
    world.read_to_the_end().await.unwrap();
    assert_eq!(parked(&world).await, []);
}

/// The last parked event of an aggregate is given up while the reader is in the middle of parking the next one behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stays_parked_behind_what_was_given_up() {
    let world = MirroredLog::new().await.unwrap();
    let gate = Arc::new(Semaphore::new(1_000));
    let _reader = world.reader(&Tail::new(), "test-a", Ledger::behind(&gate));
    let poison = append_poison(&world, "poison", 0, Some("PriceRuleTeleported")).await;
    eventually("the poison to be parked", PATIENCE, async || Ok(at(&world).await == poison)).await.unwrap();
    assert_eq!(parked(&world).await.len(), 1);
    gate.forget_permits(1_000);

    // With an event of another stream, for which the reader stands still.
    let together = [rule_events("behind it", 400, (1, 1)).unwrap(), rule_events("other", 401, (0, 1)).unwrap()];
    append_together(&world, &together).await;
    world.log.stands_still().await.unwrap();
    let number: i64 = sqlx::query_scalar("select id from dead_letters where position = $1")
        .bind(poison)
        .fetch_one(&world.log.app)
        .await
        .unwrap();
    let letter = release::find(&world.log.app, number).await.unwrap().unwrap();
    release::forget(&mut world.log.app.acquire().await.unwrap(), &letter, poison).await.unwrap();
    assert_eq!(release::release(&world.log.app, &Ledger::open(), &letter).await.unwrap(), Released::Nothing);

    gate.add_permits(1_000);
    let head = world.log.head().await.unwrap();
    eventually("the reader to go on", PATIENCE, async || Ok(at(&world).await == head)).await.unwrap();
    assert_eq!(parked(&world).await, []);
    let applied: Vec<i64> =
        sqlx::query_scalar("select position from ledger_rows order by n").fetch_all(&world.log.app).await.unwrap();
    assert_eq!(applied, [poison + 1, poison + 2]);
}
