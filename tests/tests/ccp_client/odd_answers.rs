//! What a call's outcome is when the provider, or the network, misbehaves.

use std::time::Duration;

use ccp_adapter::client::{CcpClient, OrderAtProvider};
use ccp_adapter::outcome::{Failure, FailureKind, Outcome, RefusedBy};
use ccp_adapter::translate::ProviderOrder;
use tokio::net::TcpSocket;
use uuid::Uuid;

use crate::odd::{Answer, OddProvider, PATIENCE, client_of, json, with_header};

type AnswerMaker = Box<dyn Fn() -> Answer + Send + Sync>;

const OP: Uuid = Uuid::from_u128(0x11);
const ORDER: Uuid = Uuid::from_u128(0x22);

async fn place(client: &CcpClient) -> Outcome<ProviderOrder> {
    let lines = vec![(1, "office-1".to_owned(), 25), (2, "storage-1".to_owned(), 3)];
    client.place_order(OP, &OrderAtProvider { order_id: ORDER, provider_account_id: "acc-1".to_owned(), lines }).await
}

/// Places an order with a provider that gives this answer to everything but requests for tokens.
async fn answered(answer: impl Fn() -> Answer + Send + Sync + 'static) -> (Outcome<ProviderOrder>, OddProvider) {
    let provider = OddProvider::with_tokens(move |_, _| answer()).await;
    (place(&provider.client()).await, provider)
}

fn unknown(outcome: Outcome<ProviderOrder>) -> Failure {
    match outcome {
        Outcome::Unknown(failure) => failure,
        other => panic!("{other:?}"),
    }
}

