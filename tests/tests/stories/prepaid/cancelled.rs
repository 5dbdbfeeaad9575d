//! Orders that are called off, before and after they were paid.

use commands::Context;
use commands::account::RefuseAccount;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Client;
use tests::log_world::{LogProcess, persist, system};
use tests::story::{self, new_key};

use super::{Till, amount, path, processes, text};
use crate::orders::slow_provider;

#[tokio::test]
async fn before_it_is_paid_it_is_cancelled_at_once() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let placed = till.orders(&[("office-business", 2)]).await?;
    let done = story::expect(till.cancels(&placed).await?, 200)?.body;
    assert_eq!((&done["status"], processes(&done)), (&json!("cancelled"), ["none"; 3].map(str::to_owned)));
    let late = super::tries_to_check_out(till.buyer(), &placed).await?;
    story::refused(till.buyer(), &late, 409, "invalid-state").await?;

    till.will_come_to("expired", 1).await?;
    let failed = till.orders(&[("office-business", 2)]).await?;
    till.checks_out(&failed).await?;
    till.sees(&failed, "payment_failed").await?;
    assert_eq!(story::expect(till.cancels(&failed).await?, 200)?.body["status"], "cancelled");
    for order in [&placed, &failed] {
        assert_eq!(till.moved(order).await?, Vec::<String>::new());
    }
    till.holds().await
}

#[tokio::test]
async fn while_a_payment_is_on_its_way_nothing_is_cancelled() -> anyhow::Result<()> {
    let till = Till::open().await?;
    till.will_come_to("pending", 1).await?;
    let order = till.orders(&[("office-business", 2)]).await?;
    till.checks_out(&order).await?;
    story::refused(till.buyer(), &till.cancels(&order).await?, 409, "payment-in-progress").await?;
    let again = super::tries_to_check_out(till.buyer(), &order).await?;
    story::refused(till.buyer(), &again, 409, "payment-in-progress").await?;
    let waiting = "/v1/orders?status=payment_pending,payment_failed,paid";
    let listed = till.buyer().get_at(waiting, story::head(&till.world).await?).await?;
    assert_eq!(story::each(&story::data(&listed), "id"), std::slice::from_ref(&order));
    till.comes_to(&order, "failed").await?;
    till.sees(&order, "payment_failed").await?;
    assert_eq!(story::expect(till.cancels(&order).await?, 200)?.body["status"], "cancelled");
    Ok(())
}

/// The account takes its time, so that what is paid waits for it.
async fn slow_account(till: &Till) -> anyhow::Result<String> {
    let slow = json!({ "match": { "method": "POST", "path": "/v1/accounts" }, "fault": "503", "times": 100_000 });
    story::troubles(&till.world, &slow).await?;
    story::opens_account(till.buyer(), till.buyer_id()).await?.id()
}

#[tokio::test]
async fn what_is_paid_is_given_back_by_itself() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let account = slow_account(&till).await?;
    let wish = till.wish_for(&account, &[("office-business", 3), ("mail-guard", 1)])?;
    let order = till.buyer().post("/v1/orders", &new_key(), &wish, 201).await?.id()?;
    let payment = till.pays(&order).await?;
    let waiting = till.sees(&order, "paid").await?;
    assert_eq!(processes(&waiting), ["completed", "pending", "completed"]);
    let done = story::expect(till.cancels(&order).await?, 200)?.body;
    assert_eq!((&done["status"], processes(&done)[0].as_str()), (&json!("cancelled"), "completed"));

    let total = amount(&done, "total");
    let refunded = |body: &Value| body["refunds"][0]["status"] == "succeeded";
    let path = format!("/v1/payments/{}", payment.id()?);
    let seen = till.buyer().wait_until(&path, refunded).await?.body;
    assert_eq!((amount(&seen, "refunded"), &seen["status"]), (total.clone(), &json!("succeeded")));
    assert_eq!(till.moved(&order).await?, [format!("charge {total}"), format!("refund {total}")]);
    let (invoice, notes) = till.papers(&order).await?;
    assert_eq!((&invoice["status"], notes.len()), (&json!("paid"), 1));
    assert_eq!((amount(&notes[0], "total"), &notes[0]["settle"]), (total, &json!("refund")));
    let own = till.buyer().get(&format!("/v1/credit-notes/{}", text(&notes[0]["id"]))).await?;
    assert_eq!(own.body["total"], notes[0]["total"]);
    assert!(
        till.balance().await?.as_array().unwrap().iter().all(|sum| amount(sum, "amount") != amount(&invoice, "total"))
    );
    let again = story::expect(till.cancels(&order).await?, 200)?.body;
    assert_eq!(again["status"], "cancelled");
    story::calms(&till.world).await?;
    till.buyer().wait_until(&format!("/v1/accounts/{account}"), |body| body["status"] == "active").await?;
    assert_eq!(till.history("order", &order).await?.last().unwrap(), "OrderCancelled", "it never went out");
    till.holds().await
}

