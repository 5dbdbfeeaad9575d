//! A log that cannot keep up says so, and forgets nothing it has taken in.

use commands::{Receipt, Rejection};
use event_log::batcher::{BATCH_COMMANDS, LANES, QUEUE};
use tests::log_world::{Ask, LogWorld, PATIENCE, SetRule, check_log, eventually, persist, rule_events, system};

/// Commands under way at most.
const UNDER_WAY: usize = LANES * BATCH_COMMANDS;
/// More than the queue and the batches under way can hold.
const ASKED: usize = QUEUE + 2 * UNDER_WAY;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_and_then_drains() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let head = world.hold_head().await.unwrap();
    let asked: Vec<_> = (0..ASKED)
        .map(|n| {
            let bus = process.bus.clone();
            tokio::spawn(async move { bus.execute(&system(&format!("key {n}")), &Ask(n.to_string())).await })
        })
        .collect();
    let refused = async || Ok(asked.iter().filter(|one| one.is_finished()).count() >= ASKED - QUEUE - UNDER_WAY);
    eventually("the queue to be full", PATIENCE, refused).await.unwrap();
    // Full for everybody: also for one who wants to write.
    let one_more = process.bus.execute(&system("one more"), &SetRule::nth(1, 1)).await;
    assert!(matches!(one_more, Err(Rejection::Overloaded)), "{one_more:?}");
    head.rollback().await.unwrap();

    let answers: Vec<Result<Receipt, Rejection>> = futures::future::try_join_all(asked).await.unwrap();
    let taken = answers.iter().filter(|answer| answer.is_ok()).count();
    let overloaded = answers.iter().filter(|answer| matches!(answer, Err(Rejection::Overloaded))).count();
    assert_eq!(taken + overloaded, ASKED);
    assert!((QUEUE..=QUEUE + UNDER_WAY).contains(&taken), "{taken} were taken in");
    let kept: i64 = sqlx::query_scalar("select count(*) from command_results").fetch_one(&world.app).await.unwrap();
    assert_eq!(usize::try_from(kept).unwrap(), taken);

    // Who was refused may come back with the same key.
    let again = answers.iter().position(Result::is_err).unwrap();
    let receipt = persist(&process.bus, &system(&format!("key {again}")), &Ask(again.to_string())).await.unwrap();
    assert!(!receipt.replayed);
    let receipt = persist(&process.bus, &system("one more"), &SetRule::nth(1, 1)).await.unwrap();
    assert_eq!((receipt.last_position, receipt.replayed), (1, false));
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn a_large_command_goes_alone_and_the_others_after_it() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let count = 5_000;
    let large = process.batcher.append(rule_events("large", 1, (0, count)).unwrap(), PATIENCE);
    let small = process.batcher.append(rule_events("small", 2, (0, 1)).unwrap(), PATIENCE);
    let (large, small) = tokio::join!(large, small);
    assert_eq!(large.unwrap(), event_log::Verdict::Appended { first: 1, last: count });
    assert_eq!(small.unwrap(), event_log::Verdict::Appended { first: count + 1, last: count + 1 });
    check_log(&world.app).await.unwrap();
}
