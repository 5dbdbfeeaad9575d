//! One key, one effect, one answer, however often and wherever it is asked.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use commands::bus::ReceiptBody;
use commands::payment::pay_all;
use commands::{Answer, Bus, Command, Context, Failure, Operation, Receipt, Rejection, Work};
use domain::Refusal;
use futures::StreamExt;
use futures::future::{join_all, poll_immediate};
use tests::log_world::{
    LogProcess, LogWorld, PATIENCE, SetRule, check_log, eventually, operator, persist, rows_of, system,
};
use tests::proxy::Proxy;
use tokio::sync::Semaphore;

const KEYS: usize = 1_000;
const RACERS: usize = 8;
/// Several keys meet on one stream.
const STREAMS: usize = 250;
/// Keys asked for at the same time.
const IN_FLIGHT: usize = 100;

fn request(n: usize) -> (Context, SetRule) {
    (system(&format!("key {n}")), SetRule::nth(n % STREAMS, u32::try_from(n).unwrap() + 1))
}

fn told(receipt: &Receipt) -> (u16, ReceiptBody, i64) {
    (receipt.status, receipt.answer.clone(), receipt.last_position)
}

async fn race(buses: [Bus; 2], n: usize) -> Vec<Receipt> {
    let racers = (0..RACERS).map(|racer| {
        let bus = buses[racer % 2].clone();
        tokio::spawn(async move {
            let (context, command) = request(n);
            persist(&bus, &context, &command).await.unwrap()
        })
    });
    futures::future::try_join_all(racers).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_keys_take_effect_once_although_answers_are_lost() {
    let world = LogWorld::new().await.unwrap();
    let proxy = Proxy::before(&world.urls.app).await.unwrap();
    let through = proxy.url(&world.urls.app).unwrap();
    let first = LogProcess::start(&world.urls.app, &through).await.unwrap();
    let second = LogProcess::start(&world.urls.app, &through).await.unwrap();
    proxy.cut_every(2);

    let buses = [first.bus.clone(), second.bus.clone()];
    let racing = futures::stream::iter(0..KEYS).map(|n| race(buses.clone(), n));
    let answers: Vec<Vec<Receipt>> = racing.buffered(IN_FLIGHT).collect().await;
    assert!(proxy.lost() >= 10, "only {} answers were lost", proxy.lost());
    proxy.cut_every(0);

    check_log(&world.app).await.unwrap();
    let effects: Vec<(i64, i64)> = sqlx::query_as(
        "select r.last_position, count(e.position) from command_results r left join events e on e.command_id = r.id \
         group by r.id order by 1",
    )
    .fetch_all(&world.app)
    .await
    .unwrap();
    assert_eq!(effects.len(), KEYS);
    assert!(effects.iter().all(|(_, events)| *events == 1), "a key without effect, or with two");

    for (n, receipts) in answers.iter().enumerate() {
        assert!(receipts.iter().all(|receipt| told(receipt) == told(&receipts[0])), "key {n}: {receipts:?}");
        let first_answers = receipts.iter().filter(|receipt| !receipt.replayed).count();
        assert!(first_answers <= 1, "key {n} was answered as new {first_answers} times");
    }
    refuse_other_requests(&second.bus).await;
    assert_eq!(world.head().await.unwrap(), i64::try_from(KEYS).unwrap());
}

/// The same keys with other requests, all at once.
async fn refuse_other_requests(bus: &Bus) {
    let refusals = (0..KEYS).map(|n| {
        let bus = bus.clone();
        tokio::spawn(async move {
            let (mut context, command) = request(n);
            context.key.fingerprint = vec![2];
            persist(&bus, &context, &command).await
        })
    });
    for refusal in futures::future::try_join_all(refusals).await.unwrap() {
        assert!(matches!(refusal, Err(Rejection::KeyReused)), "{refusal:?}");
    }
}

/// Counts how often it was decided; each time it waits to be let on.
struct Counted<'a> {
    rule: SetRule,
    decided: &'a AtomicU32,
    gate: &'a Semaphore,
    refuses: bool,
}

impl Command for Counted<'_> {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        self.decided.fetch_add(1, Ordering::SeqCst);
        let _held = self.gate.acquire().await;
        if self.refuses {
            return Err(Refusal::AmountOverflow.into());
        }
        self.rule.run(work).await
    }
}