/// The provider will not have the account, and nobody gets it one.
async fn is_refused_and_closed(till: &Till, account: &str) -> anyhow::Result<()> {
    let app = &till.world.settings.databases.app;
    let log = LogProcess::start(app, app).await?;
    let refuse = RefuseAccount { account_id: account.parse()?, reason: "country-not-supported".to_owned() };
    persist(&log.bus, &Context { at: story::now(), ..system(&new_key()) }, &refuse).await?;
    let path = format!("/v1/accounts/{account}");
    story::expect(story::ask(till.buyer(), Method::DELETE, &path, None, None).await?, 200)?;
    story::calms(&till.world).await
}

#[tokio::test]
async fn what_waits_for_an_account_that_is_closed_is_given_back() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let account = slow_account(&till).await?;
    let wish = till.wish_for(&account, &[("office-business", 3), ("mail-guard", 1)])?;
    let order = till.buyer().post("/v1/orders", &new_key(), &wish, 201).await?.id()?;
    let invoiced = story::orders(till.buyer(), &account, &[(till.world.service("mail-guard")?, 1)]).await?.id()?;
    let payment = till.pays(&order).await?;
    till.sees(&order, "paid").await?;
    till.will_come_to("pending", 1).await?;
    let late = till.buyer().post("/v1/orders", &new_key(), &wish, 201).await?.id()?;
    let late_payment = till.checks_out(&late).await?;
    till.wallet.wait_until(&format!("/v1/payment-requests?reference={late}"), |_| true).await?;
    is_refused_and_closed(&till, &account).await?;

    let refunded = |body: &Value| body["refunds"][0]["status"] == "succeeded";
    for id in [&order, &invoiced] {
        let ended = story::sees_order_end(till.buyer(), id, "cancelled").await?.body;
        let reasons = story::each(ended["lines"].as_array().unwrap(), "reason");
        assert!(reasons.iter().all(|reason| reason == "account-not-usable"), "{ended}");
    }
    let seen = till.buyer().wait_until(&format!("/v1/payments/{}", payment.id()?), refunded).await?.body;
    let total = amount(&seen, "amount");
    assert_eq!(amount(&seen, "refunded"), total);
    assert_eq!(till.moved(&order).await?, [format!("charge {total}"), format!("refund {total}")]);

    // What is paid only now is given back as well.
    till.comes_to(&late, "succeeded").await?;
    let seen = till.buyer().wait_until(&format!("/v1/payments/{}", late_payment.id()?), refunded).await?.body;
    assert_eq!(amount(&seen, "refunded"), total);
    till.sees(&late, "cancelled").await?;
    till.holds().await
}

#[tokio::test]
async fn money_for_what_is_over_goes_back() -> anyhow::Result<()> {
    let till = Till::open().await?;
    till.will_come_to("expired", 1).await?;
    let order = till.orders(&[("office-business", 2)]).await?;
    let payment = till.checks_out(&order).await?;
    till.sees_payment(&payment.id()?, "expired").await?;
    story::expect(till.cancels(&order).await?, 200)?;
    // The wallet had it wrong.
    till.comes_to(&order, "succeeded").await?;
    let refunded = |body: &Value| body["status"] == "succeeded" && body["refunds"][0]["status"] == "succeeded";
    let seen = till.buyer().wait_until(&format!("/v1/payments/{}", payment.id()?), refunded).await?.body;
    let total = amount(&seen, "amount");
    assert_eq!(amount(&seen, "refunded"), total);
    assert_eq!(till.moved(&order).await?, [format!("charge {total}"), format!("refund {total}")]);
    assert_eq!(till.buyer().get(&path(&order)).await?.body["status"], "cancelled");
    till.holds().await
}

