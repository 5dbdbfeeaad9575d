//! Webhooks as their receiver sees them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};
use tests::sim::signature;

use crate::support::{Gateways, SECRET, text, wait_until};

const NEW_SECRET: &str = "whsec_dGhlIG5leHQgc2VjcmV0IG9mIHRoZSB3YWxsZXQ=";

#[derive(Clone, Debug)]
struct Received {
    id: String,
    timestamp: i64,
    signatures: String,
    body: String,
}

impl Received {
    fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn is_signed_with(&self, secret: &str) -> bool {
        let key = signature::key(secret).unwrap();
        let expected = signature::sign(&key, &self.id, self.timestamp, &self.body).unwrap();
        self.signatures.split(' ').any(|signature| signature == expected)
    }
}

/// Takes webhooks.
struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    async fn new() -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&received);
        let take = move |headers: HeaderMap, body: Bytes| async move {
            seen.lock().unwrap().push(read(&headers, &body));
            StatusCode::ACCEPTED
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/payments", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/hooks/payments", post(take))).await });
        Self { url, received }
    }

    fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Charges with this address to tell, and waits for what is told.
    async fn hears_of(&self, gateways: &Gateways, key: &str, amount: &str) -> Value {
        let url = &self.url;
        let body = json!({"amount": amount, "currency": "EUR", "reference": "inv-1", "notification_url": url});
        assert_eq!(gateways.write("/v1/payment-requests", key, &body).await.unwrap().0, 202);
        gateways.settled().await;
        wait_until("all webhooks are delivered", || async {
            (gateways.seen("/sim/health").await["undelivered_webhooks"] == 0).then_some(())
        })
        .await;
        self.all().last().map(Received::value).unwrap_or_default()
    }
}

fn read(headers: &HeaderMap, body: &Bytes) -> Received {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    Received {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signatures: header("webhook-signature"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

#[tokio::test]
async fn each_outcome_is_told_once_and_signed() {
    let (gateways, receiver) = (Gateways::new().await, Receiver::new().await);
    let told = receiver.hears_of(&gateways, "op-1", "12.50").await;
    let (_, charge) = gateways.by_ref("inv-1").await;
    let data = json!({
        "payment_request_id": charge["payment_request_id"], "operation_id": "op-1", "reference": "inv-1",
        "amount": "12.50", "currency": "EUR", "status": "succeeded",
    });
    assert_eq!((&told["type"], &told["data"]), (&json!("payment.succeeded"), &data));
    assert_eq!(receiver.hears_of(&gateways, "op-2", "12.11").await["type"], "payment.failed");
    assert_eq!(receiver.hears_of(&gateways, "op-3", "12.16").await["type"], "payment.expired");

    gateways.refund(&charge, "ref-1", "2.50").await;
    let refunded = wait_until("the refund is told", || async { receiver.all().get(3).map(Received::value) }).await;
    assert_eq!((&refunded["type"], &refunded["data"]["operation_id"]), (&json!("refund.succeeded"), &json!("ref-1")));
    assert_eq!((&refunded["data"]["amount"], &refunded["data"]["reference"]), (&json!("2.50"), &json!("inv-1")));
    assert!(refunded["data"]["refund_id"].is_string());
    let all = receiver.all();
    assert!(all.iter().all(|hook| hook.is_signed_with(SECRET) && !hook.is_signed_with(NEW_SECRET)));
    assert_eq!(all.iter().map(|hook| hook.id.clone()).collect::<HashSet<_>>().len(), 4);
}

#[tokio::test]
async fn both_secrets_sign_during_a_rotation() {
    let both = |settings: &mut tests::payment_sim::Settings| {
        settings.webhook_secrets = vec![SECRET.to_owned(), NEW_SECRET.to_owned()];
    };
    let gateways = Gateways::in_folder(crate::support::Folder::new(), both).await;
    let receiver = Receiver::new().await;
    receiver.hears_of(&gateways, "op-1", "12.50").await;
    let hook = &receiver.all()[0];
    assert!(hook.is_signed_with(SECRET) && hook.is_signed_with(NEW_SECRET));
}

#[tokio::test]
async fn scripts_lose_repeat_and_forge() {
    let (gateways, receiver) = (Gateways::new().await, Receiver::new().await);
    let script = |fault: &str| json!({"match": {"path": "payment."}, "fault": fault, "ms": 50});
    gateways.fault(script("webhook_lost")).await;
    receiver.hears_of(&gateways, "op-1", "12.50").await;
    assert!(receiver.all().is_empty());

    gateways.control(Method::DELETE, "faults", json!(null)).await;
    gateways.fault(script("webhook_repeat")).await;
    receiver.hears_of(&gateways, "op-2", "12.50").await;
    let twice = receiver.all();
    assert_eq!((twice.len(), &twice[0].id, &twice[0].body), (2, &twice[1].id, &twice[1].body));

    gateways.fault(script("webhook_forged")).await;
    receiver.hears_of(&gateways, "op-3", "12.50").await;
    let genuine: Vec<bool> = receiver.all()[2..].iter().map(|hook| hook.is_signed_with(SECRET)).collect();
    assert!(genuine.len() == 2 && genuine.contains(&true) && genuine.contains(&false), "{genuine:?}");

    gateways.fault(json!({"match": {"path": "/hooks/payments"}, "fault": "webhook_late", "ms": 86_400_000})).await;
    receiver.hears_of(&gateways, "op-4", "12.50").await;
    let health = gateways.seen("/sim/health").await;
    assert_eq!((&health["undelivered_webhooks"], &health["late_webhooks"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn a_webhook_may_name_a_sum_that_is_not_true() {
    let (gateways, receiver) = (Gateways::new().await, Receiver::new().await);
    gateways.fault(json!({"match": {"path": "payment.succeeded"}, "fault": "amount:0.01"})).await;
    let told = receiver.hears_of(&gateways, "op-1", "12.50").await;
    assert_eq!((&told["data"]["amount"], &told["data"]["currency"]), (&json!("0.01"), &json!("EUR")));
    assert_eq!(gateways.by_ref("inv-1").await.1["amount"], "12.50");
    gateways.fault(json!({"match": {"path": "payment.succeeded"}, "fault": "currency:USD"})).await;
    assert_eq!(receiver.hears_of(&gateways, "op-2", "12.50").await["data"]["currency"], "USD");
}

#[tokio::test]
async fn nobody_is_told_who_gave_no_address() {
    let (gateways, receiver) = (Gateways::new().await, Receiver::new().await);
    let charge = gateways.charge("op-1", "12.50").await;
    assert_eq!(text(&charge["status"]), "succeeded");
    assert_eq!(gateways.seen("/sim/health").await["undelivered_webhooks"], 0);
    assert!(receiver.all().is_empty());
}
