//! What is refused leaves no trace; what is granted leaves one, even without an event.

use commands::bus::ReceiptBody;
use commands::{Context, Rejection};
use domain::{Actor, Refusal, Role};
use event_log::AppendError;
use event_log::append::{self, Verdict};
use sqlx::{Connection, PgConnection};
use tests::log_world::{
    Ask, LogWorld, SetRule, check_log, customer, operator, rows_of, rule_events, rule_stream, system,
};
use uuid::Uuid;

async fn outcomes(world: &LogWorld) -> i64 {
    sqlx::query_scalar("select count(*) from command_results").fetch_one(&world.app).await.unwrap()
}

async fn personal_records(world: &LogWorld) -> i64 {
    sqlx::query_scalar("select count(*) from personal_data").fetch_one(&world.app).await.unwrap()
}

fn by(role: Role, key: &str) -> Context {
    Context { actor: Actor { subject: "someone".to_owned(), role, customer_id: None }, ..operator(key) }
}

#[tokio::test]
async fn a_refusal_writes_nothing_and_leaves_the_key_free() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let mut wrong = customer("Acme");
    wrong.details.reseller = Some(Uuid::from_u128(404));
    let refused = process.bus.execute(&operator("key"), &wrong).await;
    assert!(matches!(refused, Err(Rejection::Refused(Refusal::ResellerUnknown))), "{refused:?}");
    let forbidden = process.bus.execute(&by(Role::Auditor, "key"), &customer("Acme")).await;
    assert!(matches!(forbidden, Err(Rejection::Forbidden)), "{forbidden:?}");
    let absent = process.bus.execute(&operator("key"), &Ask(String::new())).await;
    assert!(matches!(absent, Err(Rejection::Forbidden)), "an operator may not what only the product may: {absent:?}");
    assert_eq!((world.head().await.unwrap(), outcomes(&world).await, personal_records(&world).await), (0, 0, 0));

    let receipt = process.bus.execute(&operator("key"), &customer("Acme")).await.unwrap();
    assert_eq!((receipt.status, receipt.last_position, receipt.replayed), (201, 1, false));
    assert_eq!(personal_records(&world).await, 1);

    // The key is taken now; what would be refused is answered as it was.
    let again = process.bus.execute(&operator("key"), &wrong).await.unwrap();
    assert_eq!((again.status, again.last_position, again.replayed), (201, 1, true));
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn a_refusal_on_an_old_state_is_decided_again_on_the_present_one() {
    let world = LogWorld::new().await.unwrap();
    let (first, second) = (world.process().await.unwrap(), world.process().await.unwrap());
    let mut end_customer = customer("End customer");
    let mut reseller = customer("Reseller");
    reseller.details.kind = domain::customer::CustomerKind::Reseller;
    end_customer.details.reseller = Some(reseller.details.customer_id);
    let early = first.bus.execute(&operator("early"), &end_customer).await;
    assert!(matches!(early, Err(Rejection::Refused(Refusal::ResellerUnknown))), "{early:?}");
    second.bus.execute(&operator("reseller"), &reseller).await.unwrap();
    let receipt = first.bus.execute(&operator("early"), &end_customer).await.unwrap();
    assert_eq!((receipt.status, receipt.last_position), (201, 2));
}

