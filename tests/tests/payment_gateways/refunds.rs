//! Money that goes back, where a gateway sends any.

use commands::payment::gateway::{PaymentGateway, Refund, RefundFound, Refunding, RequestId};
use domain::payment::PaymentOutcome;
use serde_json::json;

use crate::ground::{Ground, charge, euros, new_id};
use crate::patience::wait_until;

async fn paid(ground: &Ground, amount: &str) -> Refund {
    let asked = charge(amount);
    let (outcome, request) = ground.end_of(&ground.wallet, &asked).await;
    assert_eq!(outcome, PaymentOutcome::Succeeded);
    let (payment_id, amount) = (asked.payment_id, asked.amount);
    Refund { refund_id: new_id(), payment_id, request: request.unwrap(), amount }
}

async fn end_of(ground: &Ground, refund: &Refund) -> RefundFound {
    wait_until("the refund ends", || async {
        let found = ground.wallet.ask_refund(refund).await;
        (found != RefundFound::Open).then_some(found)
    })
    .await
}

#[tokio::test]
async fn a_refund_goes_back_once_under_its_key() {
    let ground = Ground::new().await;
    let refund = Refund { amount: euros("5.00"), ..paid(&ground, "12.00").await };
    assert_eq!(ground.wallet.ask_refund(&refund).await, RefundFound::Nothing);
    for _ in 0..2 {
        assert_eq!(ground.wallet.refund(&refund).await, Refunding::Accepted);
    }
    assert_eq!(end_of(&ground, &refund).await, RefundFound::Succeeded);
    assert_eq!(ground.moved("refund").await, [euros("5.00").amount()]);
    ground.end().await;
}

#[tokio::test]
async fn more_than_is_left_is_refused() {
    let ground = Ground::new().await;
    let whole = paid(&ground, "12.00").await;
    let part = Refund { refund_id: new_id(), amount: euros("7.00"), ..whole.clone() };
    assert_eq!(ground.wallet.refund(&part).await, Refunding::Accepted);
    assert_eq!(ground.wallet.refund(&whole).await, Refunding::Refused);
    assert_eq!(end_of(&ground, &part).await, RefundFound::Succeeded);
    assert_eq!(ground.moved("refund").await, [euros("7.00").amount()]);
    let nowhere = Refund { refund_id: new_id(), request: RequestId::parse("pay_none").unwrap(), ..whole };
    assert_eq!(ground.wallet.refund(&nowhere).await, Refunding::Refused);
    assert_eq!(ground.wallet.ask_refund(&nowhere).await, RefundFound::Unreadable);
    ground.end().await;
}

#[tokio::test]
async fn a_refund_that_fails_moves_nothing() {
    let ground = Ground::new().await;
    let refund = paid(&ground, "12.00").await;
    let script = json!({ "match": { "path": "/v1/payment-requests/*/refunds" }, "fault": "outcome:failed" });
    ground.script(&script).await;
    assert_eq!(ground.wallet.refund(&refund).await, Refunding::Accepted);
    assert_eq!(end_of(&ground, &refund).await, RefundFound::Failed);
    assert!(ground.moved("refund").await.is_empty());
    ground.end().await;
}

#[tokio::test]
async fn only_a_definite_no_says_that_nothing_went_back() {
    let ground = Ground::new().await;
    for (fault, reached, moved) in [
        ("429", false, 0),
        ("503", false, 0),
        ("reset", true, 0),
        ("500_before", true, 0),
        ("500_after", true, 1),
        ("timeout_after", true, 1),
    ] {
        let before = ground.moved("refund").await.len();
        let refund = paid(&ground, "12.00").await;
        ground.fault("/v1/payment-requests/*/refunds", fault).await;
        match ground.wallet.refund(&refund).await {
            Refunding::Unknown => assert!(reached, "{fault}"),
            Refunding::NotReached { .. } => assert!(!reached, "{fault}"),
            other => panic!("{fault} {other:?}"),
        }
        ground.mend().await;
        let found = end_of(&ground, &refund).await;
        let expected = if moved == 1 { RefundFound::Succeeded } else { RefundFound::Nothing };
        assert_eq!((found, ground.moved("refund").await.len() - before), (expected, moved), "{fault}");
    }
    ground.end().await;
}

#[tokio::test]
async fn the_token_gateway_sends_nothing_back() {
    let ground = Ground::new().await;
    let refund = paid(&ground, "12.00").await;
    assert_eq!(ground.token.refund(&refund).await, Refunding::Refused);
    assert_eq!(ground.token.ask_refund(&refund).await, RefundFound::Unanswered);
    assert!(ground.moved("refund").await.is_empty());
    ground.end().await;
}