fn not_reached<T: std::fmt::Debug>(outcome: Outcome<T>) -> Failure {
    match outcome {
        Outcome::NotReached(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_write_carries_its_operation_id_and_says_what_was_agreed() {
    let (outcome, provider) = answered(|| json(202, r#"{"order_id":"o-1","status":"accepted"}"#)).await;
    let Outcome::Done(order) = outcome else { panic!("{outcome:?}") };
    assert_eq!((order.id.as_str(), order.external_ref, order.lines.len()), ("o-1", Some(ORDER), 2));
    let calls = provider.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].line, "POST /v1/orders");
    assert_eq!(calls[0].header("idempotency-key"), Some(OP.to_string().as_str()));
    assert_eq!(calls[0].header("authorization"), Some("Bearer token-1"));
    let sent: serde_json::Value = serde_json::from_str(&calls[0].body).unwrap();
    let expected = serde_json::json!({"external_ref": ORDER, "account_id": "acc-1", "lines": [
        {"line_ref": 1, "sku": "office-1", "quantity": 25}, {"line_ref": 2, "sku": "storage-1", "quantity": 3}]});
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn nobody_listening_is_not_reached() {
    // Bound but not listening: the port is nobody else's meanwhile.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = client_of(&format!("http://{}", socket.local_addr().unwrap()), PATIENCE);
    let failure = not_reached(place(&client).await);
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.detail.contains("refused"), "{}", failure.detail);
    assert_eq!(client.find_order(ORDER).await.unwrap_err().kind, FailureKind::Unreachable);
}

#[tokio::test]
async fn silence_after_sending_is_unknown() {
    let (outcome, provider) = answered(|| Answer::Silence).await;
    let failure = unknown(outcome);
    assert_eq!((failure.kind, failure.detail.as_str()), (FailureKind::Unreachable, "no complete answer in time"));
    assert_eq!(provider.calls().len(), 1, "it was sent once");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_unknown() {
    let half = "HTTP/1.1 202 Accepted\r\ncontent-length: 500\r\n\r\n{\"order_id\":\"o-1\"";
    let bytes = |text: &str| Answer::Bytes(text.as_bytes().to_vec());
    let cases: [(&str, AnswerMaker); 5] = [
        ("hung up", Box::new(|| Answer::HangUp)),
        ("reset", Box::new(|| Answer::Reset)),
        ("half a body", Box::new(move || bytes(half))),
        ("half a status", Box::new(move || bytes("HTTP/1.1 20"))),
        ("no HTTP", Box::new(move || bytes("not HTTP at all\r\n\r\n"))),
    ];
    for (what, answer) in cases {
        let (outcome, provider) = answered(answer).await;
        assert_eq!(unknown(outcome).kind, FailureKind::Unreachable, "{what}");
        assert_eq!(provider.calls().len(), 1, "{what}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_what_was_agreed_is_unknown_and_not_quoted() {
    let bodies = [
        "",
        "<html>SECRET</html>",
        r#"{"order_id":"SECRET"}"#,
        r#"{"order_id":"o-1","status":"SECRET"}"#,
        r#"{"order_id":"o-1","external_ref":"00000000-0000-0000-0000-000000000099","status":"accepted"}"#,
    ];
    for body in bodies {
        let (outcome, _) = answered(move || json(202, body)).await;
        let failure = unknown(outcome);
        assert_eq!(failure.kind, FailureKind::Undecodable, "{body}");
        assert!(!failure.detail.contains("SECRET"), "{}", failure.detail);
    }
}

#[tokio::test]
async fn a_broken_provider_is_unknown_and_a_closed_one_is_not_reached() {
    let (outcome, _) = answered(|| json(500, r#"{"message":"SECRET"}"#)).await;
    assert_eq!(unknown(outcome), Failure::new(FailureKind::ServerError, "HTTP status 500"));
    for (status, kind) in [(429, FailureKind::Throttled), (503, FailureKind::ServerError)] {
        let (outcome, _) = answered(move || with_header(status, "retry-after: 7", "")).await;
        let failure = not_reached(outcome);
        assert_eq!((failure.kind, failure.retry_after), (kind, Some(Duration::from_secs(7))));
    }
}

#[tokio::test]
async fn a_definite_no_is_a_refusal_in_our_words() {
    let (outcome, _) = answered(|| json(422, r#"{"code":"unknown_sku","line_ref":2,"message":"SECRET"}"#)).await;
    let refused = RefusedBy::new("unknown-service", Some(2), "The provider does not know the service.");
    assert_eq!(outcome, Outcome::Refused(refused));
    let (outcome, _) = answered(|| json(404, "")).await;
    let Outcome::Refused(refused) = outcome else { panic!("{outcome:?}") };
    assert!(refused.is_unforeseen(), "orders always exist as a collection");

    let provider = OddProvider::with_tokens(|_, _| json(409, r#"{"code":"already_completed"}"#)).await;
    let Outcome::Refused(refused) = provider.client().cancel_order(OP, "o-1").await else { panic!("not refused") };
    assert_eq!(refused.code, "already-completed");
    assert_eq!(provider.calls()[0].line, "POST /v1/orders/o-1/cancel");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (outcome, provider) = answered(|| with_header(307, "location: /elsewhere", "")).await;
    assert_eq!(unknown(outcome), Failure::undecodable("HTTP status 307"));
    assert_eq!(provider.calls().len(), 1);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let body = format!(r#"{{"order_id":"o-1","status":"accepted","filler":"{}"}}"#, "x".repeat(5 << 20));
    let (outcome, _) = answered(move || json(202, &body)).await;
    assert_eq!(unknown(outcome), Failure::undecodable("an answer of more than 4194304 bytes"));
}

#[tokio::test]
async fn questions_find_nothing_find_it_or_fail() {
    let order = r#"{"order_id":"o-1","status":"completed","lines":[]}"#;
    let provider = OddProvider::with_tokens(move |asked, _| match asked.line.as_str() {
        "GET /v1/orders/o-1" | "GET /v1/orders/other" => json(200, order),
        "GET /v1/orders/broken" => json(502, ""),
        _ => json(404, r#"{"code":"not_found"}"#),
    })
    .await;
    let client = provider.client();
    assert_eq!(client.order("o-1").await.unwrap().map(|order| order.id).as_deref(), Some("o-1"));
    assert_eq!(client.order("o-2").await, Ok(None));
    assert_eq!(client.find_order(ORDER).await, Ok(None));
    assert_eq!(client.order("other").await.unwrap_err().kind, FailureKind::Undecodable);
    assert_eq!(client.order("broken").await.unwrap_err().kind, FailureKind::ServerError);
    let asked = provider.calls().len();
    for no_id in ["", "..", "a b", "é"] {
        assert_eq!(client.order(no_id).await, Ok(None));
        assert_eq!(client.cancel_order(OP, no_id).await, Outcome::Refused(RefusedBy::not_found()));
    }
    assert_eq!(provider.calls().len(), asked, "what cannot be an id is not asked about");
}

#[tokio::test]
async fn the_breaker_pauses_the_work_of_a_provider_that_is_down() {
    let provider = OddProvider::with_tokens(|_, _| json(500, "")).await;
    let client = provider.client();
    for _ in 0..5 {
        assert_eq!(client.paused(), None);
        assert_eq!(unknown(place(&client).await).kind, FailureKind::ServerError);
    }
    assert!(client.clone().paused().is_some(), "clones share it");
    let failure = not_reached(place(&client).await);
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.retry_after.is_some_and(|wait| wait <= Duration::from_secs(5)), "{failure:?}");
    assert_eq!(provider.calls().len(), 5, "nothing was sent while paused");
}

#[tokio::test]
async fn refusals_never_pause_the_work() {
    let provider = OddProvider::with_tokens(|_, _| json(422, r#"{"code":"unknown_sku"}"#)).await;
    let client = provider.client();
    for _ in 0..10 {
        assert!(matches!(place(&client).await, Outcome::Refused(_)));
    }
    assert_eq!(client.paused(), None);
}
