//! Orders that nobody pays.

use serde_json::json;
use tests::story;

use super::{Till, path, processes};

#[tokio::test]
async fn after_fourteen_days_what_is_not_paid_is_cancelled() -> anyhow::Result<()> {
    let (till, clock) = Till::open_at("2026-10-05T09:00:00Z").await?;
    let never = till.orders(&[("office-business", 2)]).await?;
    let declined = till.orders(&[("office-business", 1)]).await?;
    let pending = till.orders(&[("office-business", 3)]).await?;
    let paid = till.orders(&[("mail-guard", 1)]).await?;
    till.will_come_to("customer_not_found", 1).await?;
    till.checks_out(&declined).await?;
    till.sees(&declined, "payment_failed").await?;
    till.pays(&paid).await?;
    story::sees_order_end(till.buyer(), &paid, "fulfilled").await?;
    till.will_come_to("pending", 1).await?;
    till.checks_out(&pending).await?;

    clock.advance("P13D").await?;
    for order in [&never, &declined, &pending] {
        let status = till.buyer().get(&path(order)).await?.body["status"].clone();
        assert!(["placed", "payment_failed", "payment_pending"].map(|name| json!(name)).contains(&status), "{status}");
    }
    let moved = clock.advance("P2D").await?;
    for order in [&never, &declined] {
        let seen = till.buyer().get_at(&path(order), moved.position).await?.body;
        assert_eq!((&seen["status"], &seen["lines"][0]["reason"]), (&json!("cancelled"), &json!("not-paid")), "{seen}");
        assert_eq!(processes(&seen), ["none", "none", "none"]);
    }
    // Money may still come: nobody is told that it will not be delivered.
    let seen = till.buyer().get_at(&path(&pending), moved.position).await?.body;
    assert_eq!(seen["status"], "payment_pending");
    till.comes_to(&pending, "expired").await?;
    till.sees(&pending, "payment_failed").await?;
    clock.advance("P1D").await?;
    till.sees(&pending, "cancelled").await?;
    let kept = till.buyer().get(&path(&paid)).await?.body;
    assert_eq!(kept["status"], "fulfilled");
    assert_eq!(
        story::texts(&till.world, "select order_id::text from index_unpaid_orders").await?,
        Vec::<String>::new()
    );
    till.holds().await
}

#[tokio::test]
async fn a_scheduled_order_is_paid_on_its_day() -> anyhow::Result<()> {
    let (till, clock) = Till::open_at("2026-10-05T09:00:00Z").await?;
    let mut wish = till.wish(&[("office-business", 2)])?;
    wish["start_on"] = json!("2026-10-08");
    let order = till.buyer().post("/v1/orders", &story::new_key(), &wish, 201).await?;
    assert_eq!((&order.body["status"], processes(&order.body)[0].as_str()), (&json!("scheduled"), "none"));
    let early = super::tries_to_check_out(till.buyer(), &order.id()?).await?;
    story::refused(till.buyer(), &early, 409, "invalid-state").await?;
    clock.advance("P3D").await?;
    till.sees(&order.id()?, "placed").await?;
    till.pays(&order.id()?).await?;
    story::sees_order_end(till.buyer(), &order.id()?, "fulfilled").await?;
    let (invoice, _) = till.papers(&order.id()?).await?;
    assert_eq!(invoice["issued_on"], "2026-10-08", "{invoice}");
    Ok(())
}
