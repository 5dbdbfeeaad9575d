//! Gateways that fail before, while and after they do what they are asked. Whatever they say, what we make of it must
//! agree with the money that moved.

use commands::payment::gateway::{Charged, Found, PaymentGateway};
use domain::payment::{PaymentOutcome, UnknownReason};

use crate::ground::{Ground, charge};
use crate::patience::wait_until;

const NO_ANSWER: Charged = Charged::Ended(PaymentOutcome::Unknown(UnknownReason::NoAnswer));
const UNREACHABLE: Charged = Charged::Ended(PaymentOutcome::Unreachable);

#[tokio::test]
async fn only_a_definite_no_is_called_unreachable() {
    let ground = Ground::new().await;
    let cases = [
        ("429", UNREACHABLE, 0),
        ("503", NO_ANSWER, 0),
        ("reset", NO_ANSWER, 0),
        ("500_before", NO_ANSWER, 0),
        ("500_after", NO_ANSWER, 1),
        ("timeout_after", NO_ANSWER, 1),
    ];
    for (name, gateway) in ground.gateways() {
        for (fault, expected, charged) in &cases {
            let before = ground.moved("charge").await.len();
            ground.fault("/", fault).await;
            let asked = charge("12.00");
            assert_eq!(gateway.charge(&asked).await, *expected, "{name} {fault}");
            ground.mend().await;
            wait_until("it is charged", || async {
                (ground.moved("charge").await.len() - before == *charged).then_some(())
            })
            .await;
            let found = match gateway.ask(&asked, None).await {
                Found::Nothing => 0,
                Found::Ended(_, PaymentOutcome::Succeeded) => 1,
                Found::Unaskable if name == "token" => *charged,
                other => panic!("{name} {fault} {other:?}"),
            };
            assert_eq!(found, *charged, "{name} {fault}");
        }
    }
    ground.end().await;
}

#[tokio::test]
async fn a_slow_gateway_is_waited_for_within_reason() {
    let ground = Ground::new().await;
    for (name, gateway) in ground.gateways() {
        for (fault, ms) in [("delay", 300), ("drip", 300)] {
            ground.script(&serde_json::json!({ "match": { "method": "POST" }, "fault": fault, "ms": ms })).await;
            let (outcome, _) = ground.end_of(gateway, &charge("12.00")).await;
            assert_eq!(outcome, PaymentOutcome::Succeeded, "{name} {fault}");
        }
        ground.script(&serde_json::json!({ "match": { "method": "POST" }, "fault": "drip", "ms": 60_000 })).await;
        assert_eq!(gateway.charge(&charge("12.00")).await, NO_ANSWER, "{name}");
    }
    ground.end().await;
}

#[tokio::test]
async fn another_amount_or_currency_than_asked_never_counts_as_paid() {
    let ground = Ground::new().await;
    for fault in ["amount:11.99", "amount:1200", "currency:USD"] {
        ground.fault("/v1/payment-requests", fault).await;
        let (outcome, request) = ground.end_of(&ground.wallet, &charge("12.00")).await;
        assert_eq!(outcome, PaymentOutcome::Unknown(UnknownReason::Mismatch), "{fault}");
        assert!(request.is_some());
        ground.mend().await;
    }
    ground.end().await;
}

#[tokio::test]
async fn questions_that_fail_change_nothing() {
    let ground = Ground::new().await;
    let asked = charge("12.00");
    let (_, request) = ground.end_of(&ground.wallet, &asked).await;
    for fault in ["429", "503", "reset", "500_before", "500_after", "timeout_after"] {
        ground.fault("/v1/payment-requests", fault).await;
        assert_eq!(ground.wallet.ask(&asked, request.as_ref()).await, Found::Unanswered, "{fault}");
        ground.mend().await;
    }
    assert_eq!(
        ground.wallet.ask(&asked, request.as_ref()).await,
        Found::Ended(request.unwrap(), PaymentOutcome::Succeeded)
    );
    assert_eq!(ground.moved("charge").await.len(), 1);
    ground.end().await;
}