#[tokio::test]
async fn a_success_without_events_is_kept_under_its_key() {
    let world = LogWorld::new().await.unwrap();
    let (first, second) = (world.process().await.unwrap(), world.process().await.unwrap());
    first.bus.execute(&system("set"), &SetRule::nth(1, 5)).await.unwrap();
    let nothing_new = first.bus.execute(&system("set again"), &SetRule::nth(1, 5)).await.unwrap();
    assert_eq!((nothing_new.last_position, nothing_new.replayed), (1, false));
    assert!(matches!(&nothing_new.answer, ReceiptBody::Resource { version: 1, .. }), "{nothing_new:?}");

    let asked = first.bus.execute(&system("ask"), &Ask("why".to_owned())).await.unwrap();
    assert_eq!((asked.status, asked.last_position), (202, 1));
    first.bus.execute(&system("later"), &SetRule::nth(1, 6)).await.unwrap();
    assert_eq!((world.head().await.unwrap(), outcomes(&world).await), (2, 4));

    // Asked again elsewhere, after the world has moved on, both are answered as they were.
    let again = second.bus.execute(&system("set again"), &SetRule::nth(1, 5)).await.unwrap();
    assert_eq!((&again.answer, again.last_position, again.replayed), (&nothing_new.answer, 1, true));
    let again = second.bus.execute(&system("ask"), &Ask("why".to_owned())).await.unwrap();
    assert_eq!((again.status, again.last_position, again.replayed), (202, 1, true));
    let (ReceiptBody::Other(then), ReceiptBody::Other(now)) = (&asked.answer, &again.answer) else {
        panic!("{again:?}")
    };
    assert_eq!(then, now);
    assert_eq!((world.head().await.unwrap(), outcomes(&world).await), (2, 4));
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn one_spoiled_command_of_a_batch_fails_alone() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let mut batch: Vec<_> = (1..=5).map(|n| rule_events(&format!("key {n}"), n, (0, 1)).unwrap()).collect();
    batch[2].events[0].payload = format!("{{\"PriceRuleSet\":\"{}\"}}", "x".repeat(256 << 10));

    let head = world.hold_head().await.unwrap();
    let plug = process.batcher.submit(rule_events("plug", 9, (0, 1)).unwrap()).unwrap();
    world.blocked(1).await.unwrap();
    let answers: Vec<_> = batch.into_iter().map(|one| process.batcher.submit(one).unwrap()).collect();
    head.rollback().await.unwrap();
    plug.await.unwrap().unwrap();
    let answers: Vec<_> = futures::future::try_join_all(answers).await.unwrap();
    let appended = |position| Ok(Verdict::Appended { first: position, last: position });
    assert_eq!(answers, [appended(2), appended(3), Err(AppendError::Rejected), appended(4), appended(5)]);
    assert_eq!(world.head().await.unwrap(), 5);

    // Its key is free, and the batcher goes on.
    let retried = process.batcher.append(rule_events("key 3", 3, (0, 1)).unwrap(), tests::log_world::PATIENCE).await;
    assert_eq!(retried, appended(6));
    check_log(&world.app).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_too_large_is_an_inner_error_for_its_caller_alone() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let names = (0..20).map(|n| if n == 7 { "x".repeat(300_000) } else { format!("customer {n}") });
    let registrations = names.enumerate().map(|(n, name)| {
        let bus = process.bus.clone();
        tokio::spawn(async move { bus.execute(&operator(&format!("key {n}")), &customer(&name)).await })
    });
    let answers = futures::future::try_join_all(registrations).await.unwrap();
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(matches!(answer, Err(Rejection::Internal)), n == 7, "{n}: {answer:?}");
        assert_eq!(answer.is_ok(), n != 7, "{n}: {answer:?}");
    }
    assert!(rows_of(&world.app, operator("key 7").key.id()).await.unwrap().is_empty());
    assert_eq!((outcomes(&world).await, personal_records(&world).await), (19, 19));
    let stored = append::stored_outcome(&world.app, operator("key 7").key.id()).await.unwrap();
    assert_eq!(stored, None);
    check_log(&world.app).await.unwrap();
}

/// Alone, among others, and judged one by one: each way writes events by a statement of its own.
#[tokio::test]
async fn an_event_that_cannot_be_is_refused_on_every_way_into_the_log() {
    let world = LogWorld::new().await.unwrap();
    let mut connection = PgConnection::connect(&world.urls.app).await.unwrap();
    let too_large = || {
        let mut one = rule_events("too large", 1, (0, 1)).unwrap();
        one.events[0].payload = format!("{{\"PriceRuleSet\":\"{}\"}}", "x".repeat(256 << 10));
        one
    };
    let before_the_first = || rule_events("before the first", 1, (-1, 1)).unwrap();
    let bystander = || rule_events("bystander", 2, (0, 1)).unwrap();
    // What is read after it was written in the same batch is judged one by one.
    let entangled = || {
        let mut one = rule_events("entangled", 3, (0, 1)).unwrap();
        one.reads = vec![(rule_stream(2), 1)];
        one
    };
    // Judged one by one, what would be before the first event is a conflict, since it does not come next.
    let batches = [
        vec![too_large()],
        vec![before_the_first()],
        vec![bystander(), too_large()],
        vec![bystander(), before_the_first()],
        vec![bystander(), entangled(), too_large()],
    ];
    for (n, batch) in batches.iter().enumerate() {
        let refused = append::append(&mut connection, batch).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
        assert_eq!(code, "23514", "batch {n}: {refused}");
    }
    assert_eq!((world.head().await.unwrap(), outcomes(&world).await), (0, 0));
    let both = append::append(&mut connection, &[bystander(), entangled()]).await.unwrap();
    assert_eq!(both, [1, 2].map(|position| Verdict::Appended { first: position, last: position }));
    check_log(&world.app).await.unwrap();
}
