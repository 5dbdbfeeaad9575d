//! Orders that are paid on one day and delivered on another: the first cycle is billed once.

use reqwest::Method;
use serde_json::{Value, json};
use tests::story::{self, new_key};

use super::{Till, amount, processes, text};

/// Made at the provider behind our back.
async fn account_at_the_provider(till: &Till) -> anyhow::Result<String> {
    let provider = &till.world.settings.provider;
    let anonymous = tests::client::Client::new(&provider.url(), "")?;
    let credentials = json!({
        "grant_type": "client_credentials", "client_id": provider.client_id, "client_secret": provider.client_secret,
    });
    let token = story::ask(&anonymous, Method::POST, "/oauth/token", None, Some(&credentials)).await?;
    let client = anonymous.with_token(&token.text_of("access_token")?);
    let body = json!({ "external_ref": "by hand", "name": "By hand", "country": "DE" });
    let made = story::ask(&client, Method::POST, "/v1/accounts", Some(&new_key()), Some(&body)).await?;
    story::expect(made, 201)?.text_of("account_id")
}

#[tokio::test]
async fn what_starts_later_than_it_was_paid_is_billed_once() -> anyhow::Result<()> {
    let (till, clock) = Till::open_at("2026-10-05T09:00:00Z").await?;
    let existing = account_at_the_provider(&till).await?;
    let away = json!({ "match": { "method": "POST", "path": "/v1/accounts" }, "fault": "503", "times": 100_000 });
    story::troubles(&till.world, &away).await?;
    let account = story::opens_account(till.buyer(), till.buyer_id()).await?.id()?;
    let wish = till.wish_for(&account, &[("office-business", 4)])?;
    let order = till.buyer().post("/v1/orders", &new_key(), &wish, 201).await?.id()?;
    till.pays(&order).await?;
    let waiting = till.sees(&order, "paid").await?;
    assert_eq!(processes(&waiting), ["completed", "pending", "completed"]);

    clock.advance("P7D").await?;
    let link = format!("/v1/accounts/{account}/provider-link");
    let body = json!({ "provider_account_id": existing });
    story::expect(story::ask(&till.cast.operator, Method::PUT, &link, None, Some(&body)).await?, 200)?;
    let ended = story::sees_order_end(till.buyer(), &order, "fulfilled").await?.body;
    story::calms(&till.world).await?;
    let subscription = format!("/v1/subscriptions/{}", text(&ended["lines"][0]["subscription_id"]));
    let head = story::head(&till.world).await?;
    assert_eq!(till.buyer().get_at(&subscription, head).await?.body["starts_on"], "2026-10-12");
    let preview = format!("/v1/invoices/preview?customer_id={}&period=2026-10", till.buyer_id());
    assert_eq!(story::data(&till.buyer().get(&preview).await?), Vec::<Value>::new());
    let grown = json!({ "quantity": 6 });
    let path = format!("{subscription}/quantity");
    story::expect(story::ask(till.buyer(), Method::PUT, &path, None, Some(&grown)).await?, 202)?;

    clock.advance("P20D").await?;
    let october = period(&till, "2026-10").await?;
    assert_eq!(lines(&october), ["increase 2026-10-12 2026-11-12 2"], "{october}");
    clock.advance("P30D").await?;
    let november = period(&till, "2026-11").await?;
    assert_eq!(lines(&november), ["renew 2026-11-12 2026-12-12 6"], "{november}");
    let found = till.cast.operator.get("/v1/billing-discrepancies").await?;
    assert_eq!(story::data(&found), Vec::<Value>::new(), "{}", found.text);
    let (invoice, notes) = till.papers(&order).await?;
    assert_eq!((lines(&invoice), notes.len()), (vec!["new 2026-10-05 2026-11-05 4".to_owned()], 0));
    assert_eq!(amount(&invoice, "total"), amount(&ended, "total"));
    till.holds().await
}

async fn period(till: &Till, period: &str) -> anyhow::Result<Value> {
    let path = format!("/v1/invoices?period={period}&customer_id={}", till.buyer_id());
    let listed = story::data(&till.cast.operator.get_at(&path, story::head(&till.world).await?).await?);
    let found: Vec<_> = listed.into_iter().filter(|invoice| invoice["kind"] == "period").collect();
    assert_eq!(found.len(), 1, "{found:?}");
    Ok(found[0].clone())
}

fn lines(invoice: &Value) -> Vec<String> {
    let told = |line: &Value| ["charge", "from", "to", "quantity"].map(|name| text(&line[name])).join(" ");
    invoice["lines"].as_array().unwrap().iter().map(told).collect()
}