/// The order is refused as a whole: nothing of it is kept.
#[tokio::test]
async fn what_the_provider_rejects_is_given_back() -> anyhow::Result<()> {
    let till = Till::open().await?;
    story::troubles(&till.world, &json!({ "fault": "reject_line" })).await?;
    let order = till.orders(&[("office-business", 2)]).await?;
    let payment = till.pays(&order).await?;
    let failed = story::sees_order_end(till.buyer(), &order, "failed").await?.body;
    assert_eq!(processes(&failed), ["completed", "error", "completed"]);
    let refunded = |body: &Value| body["refunds"][0]["status"] == "succeeded";
    let seen = till.buyer().wait_until(&format!("/v1/payments/{}", payment.id()?), refunded).await?.body;
    assert_eq!(seen["refunded"], seen["amount"]);
    let after = till.buyer().get_at(&path(&order), story::head(&till.world).await?).await?.body;
    assert_eq!(after["processes"]["provisioning"], failed["processes"]["provisioning"], "its end stays its end");
    till.holds().await
}

/// What was made although the order was cancelled is ended again: it is billed like any other, new and cancelled, and
/// what was paid in advance is given back apart from that.
#[tokio::test]
async fn what_the_provider_made_too_late_is_billed_for_nothing() -> anyhow::Result<()> {
    let (till, clock) = Till::open_at("2026-10-05T09:00:00Z").await?;
    let lost = json!({ "match": { "method": "POST", "path": "/v1/orders" }, "fault": "500_after", "times": 1 });
    let deaf = json!({ "match": { "method": "GET", "path": "/v1/orders" }, "fault": "503", "times": 100, "ms": 200 });
    for fault in [lost, deaf] {
        story::troubles(&till.world, &fault).await?;
    }
    let order = till.orders(&[("office-business", 2)]).await?;
    let payment = till.pays(&order).await?;
    let provider = Client::new(&till.world.settings.provider.url(), "")?;
    let is_there = |body: &Value| {
        body["effects"].as_array().is_some_and(|all| all.iter().any(|effect| effect["operation"] == "place_order"))
    };
    provider.wait_until("/sim/ledger", is_there).await?;
    provider.wait_until("/sim/health", |body| body["unfinished"] == 0).await?;
    story::expect(till.cancels(&order).await?, 200)?;
    story::calms(&till.world).await?;
    let made = |body: &Value| body["lines"][0]["subscription_id"].is_string();
    let seen = till.buyer().wait_until(&path(&order), made).await?.body;
    let subscription = format!("/v1/subscriptions/{}", text(&seen["lines"][0]["subscription_id"]));
    till.buyer().wait_until(&subscription, |body| body["status"] == "cancelled").await?;
    let refunded = |body: &Value| body["refunds"][0]["status"] == "succeeded";
    till.buyer().wait_until(&format!("/v1/payments/{}", payment.id()?), refunded).await?;

    clock.advance("P27D").await?;
    let listed = till.buyer().get_at("/v1/invoices?period=2026-10", story::head(&till.world).await?).await?;
    let month = story::data(&listed).into_iter().find(|invoice| invoice["kind"] == "period").unwrap();
    let lines = month["lines"].as_array().unwrap();
    assert_eq!(story::each(lines, "charge"), ["new", "cancel"], "{month}");
    assert_eq!((amount(&month, "total"), &month["status"]), ("0.00".to_owned(), &json!("paid")));
    till.holds().await
}

#[tokio::test]
async fn what_is_submitted_is_cancelled_by_the_provider_and_given_back() -> anyhow::Result<()> {
    let mut till = Till::open().await?;
    let _provider = slow_provider(&mut till.world, 600_000).await?;
    let order = till.orders(&[("office-business", 2)]).await?;
    let payment = till.pays(&order).await?;
    till.sees(&order, "submitted").await?;
    story::expect(till.cancels(&order).await?, 202)?;
    let ended = story::sees_order_end(till.buyer(), &order, "cancelled").await?.body;
    let refunded = |body: &Value| body["refunds"][0]["status"] == "succeeded";
    let seen = till.buyer().wait_until(&format!("/v1/payments/{}", payment.id()?), refunded).await?.body;
    assert_eq!(seen["refunded"], ended["total"]);
    Ok(())
}
