//! Who decides on what has changed meanwhile decides again, or is told.

use std::sync::atomic::{AtomicU32, Ordering};

use commands::bus::ReceiptBody;
use commands::{Receipt, Rejection};
use domain::price_rule::{Formula, PriceRuleRules};
use event_log::append::{self, Verdict};
use rust_decimal::Decimal;
use sqlx::{Connection, PgConnection};
use tests::log_world::{
    LogProcess, LogWorld, RuleWhileBusy, SetRule, check_log, customer, operator, persist, rule_events, rule_stream,
    scope, system,
};

fn version(receipt: &Receipt) -> i64 {
    let ReceiptBody::Resource { version, .. } = &receipt.answer else { panic!("no resource") };
    *version
}

async fn world() -> (LogWorld, LogProcess, LogProcess) {
    let world = LogWorld::new().await.unwrap();
    let (first, second) = (world.process().await.unwrap(), world.process().await.unwrap());
    (world, first, second)
}

async fn percent(process: &LogProcess, n: usize) -> Decimal {
    let state = process.bus.state_at::<PriceRuleRules>(&rule_stream(n).id, i64::MAX).await.unwrap();
    match state.state.rule(scope(n).stream()).unwrap().formula {
        Formula::MarkupOnCost { percent } => percent,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_name_the_same_version_one_wins() {
    let (world, first, second) = world().await;
    first.bus.execute(&system("first"), &SetRule::nth(1, 1)).await.unwrap();
    let racers = (0..16_u32).map(|n| {
        let bus = [&first, &second][n as usize % 2].bus.clone();
        tokio::spawn(async move {
            let mut context = system(&format!("racer {n}"));
            context.if_match = Some(vec![1]);
            bus.execute(&context, &SetRule::nth(1, 100 + n)).await
        })
    });
    let answers = futures::future::try_join_all(racers).await.unwrap();
    let winners: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(winners.iter().map(|receipt| version(receipt)).collect::<Vec<_>>(), [2]);
    let stale = answers.iter().filter(|answer| matches!(answer, Err(Rejection::Stale))).count();
    assert_eq!(stale, 15, "{answers:?}");

    // The winner's own retry is no new attempt: it gets its answer again.
    let won = answers.iter().position(Result::is_ok).unwrap();
    let mut context = system(&format!("racer {won}"));
    context.if_match = Some(vec![1]);
    let again = second.bus.execute(&context, &SetRule::nth(1, 100 + u32::try_from(won).unwrap())).await.unwrap();
    assert_eq!((version(&again), again.last_position, again.replayed), (2, 2, true));
    assert_eq!(world.head().await.unwrap(), 2);
}

#[tokio::test]
async fn a_process_that_has_missed_a_change_decides_again() {
    let (world, first, second) = world().await;
    for n in 0..10 {
        let ours = first.bus.execute(&system(&format!("first {n}")), &SetRule::nth(1, 2 * n + 1)).await.unwrap();
        // The second process remembers the version before.
        let theirs = second.bus.execute(&system(&format!("second {n}")), &SetRule::nth(1, 2 * n + 2)).await.unwrap();
        assert_eq!((version(&ours), version(&theirs)), (2 * i64::from(n) + 1, 2 * i64::from(n) + 2));
        assert_eq!(percent(&first, 1).await, Decimal::from(2 * n + 2));
    }
    check_log(&world.app).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_change_the_same_thing_both_get_through() {
    let (world, first, second) = world().await;
    let writers = (0..16_usize).map(|writer| {
        let bus = [&first, &second][writer % 2].bus.clone();
        tokio::spawn(async move {
            for n in 0..20 {
                let percent = u32::try_from(writer * 20 + n).unwrap() + 1;
                persist(&bus, &system(&format!("{writer} {n}")), &SetRule::nth(1, percent)).await.unwrap();
            }
        })
    });
    futures::future::try_join_all(writers).await.unwrap();
    assert_eq!(world.head().await.unwrap(), 16 * 20);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_was_only_read_must_still_hold_when_it_is_written() {
    let (world, first, second) = world().await;
    let acme = customer("Acme");
    first.bus.execute(&operator("register"), &acme).await.unwrap();
    let command = RuleWhileBusy {
        customer_id: acme.details.customer_id,
        rule: SetRule::nth(1, 0),
        other: &second.bus,
        busy: 1,
        attempts: AtomicU32::new(0),
    };
    let receipt = first.bus.execute(&system("dependent"), &command).await.unwrap();
    assert_eq!(command.attempts.load(Ordering::SeqCst), 2);
    assert_eq!((version(&receipt), receipt.last_position), (1, 3));
    assert_eq!(percent(&first, 1).await, Decimal::from(60), "decided on what no longer held");
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn who_loses_every_time_is_told_and_has_written_nothing() {
    let (world, first, second) = world().await;
    let acme = customer("Acme");
    first.bus.execute(&operator("register"), &acme).await.unwrap();
    let mut command = RuleWhileBusy {
        customer_id: acme.details.customer_id,
        rule: SetRule::nth(1, 0),
        other: &second.bus,
        busy: u32::MAX,
        attempts: AtomicU32::new(0),
    };
    let outcome = first.bus.execute(&system("unlucky"), &command).await;
    assert!(matches!(outcome, Err(Rejection::Contention)), "{outcome:?}");
    let attempts = command.attempts.load(Ordering::SeqCst);
    assert_eq!(attempts, 4, "the first try and three more");
    assert_eq!(world.head().await.unwrap(), 1 + i64::from(attempts));

    command.busy = 0;
    let receipt = first.bus.execute(&system("unlucky"), &command).await.unwrap();
    assert_eq!((version(&receipt), receipt.replayed), (1, false));
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn two_commands_of_a_batch_cannot_each_overlook_the_other() {
    let world = LogWorld::new().await.unwrap();
    let mut connection = PgConnection::connect(&world.urls.app).await.unwrap();
    // Each reads what the other writes: one after the other, the later one would have seen the earlier one's event.
    let mut ours = rule_events("ours", 1, (0, 1)).unwrap();
    ours.reads = vec![(rule_stream(2), 0)];
    let mut theirs = rule_events("theirs", 2, (0, 1)).unwrap();
    theirs.reads = vec![(rule_stream(1), 0)];
    let verdicts = append::append(&mut connection, &[ours, theirs]).await.unwrap();
    assert_eq!(verdicts, [Verdict::Appended { first: 1, last: 1 }, Verdict::Conflict]);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_was_decided_on_a_pending_state_falls_with_it_though_its_version_has_come_to_be() {
    let world = LogWorld::new().await.unwrap();
    let mut connection = PgConnection::connect(&world.urls.app).await.unwrap();
    append::append(&mut connection, &[rule_events("somebody else", 1, (0, 1)).unwrap()]).await.unwrap();
    // Both were decided before that was known: the second on what the first was going to write.
    let first = rule_events("first", 1, (0, 1)).unwrap();
    let mut second = rule_events("second", 1, (1, 1)).unwrap();
    second.depends_on = vec![first.ticket.clone()];
    let mut reader = rule_events("reader", 2, (0, 1)).unwrap();
    (reader.reads, reader.depends_on) = (vec![(rule_stream(1), 1)], vec![first.ticket.clone()]);
    let mut third = rule_events("third", 2, (1, 1)).unwrap();
    third.depends_on = vec![reader.ticket.clone()];
    let bystander = rule_events("bystander", 3, (0, 1)).unwrap();
    let verdicts = append::append(&mut connection, &[first, second, reader, third, bystander]).await.unwrap();
    let conflict = Verdict::Conflict;
    let written = Verdict::Appended { first: 2, last: 2 };
    assert_eq!(verdicts, [conflict.clone(), conflict.clone(), conflict.clone(), conflict, written]);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn a_command_of_several_streams_is_written_whole_or_not_at_all() {
    let world = LogWorld::new().await.unwrap();
    let mut connection = PgConnection::connect(&world.urls.app).await.unwrap();
    append::append(&mut connection, &[rule_events("before", 2, (0, 1)).unwrap()]).await.unwrap();
    let mut both = rule_events("both", 1, (0, 2)).unwrap();
    both.events.extend(rule_events("both", 2, (0, 1)).unwrap().events);
    let follower = rule_events("follower", 1, (2, 1)).unwrap();
    let bystander = rule_events("bystander", 3, (0, 1)).unwrap();
    let verdicts = append::append(&mut connection, &[both, follower, bystander]).await.unwrap();
    // The second stream has moved on; what was decided on the first one's pending state falls with it.
    assert_eq!(verdicts, [Verdict::Conflict, Verdict::Conflict, Verdict::Appended { first: 2, last: 2 }]);

    let mut both = rule_events("both", 1, (0, 2)).unwrap();
    both.events.extend(rule_events("both", 2, (1, 1)).unwrap().events);
    let follower = rule_events("follower", 1, (2, 1)).unwrap();
    let verdicts = append::append(&mut connection, &[both, follower]).await.unwrap();
    assert_eq!(verdicts, [Verdict::Appended { first: 3, last: 5 }, Verdict::Appended { first: 6, last: 6 }]);
    check_log(&world.app).await.unwrap();
}

/// It goes a shorter way through the log than many together.
#[tokio::test]
async fn a_command_that_comes_alone_is_judged_like_any_other() {
    let world = LogWorld::new().await.unwrap();
    let mut connection = PgConnection::connect(&world.urls.app).await.unwrap();
    let reading = |key: &str, n: usize, reads: Vec<_>| {
        let mut one = rule_events(key, n, (0, 1)).unwrap();
        one.reads = reads.into_iter().map(|(n, version)| (rule_stream(n), version)).collect();
        one
    };
    let written = |position| Verdict::Appended { first: position, last: position };
    let cases = [
        ("begins a stream", reading("first", 1, vec![]), written(1)),
        ("goes on with it", rule_events("second", 1, (1, 1)).unwrap(), written(2)),
        ("has missed an event of its stream", rule_events("late", 1, (1, 1)).unwrap(), Verdict::Conflict),
        ("has missed an event of what it read", reading("stale", 2, vec![(3, 0), (1, 1)]), Verdict::Conflict),
        ("has read what is so", reading("current", 2, vec![(1, 2), (3, 0)]), written(3)),
        ("decides again under the same key", reading("stale", 3, vec![(1, 2), (2, 1)]), written(4)),
    ];
    for (what, one, expected) in cases {
        assert_eq!(append::append(&mut connection, &[one]).await.unwrap(), [expected], "{what}");
    }
    // A key that was used before says so, whatever else would stand against the command.
    for again in [rule_events("second", 1, (2, 1)).unwrap(), reading("second", 4, vec![(1, 0)])] {
        let verdicts = append::append(&mut connection, &[again]).await.unwrap();
        let [Verdict::Done(kept)] = verdicts.as_slice() else { panic!("{verdicts:?}") };
        assert_eq!((kept.version, kept.first_position, kept.last_position), (2, 2, 2));
    }
    assert_eq!(world.head().await.unwrap(), 4);
    check_log(&world.app).await.unwrap();
}
