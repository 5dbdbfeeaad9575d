//! The token gateway: it answers at once, keeps no keys, and forgets.

use serde_json::{Value, json};

use crate::support::{Gateways, wait_until};

#[tokio::test]
async fn the_fraction_of_an_amount_decides_what_is_answered() {
    let gateways = Gateways::new().await;
    let no = |error: &str| json!({"result": "false", "error": error});
    let cases = [
        (12.5, 200, json!({"result": "true"})),
        (7.99, 200, json!({"result": "true"})),
        (12.11, 200, json!({"result": "false"})),
        (12.12, 400, no("customer_not_found")),
        (12.13, 400, no("currency_mismatch")),
        (12.16, 400, no("other")),
    ];
    for (value, status, body) in cases {
        assert_eq!(gateways.token(7, value).await.unwrap(), (status, body), "{value}");
    }
    assert_eq!(gateways.token(7, 12.14).await.unwrap().0, 429);
    let charged: Vec<Value> = gateways.effects().await.iter().map(|effect| effect["amount"].clone()).collect();
    assert_eq!(charged, ["12.5", "7.99"]);
    let effect = &gateways.effects().await[0];
    assert_eq!((&effect["operation"], &effect["reference"]), (&json!("charge"), &Value::Null));
    assert_eq!((&effect["customer_id"], &effect["answer_sent"]), (&json!(7), &json!(true)));
}

#[tokio::test]
async fn it_charges_as_often_as_it_is_asked() {
    let gateways = Gateways::new().await;
    for _ in 0..2 {
        gateways.token(7, 12.5).await.unwrap();
    }
    let effects = gateways.effects().await;
    assert_eq!(effects.len(), 2);
    assert_ne!(effects[0]["key"], effects[1]["key"]);
}

#[tokio::test]
async fn a_silent_amount_is_charged_and_nobody_hears_of_it() {
    let gateways = Gateways::new().await;
    let charged = wait_until("the charge is in the ledger", || async { gateways.effects().await.first().cloned() });
    let effect = tokio::select! {
        answer = gateways.token(7, 5.15) => panic!("answered: {answer:?}"),
        effect = charged => effect,
    };
    assert_eq!((&effect["amount"], &effect["answer_sent"]), (&json!("5.15"), &json!(false)));
}

#[tokio::test]
async fn what_it_does_not_understand_is_refused_in_its_own_words() {
    let gateways = Gateways::new().await;
    let url = format!("{}/token/", gateways.url);
    let send = |token: &'static str, body: Value| gateways.http.post(&url).header("x-token", token).json(&body).send();
    let body = json!({"customer_id": 7, "currency": "EUR", "value": 12.5});
    let refused = send("wrong", body).await.unwrap();
    assert_eq!(refused.status(), 403);
    assert!(!refused.text().await.unwrap().starts_with('{'));
    let bad = [
        (json!({"customer_id": 0, "currency": "EUR", "value": 12.5}), "customer_not_found"),
        (json!({"customer_id": "7", "currency": "EUR", "value": 12.5}), "other"),
        (json!({"customer_id": 7, "currency": "EURO", "value": 12.5}), "other"),
        (json!({"customer_id": 7, "currency": "EUR", "value": 0}), "other"),
        (json!({"customer_id": 7, "currency": "EUR"}), "other"),
    ];
    for (body, error) in bad {
        let answer = send(crate::support::TOKEN, body.clone()).await.unwrap();
        assert_eq!(answer.status(), 400, "{body}");
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({"result": "false", "error": error}), "{body}");
    }
    assert!(gateways.effects().await.is_empty());
}

#[tokio::test]
async fn scripts_decide_here_too() {
    let gateways = Gateways::new().await;
    let script = |outcome: &str| json!({"match": {"path": "/token"}, "fault": format!("outcome:{outcome}")});
    gateways.fault(script("customer_not_found")).await;
    assert_eq!(gateways.token(7, 12.5).await.unwrap().1["error"], "customer_not_found");
    gateways.fault(script("unreachable")).await;
    assert_eq!(gateways.token(7, 12.5).await.unwrap().0, 429);
    gateways.fault(json!({"match": {"path": "/token"}, "fault": "500_after"})).await;
    assert_eq!(gateways.token(7, 12.5).await.unwrap().0, 500);
    gateways.fault(json!({"match": {"path": "/token"}, "fault": "reset"})).await;
    assert!(gateways.token(7, 13.5).await.is_err());
    let effects = gateways.effects().await;
    assert_eq!((effects.len(), &effects[0]["answer_sent"]), (1, &json!(false)));
}
