//! The wallet: what amounts come to, one effect per key, and the sums it shows.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Gateways, text, wait_until};

#[tokio::test]
async fn the_fraction_of_an_amount_decides_what_it_comes_to() {
    let gateways = Gateways::new().await;
    let cases = [
        ("12.50", "succeeded", None),
        ("7.99", "succeeded", None),
        ("12.11", "failed", Some("insufficient_balance")),
        ("12.12", "failed", Some("customer_not_found")),
        ("12.13", "failed", Some("currency_mismatch")),
        ("12.16", "expired", None),
    ];
    for (amount, status, reason) in cases {
        let charge = gateways.charge(amount, amount).await;
        assert_eq!((&charge["status"], charge.get("reason")), (&json!(status), reason.map(Value::from).as_ref()));
        assert_eq!((&charge["amount"], &charge["currency"]), (&json!(amount), &json!("EUR")));
    }
    let keys: Vec<String> = gateways.effects().await.iter().map(|effect| text(&effect["key"])).collect();
    assert_eq!(keys, ["12.50", "7.99"]);
}

#[tokio::test]
async fn nothing_is_done_for_an_unreachable_amount_and_it_may_be_asked_again() {
    let gateways = Gateways::new().await;
    for _ in 0..2 {
        let body = json!({"amount": "5.14", "currency": "EUR", "reference": "inv-1"});
        let request = gateways.request(Method::POST, "/v1/payment-requests").header("idempotency-key", "op-1");
        let answer = request.json(&body).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "1"));
    }
    assert_eq!(gateways.by_ref("inv-1").await.0, 404);
    gateways.fault(json!({"fault": "outcome:succeeded"})).await;
    assert_eq!(gateways.asks("op-1", "inv-1", "5.14").await.unwrap().0, 202);
}

#[tokio::test]
async fn a_silent_amount_is_charged_and_found_afterwards() {
    let gateways = Gateways::new().await;
    let silent = gateways.asks("op-1", "inv-1", "5.15");
    let charged = wait_until("the charge is in the ledger", || async { gateways.effects().await.first().cloned() });
    let effect = tokio::select! {
        answer = silent => panic!("answered: {answer:?}"),
        effect = charged => effect,
    };
    assert_eq!((&effect["key"], &effect["answer_sent"]), (&json!("op-1"), &json!(false)));
    let (_, found) = gateways.by_ref("inv-1").await;
    assert_eq!((&found["status"], &found["operation_id"]), (&json!("succeeded"), &json!("op-1")));
    assert_eq!(gateways.asks("op-1", "inv-1", "5.15").await.unwrap().0, 202);
    assert_eq!(gateways.effects().await.len(), 1);
}

#[tokio::test]
async fn a_key_has_one_effect_and_one_answer() {
    let gateways = Gateways::new().await;
    let first = gateways.asks("op-1", "inv-1", "12.50").await.unwrap();
    gateways.settled().await;
    assert_eq!(gateways.asks("op-1", "inv-1", "12.50").await.unwrap(), first);
    let (status, other) = gateways.asks("op-1", "inv-1", "12.51").await.unwrap();
    assert_eq!((status, &other["code"]), (422, &json!("idempotency_key_reused")));
    let effects = gateways.effects().await;
    assert_eq!(effects.len(), 1);
    let effect = &effects[0];
    assert_eq!((&effect["key"], &effect["operation"]), (&json!("op-1"), &json!("charge")));
    assert_eq!((&effect["reference"], &effect["amount"]), (&json!("inv-1"), &json!("12.50")));
    assert_eq!((&effect["currency"], &effect["answer_sent"]), (&json!("EUR"), &json!(true)));
}

#[tokio::test]
async fn a_reference_finds_its_newest_request() {
    let gateways = Gateways::new().await;
    gateways.asks("op-1", "inv-1", "12.11").await.unwrap();
    gateways.asks("op-2", "inv-1", "12.50").await.unwrap();
    assert_eq!(gateways.by_ref("inv-1").await.1["operation_id"], "op-2");
    assert_eq!(gateways.by_ref("inv-2").await.0, 404);
}

#[tokio::test]
async fn what_cannot_be_charged_is_refused_and_leaves_nothing() {
    let gateways = Gateways::new().await;
    let sum = |amount: &str, currency: &str| json!({"amount": amount, "currency": currency, "reference": "inv-1"});
    let bad = [
        sum("0", "EUR"),
        sum("-1.00", "EUR"),
        sum("1.005", "EUR"),
        sum("1.5", "JPY"),
        sum("1.00", "XX"),
        json!({"amount": "1.00", "currency": "EUR", "reference": ""}),
        json!({"amount": "1.00", "currency": "EUR", "reference": "inv-1", "notification_url": "mailto:us"}),
        json!({"amount": "1.00", "currency": "EUR"}),
    ];
    for (number, body) in bad.iter().enumerate() {
        let (status, _) = gateways.write("/v1/payment-requests", &format!("op-{number}"), body).await.unwrap();
        assert_eq!(status, 422, "{body}");
    }
    let request = gateways.request(Method::POST, "/v1/payment-requests").json(&sum("1.00", "EUR"));
    assert_eq!(request.send().await.unwrap().status(), 400, "no key");
    let url = format!("{}/v1/payment-requests?reference=inv-1", gateways.url);
    assert_eq!(gateways.http.get(url).bearer_auth("wrong").send().await.unwrap().status(), 401);
    assert_eq!(gateways.by_ref("inv-1").await.0, 404);
}

#[tokio::test]
async fn a_charge_takes_its_time() {
    let folder = crate::support::Folder::new();
    let gateways = Gateways::in_folder(folder, |settings| settings.delay_ms = 200..=300).await;
    let asked_at = std::time::Instant::now();
    gateways.charge("op-1", "12.50").await;
    let took = asked_at.elapsed();
    assert!(took >= Duration::from_millis(200), "{took:?}");
}
