//! Giving back what the wallet has charged.

use serde_json::json;

use crate::support::{Gateways, text};

#[tokio::test]
async fn parts_are_given_back_until_nothing_is_left() {
    let gateways = Gateways::new().await;
    let charge = gateways.charge("pay-1", "12.50").await;
    assert_eq!(gateways.refund(&charge, "ref-1", "12.51").await.0, 422);
    let (status, accepted) = gateways.refund(&charge, "ref-2", "10.00").await;
    assert_eq!((status, &accepted["status"]), (202, &json!("pending")));
    // On its way is as good as gone.
    let (status, refused) = gateways.refund(&charge, "ref-3", "2.51").await;
    assert_eq!((status, &refused["code"]), (422, &json!("amount_exceeded")));
    gateways.refund(&charge, "ref-4", "2.50").await;
    gateways.settled().await;

    let shown = gateways.charge_by_id(&text(&charge["payment_request_id"])).await;
    let first = json!({
        "refund_id": accepted["refund_id"], "operation_id": "ref-2", "status": "succeeded", "amount": "10.00",
    });
    assert_eq!((&shown["refunds"][0], shown["refunds"].as_array().unwrap().len()), (&first, 2));
    let effects = gateways.effects().await;
    let mut moved: Vec<(String, String, String)> = effects
        .iter()
        .map(|effect| (text(&effect["key"]), text(&effect["operation"]), text(&effect["amount"])))
        .collect();
    // Whichever of the two was done first.
    moved.sort();
    let expected = [("pay-1", "charge", "12.50"), ("ref-2", "refund", "10.00"), ("ref-4", "refund", "2.50")];
    assert_eq!(moved, expected.map(|(key, what, sum)| (key.to_owned(), what.to_owned(), sum.to_owned())));
    assert_eq!(effects[1]["reference"], effects[0]["reference"]);
}

#[tokio::test]
async fn a_key_gives_back_once() {
    let gateways = Gateways::new().await;
    let charge = gateways.charge("pay-1", "12.50").await;
    let first = gateways.refund(&charge, "ref-1", "5.00").await;
    assert_eq!(gateways.refund(&charge, "ref-1", "5.00").await, first);
    gateways.settled().await;
    assert_eq!(gateways.effects().await.len(), 2);
}

#[tokio::test]
async fn a_failed_refund_leaves_the_money_there() {
    let gateways = Gateways::new().await;
    let charge = gateways.charge("pay-1", "12.50").await;
    gateways.fault(json!({"match": {"path": "/v1/payment-requests/*/refunds"}, "fault": "outcome:failed"})).await;
    gateways.refund(&charge, "ref-1", "12.50").await;
    gateways.settled().await;
    let shown = gateways.charge_by_id(&text(&charge["payment_request_id"])).await;
    assert_eq!((&shown["refunds"][0]["status"], &shown["status"]), (&json!("failed"), &json!("succeeded")));
    assert_eq!(gateways.effects().await.len(), 1);
    assert_eq!(gateways.refund(&charge, "ref-2", "12.50").await.0, 202);
}

#[tokio::test]
async fn only_what_was_charged_goes_back_in_its_currency() {
    let gateways = Gateways::new().await;
    let declined = gateways.charge("pay-1", "12.11").await;
    assert_eq!(gateways.refund(&declined, "ref-1", "1.00").await.1["code"], "not_charged");
    let charge = gateways.charge("pay-2", "12.50").await;
    let path = format!("/v1/payment-requests/{}/refunds", text(&charge["payment_request_id"]));
    let other = json!({"amount": "1.00", "currency": "USD"});
    assert_eq!(gateways.write(&path, "ref-2", &other).await.unwrap().1["code"], "currency_mismatch");
    let unknown = "/v1/payment-requests/pay-unknown/refunds";
    assert_eq!(gateways.write(unknown, "ref-3", &other).await.unwrap().0, 404);
}
