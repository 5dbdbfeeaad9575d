//! Paid by the older gateway, which takes money at once and gives none back.

use serde_json::{Value, json};
use tests::story;

use super::{Till, amount, processes};

#[tokio::test]
async fn what_cannot_go_back_the_way_it_came_goes_to_the_balance() -> anyhow::Result<()> {
    let till = Till::open().await?;
    till.agrees(&json!({ "currency": "EUR", "gateway": "token" })).await?;
    story::troubles(&till.world, &json!({ "fault": "reject_line", "seed": 1 })).await?;
    let order = till.orders(&[("office-business", 2), ("mail-guard", 3)]).await?;
    let payment = till.pays(&order).await?.body;
    assert_eq!(payment["gateway"], "token");
    let ended = story::sees_order_end(till.buyer(), &order, "partially_fulfilled").await?.body;
    assert_eq!(processes(&ended), ["completed", "completed", "completed"]);

    let credited = |body: &Value| !body["data"].as_array().is_none_or(Vec::is_empty);
    let notes = format!("/v1/credit-notes?customer_id={}", till.buyer_id());
    till.buyer().wait_until(&notes, credited).await?;
    let (invoice, notes) = till.papers(&order).await?;
    let note = &notes[0];
    assert_eq!((&note["settle"], &note["net"]), (&json!("balance"), &ended["lines"][1]["amount"]), "{note}");
    assert_eq!(note["settlement"]["balance"], note["total"]);
    assert_eq!(invoice["status"], "paid");
    let balance = till.balance().await?;
    assert!(balance.to_string().contains(&amount(note, "total")), "{balance}");
    let seen = till.sees_payment(&story_id(&payment), "succeeded").await?.body;
    assert_eq!(seen["refunds"], json!([]));
    till.holds().await
}

fn story_id(body: &Value) -> String {
    super::text(&body["id"])
}
