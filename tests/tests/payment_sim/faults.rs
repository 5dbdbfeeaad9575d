//! Fault scripts: what a charge comes to, wrong sums, and lines that break.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::{Gateways, text, wait_until};

#[tokio::test]
async fn a_script_overrides_the_amount() {
    let gateways = Gateways::new().await;
    let cases = [
        ("succeeded", "1.11", "succeeded", None),
        ("declined", "2.00", "failed", Some("insufficient_balance")),
        ("customer_not_found", "3.00", "failed", Some("customer_not_found")),
        ("other", "4.00", "failed", Some("other")),
        ("expired", "5.00", "expired", None),
    ];
    for (outcome, amount, status, reason) in cases {
        gateways.fault(json!({"fault": format!("outcome:{outcome}")})).await;
        let charge = gateways.charge(outcome, amount).await;
        assert_eq!((&charge["status"], charge["reason"].as_str()), (&json!(status), reason), "{outcome}");
    }
    let effects = gateways.effects().await;
    assert_eq!((effects.len(), &effects[0]["key"]), (1, &json!("succeeded")));
}

#[tokio::test]
async fn a_script_nobody_understands_is_refused() {
    let gateways = Gateways::new().await;
    for fault in ["outcome:paid", "amount:many", "currency:EURO", "reject_line", "unreachable"] {
        let script = json!({ "fault": fault });
        let answer = gateways.request(Method::POST, "/sim/faults").json(&script).send().await.unwrap();
        assert_eq!(answer.status(), 422, "{fault}");
    }
}

#[tokio::test]
async fn a_pending_charge_waits_for_the_console_and_nobody_waits_for_it() {
    let gateways = Gateways::new().await;
    gateways.fault(json!({"fault": "outcome:pending"})).await;
    let charge = gateways.charge("op-1", "12.50").await;
    assert_eq!((&charge["status"], gateways.effects().await.len()), (&json!("pending"), 0));
    let path = format!("payment-requests/{}", text(&charge["payment_request_id"]));
    let console = |status: &'static str| gateways.control(Method::PATCH, &path, json!({"status": status}));
    console("expired").await;
    assert_eq!(gateways.effects().await.len(), 0);
    console("succeeded").await;
    console("failed").await;
    console("succeeded").await;
    assert_eq!(gateways.effects().await.len(), 1, "money is taken once");
}

#[tokio::test]
async fn a_late_outcome_comes_when_the_script_says() {
    let gateways = Gateways::new().await;
    gateways.fault(json!({"fault": "outcome:succeeded", "ms": 400})).await;
    let asked_at = std::time::Instant::now();
    gateways.charge("op-1", "12.50").await;
    assert!(asked_at.elapsed() >= Duration::from_millis(390));
}

#[tokio::test]
async fn another_sum_is_charged_or_only_shown() {
    let gateways = Gateways::new().await;
    gateways.fault(json!({"fault": "amount:1.25"})).await;
    let charge = gateways.charge("op-1", "12.50").await;
    assert_eq!((&charge["amount"], &gateways.effects().await[0]["amount"]), (&json!("1.25"), &json!("1.25")));

    gateways.fault(json!({"match": {"method": "GET", "path": "/v1/payment-requests"}, "fault": "currency:USD"})).await;
    let charge = gateways.charge("op-2", "12.50").await;
    assert_eq!((&charge["amount"], &charge["currency"]), (&json!("12.50"), &json!("USD")));
    assert_eq!(gateways.effects().await[1]["currency"], "EUR");
    let again = gateways.charge_by_id(&text(&charge["payment_request_id"])).await;
    assert_eq!(again["currency"], "EUR");
}

#[tokio::test]
async fn a_stale_read_shows_the_state_before() {
    let gateways = Gateways::new().await;
    gateways.fault(json!({"fault": "stale"})).await;
    assert_eq!(gateways.charge("op-1", "12.50").await["status"], "pending");
    assert_eq!(gateways.by_ref("ref-op-1").await.1["status"], "succeeded");
}

#[tokio::test]
async fn nothing_is_done_before_an_early_failure() {
    for (fault, status) in [("500_before", 500), ("429", 429), ("503", 503), ("reset", 0)] {
        let gateways = Gateways::new().await;
        gateways.fault(json!({"match": {"path": "/v1/payment-requests"}, "fault": fault})).await;
        let failed = gateways.asks("op-1", "inv-1", "12.50").await;
        assert_eq!(failed.map(|answer| answer.0).unwrap_or_default(), status, "{fault}");
        assert_eq!(gateways.by_ref("inv-1").await.0, 404, "{fault}");
        assert_eq!(gateways.asks("op-1", "inv-1", "12.50").await.unwrap().0, 202, "{fault}");
    }
}

#[tokio::test]
async fn an_answer_lost_after_the_effect_is_in_the_ledger_as_lost() {
    for fault in ["500_after", "timeout_after"] {
        let gateways = Gateways::new().await;
        gateways.fault(json!({"fault": fault, "ms": 60_000})).await;
        let charged = wait_until("the charge is in the ledger", || async { gateways.effects().await.first().cloned() });
        let lost = async { gateways.asks("op-1", "inv-1", "12.50").await.map(|answer| answer.0) };
        let (_, effect) = tokio::join!(tokio::time::timeout(Duration::from_secs(1), lost), charged);
        assert_eq!((&effect["key"], &effect["answer_sent"]), (&json!("op-1"), &json!(false)), "{fault}");
        assert_eq!(gateways.asks("op-1", "inv-1", "12.50").await.unwrap().0, 202, "{fault}");
        assert_eq!(gateways.effects().await.len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn a_share_strikes_that_often() {
    let gateways = Gateways::new().await;
    gateways.fault(json!({"match": {"method": "POST"}, "fault": "429", "share": 0.6, "seed": 5, "times": 1_000})).await;
    let mut struck = 0;
    for number in 0..200 {
        let answer = gateways.asks(&format!("op-{number}"), "inv-1", "12.50").await.unwrap();
        struck += usize::from(answer.0 == 429);
    }
    assert!((100..140).contains(&struck), "{struck}");
}
