//! Each key has one effect and one answer, whatever the line in between does.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Provider, order, text};

#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_one_effect() {
    let provider = Provider::new().await;
    let account = provider.account().await;
    let asked = order(&account, &[(1, "office-business", 2)]);
    let place = |body: Value| provider.write(Method::POST, "/v1/orders", "op-1", body);
    let first = place(asked.clone()).await.unwrap();
    provider.settled().await;
    assert_eq!(place(asked.clone()).await.unwrap(), first);
    let (status, other) = place(order(&account, &[(1, "office-business", 3)])).await.unwrap();
    assert_eq!((status, &other["code"]), (422, &json!("idempotency_key_reused")));

    let effects = provider.effects_of("place_order").await;
    assert_eq!(effects.len(), 1);
    assert_eq!((&effects[0]["key"], &effects[0]["external_ref"]), (&json!("op-1"), &asked["external_ref"]));
    assert_eq!((&effects[0]["resource_id"], &effects[0]["answer_sent"]), (&first.1["order_id"], &json!(true)));
}

#[tokio::test]
async fn a_refusal_is_repeated_even_when_it_would_now_be_granted() {
    let provider = Provider::new().await;
    let account = provider.account().await;
    let asked = order(&account, &[(1, "voice-lines", 1)]);
    let refused = provider.write(Method::POST, "/v1/orders", "op-1", asked.clone()).await.unwrap();
    assert_eq!(refused.0, 422);
    let price = json!({"amount": "4.00", "currency": "EUR"});
    let new = json!({"sku": "voice-lines", "unit_cost": price, "list_price": price});
    provider.control(Method::POST, "catalogue", new).await;
    assert_eq!(provider.write(Method::POST, "/v1/orders", "op-1", asked.clone()).await.unwrap(), refused);
    assert_eq!(provider.write(Method::POST, "/v1/orders", "op-2", asked).await.unwrap().0, 202);
}

#[tokio::test]
async fn the_same_reference_is_the_same_thing_under_any_key() {
    let provider = Provider::new().await;
    let body = json!({"external_ref": "ours-1", "name": "Acme", "country": "DE"});
    let (first, account) = provider.post("/v1/accounts", body.clone()).await;
    let (second, again) = provider.post("/v1/accounts", body).await;
    assert_eq!((first, second, &account), (201, 200, &again));
    assert_eq!(provider.seen("/v1/accounts?external_ref=ours-1").await, account);
    assert_eq!(provider.get("/v1/accounts?external_ref=ours-2").await.0, 404);

    let asked = order(&text(&account["account_id"]), &[(1, "office-business", 2)]);
    let (_, one) = provider.post("/v1/orders", asked.clone()).await;
    let (status, two) = provider.post("/v1/orders", asked).await;
    assert_eq!((status, &one["order_id"]), (200, &two["order_id"]));
    assert_eq!(provider.effects().await.len(), 2);
}

#[tokio::test]
async fn a_write_needs_a_key_and_a_body_that_can_be_read() {
    let provider = Provider::new().await;
    let answer = provider.request(Method::POST, "/v1/accounts").json(&json!({})).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    let send = |body: &'static str| {
        provider.request(Method::POST, "/v1/accounts").header("idempotency-key", "k").body(body).send()
    };
    assert_eq!(send("{").await.unwrap().status(), 400);
    assert_eq!(send("{}").await.unwrap().status(), 422);
    assert_eq!(send("").await.unwrap().status(), 422);
    assert!(provider.effects().await.is_empty());
}

#[tokio::test]
async fn an_answer_lost_after_the_effect_is_given_on_the_next_try() {
    for (fault, ms) in [("500_after", 0), ("timeout_after", 60_000)] {
        let provider = Provider::new().await;
        let account = provider.account().await;
        provider.fault(json!({"match": {"method": "POST", "path": "/v1/orders"}, "fault": fault, "ms": ms})).await;
        let asked = order(&account, &[(1, "office-business", 2)]);
        lose_answer(&provider, &asked).await;
        provider.settled().await;
        let lost = provider.effects_of("place_order").await;
        assert_eq!((lost.len(), &lost[0]["answer_sent"]), (1, &json!(false)), "{fault}");

        let (status, answer) = provider.write(Method::POST, "/v1/orders", "op-1", asked).await.unwrap();
        assert_eq!((status, &answer["order_id"]), (202, &lost[0]["resource_id"]), "{fault}");
        assert_eq!(provider.effects_of("place_order").await.len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn nothing_is_done_before_an_early_failure() {
    for fault in ["500_before", "reset", "429"] {
        let provider = Provider::new().await;
        let account = provider.account().await;
        provider.fault(json!({"match": {"path": "/v1/orders"}, "fault": fault})).await;
        let asked = order(&account, &[(1, "office-business", 2)]);
        let failed = provider.write(Method::POST, "/v1/orders", "op-1", asked.clone()).await;
        match fault {
            "reset" => assert!(failed.is_err()),
            _ => assert_eq!(failed.unwrap().0, if fault == "429" { 429 } else { 500 }),
        }
        assert!(provider.effects_of("place_order").await.is_empty(), "{fault}");
        assert_eq!(provider.write(Method::POST, "/v1/orders", "op-1", asked).await.unwrap().0, 202, "{fault}");
        assert_eq!(provider.effects_of("place_order").await[0]["answer_sent"], true, "{fault}");
    }
}

/// Sends the order and gives up: at the 500, or once the effect is in the ledger and the answer does not come.
async fn lose_answer(provider: &Provider, asked: &Value) {
    let sent = provider.write(Method::POST, "/v1/orders", "op-1", asked.clone());
    let performed = crate::support::wait_until("the effect is in the ledger", || async {
        (provider.effects_of("place_order").await.len() == 1).then_some(())
    });
    tokio::select! {
        answer = sent => assert_eq!(answer.unwrap().0, 500),
        () = performed => {}
    }
}
