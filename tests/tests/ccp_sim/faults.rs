//! Fault scripts: what they do, and that they say how often they did.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::support::{Provider, order, text};

async fn order_under(fault: serde_json::Value) -> (String, Vec<String>) {
    let provider = Provider::new().await;
    let account = provider.account().await;
    provider.fault(fault).await;
    let lines = [(1, "office-business", 2), (2, "mail-guard", 3), (3, "team-storage", 1)];
    let (_, accepted) = provider.post("/v1/orders", order(&account, &lines)).await;
    provider.settled().await;
    let order = provider.seen(&format!("/v1/orders/{}", text(&accepted["order_id"]))).await;
    let lines = order["lines"].as_array().unwrap().iter().map(|line| text(&line["status"]));
    (text(&order["status"]), lines.collect())
}

#[tokio::test]
async fn some_lines_of_an_order_are_rejected() {
    let cases = [
        (json!({"fault": "partial"}), ["provisioned", "rejected", "rejected"]),
        (json!({"fault": "reject_line"}), ["rejected", "provisioned", "provisioned"]),
        (json!({"fault": "reject_line", "seed": 2}), ["provisioned", "provisioned", "rejected"]),
    ];
    for (fault, expected) in cases {
        let (status, lines) = order_under(fault.clone()).await;
        assert_eq!((status.as_str(), lines), ("partial", expected.map(str::to_owned).to_vec()), "{fault}");
    }
}

#[tokio::test]
async fn an_order_of_one_line_or_a_change_is_rejected_whole() {
    let provider = Provider::new().await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-business", 2).await;
    provider.fault(json!({"fault": "reject_line", "times": 2})).await;
    let (_, accepted) = provider.post("/v1/orders", order(&account, &[(1, "office-business", 2)])).await;
    provider.settled().await;
    let rejected = provider.seen(&format!("/v1/orders/{}", text(&accepted["order_id"]))).await;
    assert_eq!(
        (&rejected["status"], &rejected["lines"][0]["reason"]),
        (&json!("rejected"), &json!("insufficient_capacity"))
    );

    let operation = provider.change(Method::PATCH, &id, json!({"quantity": 5})).await;
    assert_eq!((&operation["status"], &operation["reason"]), (&json!("failed"), &json!("rejected")));
    assert_eq!(provider.subscription(&id).await["quantity"], 2);
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back() {
    let provider = Provider::new().await;
    provider.fault(json!({"match": {"method": "GET", "path": "/v1/cat*"}, "fault": "429", "ms": 1500})).await;
    let answer = provider.request(Method::GET, "/v1/catalogue").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "2"));
    assert_eq!(provider.get("/v1/catalogue").await.0, 200);
}

#[tokio::test]
async fn a_delayed_and_a_dripping_answer_are_whole() {
    let provider = Provider::new().await;
    let quick = provider.seen("/v1/catalogue").await;
    for fault in ["delay", "drip"] {
        provider.fault(json!({"match": {"path": "/v1/catalogue"}, "fault": fault, "ms": 200})).await;
        let asked_at = Instant::now();
        assert_eq!(provider.seen("/v1/catalogue").await, quick);
        assert!(asked_at.elapsed() >= Duration::from_millis(180), "{fault}");
    }
}

#[tokio::test]
async fn a_stale_read_shows_the_version_before() {
    let provider = Provider::at("2026-10-03T09:00:00Z").await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-business", 2).await;
    let before = provider.subscription(&id).await;
    provider.quantity(&id, 3).await;
    provider.fault(json!({"match": {"path": "/v1/subscriptions"}, "fault": "stale", "times": 2})).await;
    assert_eq!(provider.subscription(&id).await, before);
    assert_eq!(provider.seen("/v1/subscriptions").await["items"], json!([before]));
    assert_eq!(provider.subscription(&id).await["revision"], 2);

    provider.clock("2026-11-01T00:00:00Z").await;
    provider.fault(json!({"match": {"path": "/v1/billing"}, "fault": "stale"})).await;
    let bill = format!("/v1/billing?account_id={account}&period=2026-10");
    assert_eq!(provider.seen(&bill).await["closed"], false);
    assert_eq!(provider.seen(&bill).await["closed"], true);
}

#[tokio::test]
async fn scripts_count_their_hits_and_can_be_taken_back() {
    let provider = Provider::new().await;
    provider.fault(json!({"match": {"path": "/v1/catalogue"}, "fault": "500_before", "after": 1, "times": 2})).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(provider.get("/v1/catalogue").await.0);
    }
    assert_eq!(statuses, [200, 500, 500, 200]);
    assert_eq!(provider.seen("/sim/faults").await["faults"][0]["hits"], 2);
    provider.fault(json!({"fault": "500_before", "times": 100})).await;
    provider.control(Method::DELETE, "faults", json!(null)).await;
    assert_eq!(provider.get("/v1/catalogue").await.0, 200);
}
