//! Orders whose tax is another one at a later checkout: the money that was asked for before is not what they cost.

use reqwest::Method;
use serde_json::{Value, json};
use tests::story;

use super::{Till, amount, path, text};

#[tokio::test]
async fn money_that_was_asked_for_under_another_tax_goes_back() -> anyhow::Result<()> {
    let till = Till::open().await?;
    till.will_come_to("expired", 1).await?;
    let order = till.orders(&[("office-business", 2)]).await?;
    let expired = till.checks_out(&order).await?.id()?;
    let taxed = amount(&till.sees_payment(&expired, "expired").await?.body, "amount");
    let by_order = format!("/v1/payment-requests?reference={order}");
    let asked_first = till.wallet.get(&by_order).await?.text_of("payment_request_id")?;

    till.agrees(&json!({ "currency": "EUR", "tax_exempt_reason": "NATO forces" })).await?;
    till.will_come_to("pending", 1).await?;
    let pending = till.checks_out(&order).await?;
    let (exempt, seen) = (amount(&pending.body, "amount"), till.sees(&order, "payment_pending").await?);
    assert_eq!((amount(&seen, "total"), text(&seen["taxes"][0]["category"])), (exempt.clone(), "E".to_owned()));
    assert_ne!(exempt, taxed);
    till.wallet.wait_until(&by_order, |body| body["payment_request_id"] != asked_first).await?;

    // The wallet had the first one wrong. It would pay too much: it goes back, and the order waits for the other one.
    let edit = json!({ "status": "succeeded" });
    let console = format!("/sim/payment-requests/{asked_first}");
    story::expect(story::ask(&till.wallet, Method::PATCH, &console, None, Some(&edit)).await?, 200)?;
    let refunded = |body: &Value| body["status"] == "succeeded" && body["refunds"][0]["status"] == "succeeded";
    let given_back = till.buyer().wait_until(&format!("/v1/payments/{expired}"), refunded).await?.body;
    assert_eq!((amount(&given_back, "amount"), amount(&given_back, "refunded")), (taxed.clone(), taxed.clone()));
    let seen = till.buyer().get_at(&path(&order), story::head(&till.world).await?).await?.body;
    assert_eq!((&seen["status"], amount(&seen, "total")), (&json!("payment_pending"), exempt.clone()));

    till.comes_to(&order, "succeeded").await?;
    till.sees_payment(&pending.id()?, "succeeded").await?;
    story::sees_order_end(till.buyer(), &order, "fulfilled").await?;
    let (invoice, notes) = till.papers(&order).await?;
    assert_eq!((amount(&invoice, "total"), notes.len()), (exempt.clone(), 0));
    assert_eq!((text(&invoice["payments"][0]["id"]), amount(&invoice, "balance").as_str()), (pending.id()?, "0.00"));
    let moved = [format!("charge {taxed}"), format!("refund {taxed}"), format!("charge {exempt}")];
    assert_eq!(till.moved(&order).await?, moved);
    till.holds().await
}
