//! One key, one effect, one answer, however often and wherever it is asked.

use commands::{Bus, Context, Receipt, Rejection};
use futures::StreamExt;
use tests::log_world::{LogProcess, LogWorld, SetRule, check_log, persist, system};
use tests::proxy::Proxy;

const KEYS: usize = 1_000;
const RACERS: usize = 8;
/// Several keys meet on one stream.
const STREAMS: usize = 250;
/// Keys asked for at the same time.
const IN_FLIGHT: usize = 100;

fn request(n: usize) -> (Context, SetRule) {
    (system(&format!("key {n}")), SetRule::nth(n % STREAMS, u32::try_from(n).unwrap() + 1))
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
        let told = |receipt: &Receipt| (receipt.status, receipt.answer.clone(), receipt.last_position);
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
