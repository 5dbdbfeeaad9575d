//! What the provider is asked to change, and what it answers.

use ccp_adapter::client::ChangeAtProvider;
use ccp_adapter::outcome::{FailureKind, Outcome};
use ccp_adapter::translate::{ProviderOperationStatus, ProviderSubscription, ProviderSubscriptionStatus};
use chrono::Months;

use crate::at_simulator::{Ground, done, lost_answer, new_op};
use crate::odd::{OddProvider, json};

fn seats(subscription: &ProviderSubscription) -> Vec<String> {
    subscription.seats.iter().map(|seat| seat.seat_id.clone()).collect()
}

fn to(quantity: u32) -> ChangeAtProvider {
    ChangeAtProvider::Quantity { quantity, remove_seats: Vec::new() }
}

#[tokio::test]
async fn seats_come_and_the_named_ones_go() {
    let ground = Ground::with("team-storage", 3).await;
    let before = ground.shown().await;
    let more = ground.change(to(5)).await;
    assert_eq!((more.quantity, more.seats.len(), more.revision), (5, 5, before.revision + 1));
    assert_eq!(seats(&more)[..3], seats(&before));
    let named = seats(&more)[1].clone();
    let fewer = ground.change(ChangeAtProvider::Quantity { quantity: 3, remove_seats: vec![named.clone()] }).await;
    assert_eq!((fewer.quantity, fewer.seats.len()), (3, 3));
    assert!(!seats(&fewer).contains(&named));
    ground.end().await;
}

#[tokio::test]
async fn a_subscription_is_suspended_resumed_extended_and_cancelled() {
    let ground = Ground::with("team-storage", 2).await;
    let suspended = ground.change(ChangeAtProvider::Suspend).await;
    assert_eq!(suspended.status, ProviderSubscriptionStatus::Suspended);
    assert_eq!(ground.change(ChangeAtProvider::Resume).await.status, ProviderSubscriptionStatus::Active);
    let ends_on = suspended.ends_on + Months::new(2);
    assert_eq!(ground.change(ChangeAtProvider::Extend { ends_on }).await.ends_on, ends_on);
    let told = ground.change(ChangeAtProvider::Renewal { auto_renew: false, quantity: None }).await;
    assert!(!told.auto_renew);
    let cancelled = ground.change(ChangeAtProvider::Cancel).await;
    assert_eq!(cancelled.status, ProviderSubscriptionStatus::Cancelled);
    ground.end().await;
}

#[tokio::test]
async fn a_definite_no_says_why_in_our_words() {
    let ground = Ground::with("compute-reserved", 2).await;
    let ends_on = ground.shown().await.starts_on;
    let cases = [
        (ChangeAtProvider::Resume, "invalid-state"),
        (ChangeAtProvider::Cancel, "window-closed"),
        (to(1), "window-closed"),
        (to(1_000_000), "quantity-limit"),
        (ChangeAtProvider::Extend { ends_on }, "invalid-date"),
        (ChangeAtProvider::Quantity { quantity: 1, remove_seats: vec!["seat-0".to_owned()] }, "invalid-seats"),
    ];
    for (change, code) in cases {
        match ground.ask(new_op(), &change).await {
            Outcome::Refused(refused) => assert_eq!(refused.code, code, "{change:?}"),
            other => panic!("{change:?}: {other:?}"),
        }
    }
    for unknown in ["sub-0", "..", ""] {
        let outcome = ground.client.change_subscription(new_op(), unknown, &ChangeAtProvider::Suspend).await;
        assert!(matches!(&outcome, Outcome::Refused(refused) if refused.code == "not-found"), "{outcome:?}");
        assert_eq!(ground.client.operation(unknown).await.unwrap(), None);
    }
    ground.end().await;
}

#[tokio::test]
async fn a_lost_answer_is_given_again_under_the_same_operation_id() {
    for fault in ["500_after", "timeout_after", "reset"] {
        let ground = Ground::with("team-storage", 2).await;
        ground.fault(lost_answer(fault)).await;
        let op = new_op();
        let lost = ground.ask(op, &to(4)).await;
        assert!(matches!(lost, Outcome::Unknown(_)), "{fault}: {lost:?}");
        let operation = done(ground.ask(op, &to(4)).await);
        let status = ground.settled(&operation).await;
        assert!(matches!(status, ProviderOperationStatus::Succeeded { .. }), "{status:?}");
        assert_eq!(done(ground.ask(op, &to(4)).await), operation, "also when it is long over");
        assert_eq!((ground.shown().await.quantity, ground.performed("change_quantity").await), (4, 1), "{fault}");
        ground.end().await;
    }
}

#[tokio::test]
async fn what_was_accepted_may_still_fail() {
    let ground = Ground::with("team-storage", 2).await;
    let first = done(ground.ask(new_op(), &ChangeAtProvider::Suspend).await);
    let second = done(ground.ask(new_op(), &ChangeAtProvider::Suspend).await);
    assert!(matches!(ground.settled(&first).await, ProviderOperationStatus::Succeeded { .. }));
    let failed = ProviderOperationStatus::Failed { reason: "invalid-state".to_owned() };
    assert_eq!(ground.settled(&second).await, failed);
    ground.end().await;
}

#[tokio::test]
async fn odd_answers_about_operations_are_no_answer() {
    let provider = OddProvider::with_tokens(|asked, _| match asked.line.as_str() {
        "PATCH /v1/subscriptions/s-1" => json(202, r#"{"operation":"op-1"}"#),
        "PUT /v1/subscriptions/s-1/renewal" => json(202, r#"{"operation_id":"op-1"}"#),
        "GET /v1/operations/op-1" => json(200, r#"{"operation_id":"op-2","status":"running","subscription_id":"s-1"}"#),
        "GET /v1/operations/op-3" => json(503, ""),
        _ => json(404, ""),
    })
    .await;
    let client = provider.client();
    let lost = client.change_subscription(new_op(), "s-1", &to(7)).await;
    assert!(matches!(&lost, Outcome::Unknown(failure) if failure.kind == FailureKind::Undecodable), "{lost:?}");
    let renewal = ChangeAtProvider::Renewal { auto_renew: true, quantity: Some(3) };
    let op = new_op();
    assert_eq!(done(client.change_subscription(op, "s-1", &renewal).await), "op-1");
    let calls = provider.calls();
    assert_eq!(calls[0].body, r#"{"quantity":7}"#);
    assert_eq!(calls[1].body, r#"{"auto_renew":true,"quantity":3}"#);
    assert_eq!(calls[1].header("idempotency-key"), Some(op.to_string().as_str()));
    assert_eq!(client.operation("op-1").await.unwrap_err().kind, FailureKind::Undecodable);
    assert_eq!(client.operation("op-3").await.unwrap_err().kind, FailureKind::ServerError);
    assert_eq!(client.operation("op-9").await.unwrap(), None);
}
