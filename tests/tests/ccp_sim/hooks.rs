//! Webhooks as their receiver sees them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Provider, text, wait_until};

const SECRET: &str = "whsec_dGhlIHByb3ZpZGVyJ3Mgc2VjcmV0IGZvciB0ZXN0cw==";
const NEW_SECRET: &str = "whsec_dGhlIG5leHQgc2VjcmV0IG9mIHRoZSBwcm92aWRlcg==";

#[derive(Clone, Debug)]
struct Received {
    id: String,
    timestamp: String,
    signatures: Vec<String>,
    body: String,
}

impl Received {
    fn kind(&self) -> String {
        text(&serde_json::from_str::<Value>(&self.body).unwrap()["type"])
    }

    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        self.signatures.contains(&format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

/// Takes webhooks, after refusing the first few.
struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    async fn new(mut refusals: u32) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let (seen, refusals) = (
            received.clone(),
            Arc::new(Mutex::new({
                refusals += 1;
                refusals
            })),
        );
        let take = move |headers: HeaderMap, body: Bytes| async move {
            seen.lock().unwrap().push(read(&headers, &body));
            let mut left = refusals.lock().unwrap();
            *left = left.saturating_sub(1);
            if *left > 0 { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::ACCEPTED }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/ccp", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/hooks/ccp", post(take))).await });
        Self { url, received }
    }

    fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    async fn first(&self, kind: &str, count: usize) -> Vec<Received> {
        wait_until(kind, || async {
            let of_kind: Vec<Received> = self.all().into_iter().filter(|hook| hook.kind() == kind).collect();
            (of_kind.len() >= count).then_some(of_kind)
        })
        .await
    }
}

fn read(headers: &HeaderMap, body: &Bytes) -> Received {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    Received {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signatures: header("webhook-signature").split(' ').map(str::to_owned).collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn listening(refusals: u32) -> (Provider, Receiver) {
    let (provider, receiver) = (Provider::at("2026-10-03T09:00:00Z").await, Receiver::new(refusals).await);
    endpoint(&provider, &receiver.url, SECRET).await;
    (provider, receiver)
}

async fn endpoint(provider: &Provider, url: &str, secret: &str) {
    let (status, body) = provider.put(Method::PUT, "/v1/webhook-endpoint", json!({"url": url, "secret": secret})).await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn each_thing_that_happens_is_told_once_and_signed() {
    let (provider, receiver) = listening(0).await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-business", 2).await;
    provider.quantity(&id, 3).await;
    provider.clock("2026-11-03T00:00:00Z").await;
    provider.control(Method::PATCH, &format!("subscriptions/{id}"), json!({"status": "cancelled"})).await;
    receiver.first("subscription.cancelled", 1).await;
    delivered(&provider).await;
    let mut kinds: Vec<String> = receiver.all().iter().map(Received::kind).collect();
    kinds.sort_unstable();
    let expected = [
        "account.updated",
        "billing.closed",
        "operation.succeeded",
        "order.completed",
        "subscription.cancelled",
        "subscription.updated",
        "subscription.updated",
    ];
    assert_eq!(kinds, expected);
    assert!(receiver.all().iter().all(|hook| hook.is_signed_with(SECRET) && !hook.is_signed_with(NEW_SECRET)));
    let closed: Value = serde_json::from_str(&receiver.first("billing.closed", 1).await[0].body).unwrap();
    assert_eq!(closed["data"], json!({"account_id": account, "period": "2026-10"}));
}

#[tokio::test]
async fn a_refused_webhook_comes_again_under_its_id() {
    let (provider, receiver) = listening(2).await;
    provider.account().await;
    let tries = receiver.first("account.updated", 3).await;
    assert!(tries.iter().all(|hook| hook.id == tries[0].id && hook.body == tries[0].body));
    delivered(&provider).await;
    assert_eq!(receiver.all().len(), 3);
}

#[tokio::test]
async fn both_secrets_sign_during_a_rotation() {
    let (provider, receiver) = listening(0).await;
    endpoint(&provider, &receiver.url, NEW_SECRET).await;
    provider.account().await;
    let hook = &receiver.first("account.updated", 1).await[0];
    assert!(hook.is_signed_with(SECRET) && hook.is_signed_with(NEW_SECRET));
}

#[tokio::test]
async fn scripts_lose_repeat_reorder_and_forge() {
    let (provider, receiver) = listening(0).await;
    let script = |fault: &str| json!({"match": {"path": "account."}, "fault": fault, "ms": 100});
    provider.fault(script("webhook_lost")).await;
    provider.account().await;
    provider.control(Method::DELETE, "faults", json!(null)).await;

    provider.fault(script("webhook_repeat")).await;
    provider.account().await;
    let twice = receiver.first("account.updated", 2).await;
    assert_eq!((twice[0].id.as_str(), twice[0].body.as_str()), (twice[1].id.as_str(), twice[1].body.as_str()));

    provider.fault(script("webhook_forged")).await;
    provider.account().await;
    let all = receiver.first("account.updated", 4).await;
    let genuine: Vec<bool> = all[2..].iter().map(|hook| hook.is_signed_with(SECRET)).collect();
    assert!(genuine.contains(&true) && genuine.contains(&false) && all[2].id == all[3].id);

    provider.fault(script("webhook_reorder")).await;
    let (first, second) = (provider.account().await, provider.account().await);
    let order: Vec<String> = receiver.first("account.updated", 6).await[4..].iter().map(account_of).collect();
    assert_eq!(order, [second, first]);
    delivered(&provider).await;
    let ids: HashSet<String> = receiver.all().into_iter().map(|hook| hook.id).collect();
    assert_eq!((receiver.all().len(), ids.len()), (6, 4));
}

#[tokio::test]
async fn nobody_waits_for_a_late_webhook() {
    let (provider, receiver) = listening(0).await;
    provider.fault(json!({"fault": "webhook_late", "ms": 86_400_000})).await;
    provider.account().await;
    let health = provider.seen("/sim/health").await;
    assert_eq!((&health["undelivered_webhooks"], &health["late_webhooks"]), (&json!(0), &json!(1)));
    assert!(receiver.all().is_empty());
}

fn account_of(hook: &Received) -> String {
    text(&serde_json::from_str::<Value>(&hook.body).unwrap()["data"]["account_id"])
}

async fn delivered(provider: &Provider) {
    wait_until("all webhooks are delivered", || async {
        (provider.seen("/sim/health").await["undelivered_webhooks"] == 0).then_some(())
    })
    .await;
}