#[tokio::test]
async fn racers_of_one_process_wait_for_the_first_while_the_log_holds_it_up() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let (decided, gate) = (AtomicU32::new(0), Semaphore::new(RACERS));
    let command = Counted { rule: SetRule::nth(1, 7), decided: &decided, gate: &gate, refuses: false };
    let key = system("raced for");
    let head = world.hold_head().await.unwrap();
    let mut racing = join_all((0..RACERS).map(|_| process.bus.execute(&key, &command)));
    tokio::select! {
        answers = &mut racing => panic!("the log was held: {answers:?}"),
        blocked = world.blocked(1) => blocked.unwrap(),
    }
    head.rollback().await.unwrap();
    let answers: Vec<Receipt> = racing.await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|receipt| told(receipt) == told(&answers[0])), "{answers:?}");
    assert_eq!(answers.iter().filter(|receipt| !receipt.replayed).count(), 1);
    assert_eq!(decided.load(Ordering::SeqCst), 1, "only the first was decided");
    assert_eq!(rows_of(&world.app, key.key.id()).await.unwrap().len(), 1);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn who_has_waited_long_enough_is_told_to_come_back() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let impatient = process.bus.clone().with_patience(Duration::from_millis(20));
    let (key, all) = (system("slow"), operator("pay all"));
    let head = world.hold_head().await.unwrap();
    let command = SetRule::nth(1, 7);
    let mut first = Box::pin(async { tokio::join!(process.bus.execute(&key, &command), pay_all(&process.bus, &all)) });
    tokio::select! {
        answers = &mut first => panic!("the log was held: {answers:?}"),
        blocked = world.blocked(1) => blocked.unwrap(),
    }
    let second = impatient.execute(&key, &command).await;
    assert!(matches!(second, Err(Rejection::InProgress)), "{second:?}");
    head.rollback().await.unwrap();
    let (first, paid) = first.await;
    let again = impatient.execute(&key, &command).await.unwrap();
    assert_eq!((told(&again), again.replayed), (told(&first.unwrap()), true));
    let again = pay_all(&impatient, &all).await.unwrap();
    assert_eq!((again.answer, again.replayed), (paid.unwrap().answer, true));
    assert_eq!(world.head().await.unwrap(), 1);
}

#[tokio::test]
async fn everything_is_paid_for_one_request_at_a_time() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let impatient = process.bus.clone().with_patience(Duration::ZERO);
    let key = operator("pay all");
    let mut first = Box::pin(pay_all(&process.bus, &key));
    // It looks for what it has kept, and has its turn from there on.
    assert!(poll_immediate(&mut first).await.is_none());
    let second = pay_all(&impatient, &key).await;
    assert!(matches!(second, Err(Rejection::InProgress)), "{second:?}");
    let receipt = first.await.unwrap();
    let again = pay_all(&impatient, &key).await.unwrap();
    assert_eq!((told(&again), again.replayed), (told(&receipt), true));
}

#[tokio::test]
async fn the_next_goes_on_when_the_first_is_refused_or_goes_away() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let (decided, gate) = (AtomicU32::new(0), Semaphore::new(0));
    let refused = Counted { rule: SetRule::nth(1, 7), decided: &decided, gate: &gate, refuses: true };
    let good = Counted { refuses: false, ..refused };
    let key = system("left free");

    let mut gone = Box::pin(process.bus.execute(&key, &refused));
    assert!(poll_immediate(&mut gone).await.is_none());
    let mut second = Box::pin(process.bus.execute(&key, &refused));
    assert!(poll_immediate(&mut second).await.is_none());
    assert_eq!(decided.load(Ordering::SeqCst), 1, "one at a time");
    drop(gone);
    let next = async || Ok(decided.load(Ordering::SeqCst) == 2);
    tokio::select! {
        answer = &mut second => panic!("the gate was closed: {answer:?}"),
        reached = eventually("the second to have its turn", PATIENCE, next) => reached.unwrap(),
    }
    let mut third = Box::pin(process.bus.execute(&key, &good));
    assert!(poll_immediate(&mut third).await.is_none());
    gate.add_permits(RACERS);
    let (second, third) = tokio::join!(second, third);
    let refused = matches!(second, Err(Rejection::Refused(Refusal::AmountOverflow)));
    assert!(refused, "{second:?}");
    assert_eq!(third.map(|receipt| (receipt.last_position, receipt.replayed)).unwrap(), (1, false));
}
