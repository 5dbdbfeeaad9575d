//! What holds of every gateway.

use commands::payment::gateway::{Charge, Charged, Found, PaymentGateway};
use domain::payment::{DeclineReason, PaymentOutcome, UnknownReason};
use uuid::Uuid;

use crate::ground::{Ground, charge, euros, token_at, wallet_at};
use crate::patience::wait_until;

/// The token gateway has no later in which something could expire.
fn expired(gateway: &str) -> PaymentOutcome {
    if gateway == "wallet" { PaymentOutcome::Expired } else { PaymentOutcome::Declined(DeclineReason::Other) }
}

#[tokio::test]
async fn every_amount_comes_to_its_outcome_and_only_successes_are_charged() {
    let ground = Ground::new().await;
    for (name, gateway) in ground.gateways() {
        let before = ground.moved("charge").await.len();
        let cases = [
            ("12.00", PaymentOutcome::Succeeded),
            ("0.99", PaymentOutcome::Succeeded),
            ("123456789.10", PaymentOutcome::Succeeded),
            ("12.11", PaymentOutcome::Declined(DeclineReason::InsufficientBalance)),
            ("12.12", PaymentOutcome::Declined(DeclineReason::CustomerNotFound)),
            ("12.13", PaymentOutcome::Declined(DeclineReason::CurrencyMismatch)),
            ("12.14", PaymentOutcome::Unreachable),
            ("12.16", expired(name)),
        ];
        for (amount, expected) in cases {
            let (outcome, _) = ground.end_of(gateway, &charge(amount)).await;
            assert_eq!(outcome, expected, "{name} {amount}");
        }
        assert_eq!(
            ground.moved("charge").await[before..],
            ["12.00", "0.99", "123456789.10"].map(|amount| euros(amount).amount()),
            "{name}"
        );
    }
    ground.end().await;
}

#[tokio::test]
async fn an_answer_that_never_comes_is_unknown_although_it_was_charged() {
    let ground = Ground::new().await;
    for (name, gateway) in ground.gateways() {
        let before = ground.moved("charge").await.len();
        let asked = charge("30.15");
        let unknown = Charged::Ended(PaymentOutcome::Unknown(UnknownReason::NoAnswer));
        assert_eq!(gateway.charge(&asked).await, unknown, "{name}");
        wait_until("it is charged", || async { (ground.moved("charge").await.len() == before + 1).then_some(()) })
            .await;
        match gateway.ask(&asked, None).await {
            Found::Ended(_, outcome) => assert_eq!((name, outcome), ("wallet", PaymentOutcome::Succeeded)),
            Found::Unaskable => assert_eq!(name, "token"),
            other => panic!("{name} {other:?}"),
        }
        assert_eq!(ground.moved("charge").await.len(), before + 1, "asking charges nothing");
    }
    ground.end().await;
}

#[tokio::test]
async fn who_is_not_let_in_charges_nothing_and_learns_nothing() {
    let ground = Ground::new().await;
    let (wallet, token) = (wallet_at(&ground.url(), "wrong"), token_at(&format!("{}/token/", ground.url()), "wrong"));
    let asked = charge("12.00");
    let unreachable = Charged::Ended(PaymentOutcome::Unreachable);
    assert_eq!((wallet.charge(&asked).await, token.charge(&asked).await), (unreachable.clone(), unreachable));
    assert_eq!(wallet.ask(&asked, None).await, Found::Unanswered);
    assert!(ground.moved("charge").await.is_empty());
    ground.end().await;
}

#[tokio::test]
async fn under_one_key_a_wallet_charges_once() {
    let ground = Ground::new().await;
    let asked = charge("12.00");
    let (first, again) = (ground.wallet.charge(&asked).await, ground.wallet.charge(&asked).await);
    assert_eq!(first, again);
    let (outcome, _) = ground.end_of(&ground.wallet, &asked).await;
    assert_eq!((outcome, ground.moved("charge").await.len()), (PaymentOutcome::Succeeded, 1));
    ground.end().await;
}

#[tokio::test]
async fn what_was_never_sent_is_not_found_and_another_attempt_on_the_same_invoice_is_not_taken_for_it() {
    let ground = Ground::new().await;
    let paid = charge("12.00");
    assert_eq!(ground.wallet.ask(&paid, None).await, Found::Nothing);
    let (outcome, request) = ground.end_of(&ground.wallet, &paid).await;
    let other = Charge { payment_id: Uuid::from_u128(1), ..paid };
    assert_eq!(ground.wallet.ask(&other, None).await, Found::Nothing);
    assert_eq!(ground.wallet.ask(&other, request.as_ref()).await, Found::Unreadable, "not under our name for it");
    assert_eq!(ground.wallet.ask(&paid, None).await, Found::Ended(request.unwrap(), outcome));
    ground.end().await;
}
