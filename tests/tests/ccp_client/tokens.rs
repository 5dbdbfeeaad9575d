//! Tokens: fetched once for all, anew once when refused, and never shown.

use std::sync::Arc;

use ccp_adapter::client::CcpClient;
use ccp_adapter::outcome::{Failure, FailureKind, Outcome};
use futures::future::join_all;
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::odd::{OddProvider, is_for_token, json, with_header};

const OP: Uuid = Uuid::from_u128(0x11);

fn accepted() -> crate::odd::Answer {
    json(202, "")
}

async fn cancel(client: &CcpClient) -> Outcome<()> {
    client.cancel_order(OP, "o-1").await
}

#[tokio::test]
async fn credentials_go_to_the_token_endpoint_only() {
    let provider = OddProvider::with_tokens(|_, _| accepted()).await;
    let client = provider.client();
    assert_eq!(cancel(&client).await, Outcome::Done(()));
    assert_eq!(cancel(&client).await, Outcome::Done(()));
    assert_eq!(provider.tokens_asked(), 1, "kept while fresh");
    let asked = provider.asked();
    assert!(is_for_token(&asked[0]));
    assert_eq!(asked[0].body, "grant_type=client_credentials&client_id=cloudsales&client_secret=hush-hush");
    assert!(asked[1..].iter().all(|asked| !format!("{asked:?}").contains("hush-hush")));
}

#[tokio::test]
async fn a_refused_token_is_fetched_anew_once_under_the_same_operation_id() {
    let script = |asked: &crate::odd::Asked, _| match asked.header("authorization") {
        Some("Bearer token-2") => accepted(),
        _ => json(401, ""),
    };
    let provider = OddProvider::with_tokens(script).await;
    assert_eq!(cancel(&provider.client()).await, Outcome::Done(()));
    let calls = provider.calls();
    let keys: Vec<_> = calls.iter().map(|call| call.header("idempotency-key").unwrap().to_owned()).collect();
    assert_eq!(keys, [OP.to_string(), OP.to_string()]);
    assert_eq!(provider.tokens_asked(), 2);
}

#[tokio::test]
async fn a_provider_that_refuses_every_token_is_not_reached() {
    for status in [401, 403] {
        let provider = OddProvider::with_tokens(move |_, _| json(status, "")).await;
        let expected = Failure::new(FailureKind::Unauthorised, format!("HTTP status {status}"));
        assert_eq!(cancel(&provider.client()).await, Outcome::NotReached(expected));
        assert!(provider.calls().len() <= 2);
    }
}

#[tokio::test]
async fn many_calls_fetch_one_token() {
    let provider = OddProvider::with_tokens(|_, _| accepted()).await;
    let client = provider.client();
    let outcomes = join_all((0..30).map(|_| cancel(&client))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Done(())));
    assert_eq!((provider.tokens_asked(), provider.calls().len()), (1, 30));
}

#[tokio::test]
async fn many_calls_refused_together_fetch_one_new_token() {
    let script = |asked: &crate::odd::Asked, _| match asked.header("authorization") {
        Some("Bearer token-1") => json(401, ""),
        _ => accepted(),
    };
    let provider = OddProvider::with_tokens(script).await;
    let client = provider.client();
    let start = Arc::new(Barrier::new(20));
    let calls = (0..20).map(|_| {
        let (client, start) = (client.clone(), start.clone());
        tokio::spawn(async move {
            start.wait().await;
            cancel(&client).await
        })
    });
    for outcome in join_all(calls).await {
        assert_eq!(outcome.unwrap(), Outcome::Done(()));
    }
    assert_eq!(provider.tokens_asked(), 2);
}

#[tokio::test]
async fn no_token_means_not_reached_and_waiting_calls_share_the_failure() {
    let cases = [(401, FailureKind::Unauthorised), (429, FailureKind::Throttled), (500, FailureKind::ServerError)];
    for (status, kind) in cases {
        let provider = OddProvider::start(move |_, _| with_header(status, "retry-after: 3", "")).await;
        let client = provider.client();
        for outcome in join_all((0..20).map(|_| cancel(&client))).await {
            let Outcome::NotReached(failure) = outcome else { panic!("{outcome:?}") };
            assert_eq!(failure.kind, kind);
            assert!(!failure.detail.contains("hush"), "{}", failure.detail);
        }
        assert_eq!((provider.tokens_asked(), provider.calls().len()), (1, 0), "status {status}");
    }
}

#[tokio::test]
async fn a_short_lived_token_is_fetched_anew_before_it_ends() {
    let provider = OddProvider::start(|asked, _| match is_for_token(asked) {
        true => json(200, r#"{"access_token":"t","expires_in":0}"#),
        false => accepted(),
    })
    .await;
    let client = provider.client();
    assert_eq!(cancel(&client).await, Outcome::Done(()));
    assert_eq!(cancel(&client).await, Outcome::Done(()));
    assert_eq!(provider.tokens_asked(), 2);
}
