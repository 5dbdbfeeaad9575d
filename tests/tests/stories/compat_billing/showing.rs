//! What the surface shows, and to whom.

use reqwest::Method;
use serde_json::{Value, json};
use tests::log_world::Bill;
use tests::story;
use tests::world::World;

use super::{Desk, PREFIX, not_found};
use crate::accounted::january;

#[tokio::test]
async fn customers_and_invoices_have_small_numbers_in_the_order_they_came() -> anyhow::Result<()> {
    let desk = Desk::open().await?;
    let operator = &desk.books.cast.operator;
    let customers = desk.sees("/rest/v1/customers").await?;
    let known = story::texts(
        &desk.books.world,
        "select aggregate_id from events where event_type = 'CustomerRegistered' order by position",
    )
    .await?;
    let expected: Vec<Value> = (1..=known.len()).map(|id| json!({ "id": id, "currency": "EUR" })).collect();
    assert_eq!(customers, expected);
    let (wallet, token) = (known.iter().position(|id| *id == desk.wallet.to_string()).unwrap() + 1, customers.len());
    assert_eq!(desk.sees("/rest/v1/invoices").await?, Vec::<Value>::new());

    // A draft has no number until it is issued, and then the next one.
    let draft = Bill::own(desk.wallet, january(), 9);
    let path = desk.books.draft(draft).await?;
    desk.owes(desk.token, 0, 2_220).await?;
    assert_eq!(desk.sees("/rest/v1/invoices").await?.len(), 1);
    operator.post(&format!("{path}/issue"), &story::new_key(), &json!({}), 200).await?;
    let void = desk.owes(desk.wallet, 1, 100).await?;
    desk.owes(desk.wallet, 2, 150_000).await?;
    operator.post(&format!("/v1/invoices/{void}/void"), &story::new_key(), &json!({}), 200).await?;
    let shown = story::expect(desk.asks(Method::GET, "/rest/v1/invoices").await?, 200)?;
    let item = |id: usize, customer: usize, value: &str| {
        let amount = format!(r#"{{"value":{value},"currency":"EUR"}}"#);
        format!(r#"{{"id":{id},"customerId":{customer},"amount":{amount},"status":"PENDING"}}"#)
    };
    let items = [item(1, token, "22.20"), item(2, wallet, "119.00"), item(4, wallet, "1500.00")];
    assert_eq!(shown.text, format!("[{}]", items.join(",")), "with every digit");
    for (id, text) in [(1, &items[0]), (2, &items[1]), (4, &items[2])] {
        let one = desk.asks(Method::GET, &format!("/rest/v1/invoices/{id}")).await?;
        assert_eq!((one.status, &one.text), (200, text));
    }
    // What is void is to be paid by nobody, and its number is nobody else's.
    for path in ["/rest/v1/invoices/3", "/rest/v1/invoices/5"] {
        not_found(&desk.asks(Method::GET, path).await?);
    }

    story::registers(operator, "One more").await?;
    let last = format!("/rest/v1/customers/{}", customers.len() + 1);
    assert_eq!(desk.asks(Method::GET, &last).await?.body, json!({ "id": customers.len() + 1, "currency": "EUR" }));
    desk.closes().await
}

#[tokio::test]
async fn routes_are_read_in_any_case_and_mistakes_change_nothing() -> anyhow::Result<()> {
    let desk = Desk::open().await?;
    desk.owes(desk.wallet, 0, 1_000).await?;
    let head = story::head(&desk.books.world).await?;
    for path in ["/compat/billing/rest/health", "/Compat/Billing/REST/Health", "/COMPAT/BILLING/rest/health?x=Y"] {
        let answer = story::look(&desk.client, path).await?;
        assert_eq!((answer.status, answer.text.as_str()), (200, "\"ok\""), "{path}");
        assert!(story::header(&answer, "ratelimit").is_some());
    }
    let shouted = story::look(&desk.client, "/compat/billing/Rest/V1/Invoices/1").await?;
    assert_eq!((shouted.status, &shouted.body["id"]), (200, &json!(1)));
    // Everything else is read as it is written.
    assert_eq!(story::look(&desk.books.cast.operator, "/V1/invoices").await?.status, 404);

    let own = desk.wallet.to_string();
    for id in ["0", "-1", "+1", "99", "01x", "1.0", "one", "99999999999999999999", "%31%00", own.as_str()] {
        for noun in ["customers", "invoices"] {
            let answer = desk.asks(Method::GET, &format!("/rest/v1/{noun}/{id}")).await?;
            assert_eq!(answer.status, 404, "{noun}/{id}: {}", answer.text);
        }
    }
    for path in ["", "/rest", "/rest/v1", "/rest/v1/subscriptions", "/rest/v1/invoices/1/pay"] {
        not_found(&desk.asks(Method::GET, path).await?);
    }
    let methods = [
        (Method::POST, "/rest/health"),
        (Method::POST, "/rest/v1/customers"),
        (Method::DELETE, "/rest/v1/invoices/1"),
        (Method::GET, "/rest/v1/billing"),
        (Method::GET, "/rest/v1/billing/retry"),
        (Method::GET, "/rest/v1/invoices/pay"),
    ];
    for (method, path) in methods {
        let answer = desk.asks(method.clone(), path).await?;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert!(story::header(&answer, "allow").is_some());
    }
    let large = desk.client.request(Method::POST, &format!("{PREFIX}/rest/v1/billing")).body("x".repeat(70_000));
    assert_eq!(desk.client.send(large).await?.status, 413);
    assert_eq!(story::head(&desk.books.world).await?, head, "nothing of this wrote anything");
    Ok(())
}

#[tokio::test]
async fn it_is_off_unless_switched_on_and_a_token_keeps_others_out() -> anyhow::Result<()> {
    let plain = World::start().await?;
    for path in ["/compat/billing/rest/health", "/compat/billing/rest/v1/customers"] {
        let answer = story::look(&plain.operator()?, path).await?;
        story::refused(&plain.operator()?, &answer, 404, "not-found").await?;
    }
    drop(plain);

    let desk = Desk::open_with(&[("CLOUDSALES_COMPAT_BILLING_TOKEN", "s3cret-of-old")]).await?;
    desk.owes(desk.wallet, 0, 1_000).await?;
    let head = story::head(&desk.books.world).await?;
    let routes = [
        (Method::GET, "/rest/health"),
        (Method::GET, "/rest/v1/customers"),
        (Method::GET, "/rest/v1/customers/1"),
        (Method::GET, "/rest/v1/invoices"),
        (Method::GET, "/rest/v1/invoices/1"),
        (Method::POST, "/rest/v1/invoices/pay"),
        (Method::POST, "/rest/v1/billing"),
        (Method::POST, "/rest/v1/billing/retry"),
    ];
    for (method, path) in &routes {
        for token in [None, Some(""), Some("s3cret"), Some("s3cret-of-olD"), Some("s3cret-of-old ,x")] {
            let request = desk.client.request(method.clone(), &format!("{PREFIX}{path}"));
            let request = token.into_iter().fold(request, |request, token| request.header("X-Token", token));
            let answer = desk.client.send(request).await?;
            assert_eq!((answer.status, answer.text.as_str()), (401, ""), "{method} {path} {token:?}");
        }
        // A token of people opens nothing here.
        let answer =
            story::ask(&desk.books.cast.operator, method.clone(), &format!("{PREFIX}{path}"), None, None).await?;
        assert_eq!(answer.status, 401);
    }
    assert_eq!(story::head(&desk.books.world).await?, head);
    for (method, path) in routes {
        let request = desk.client.request(method, &format!("{PREFIX}{path}")).header("X-Token", "s3cret-of-old");
        assert_eq!(desk.client.send(request).await?.status, 200, "{path}");
    }
    let events = desk.books.cast.operator.get("/v1/audit/events?type=PaymentStarted").await?.body;
    let by = &events["data"][0]["metadata"];
    assert_eq!((&by["actor"], &by["role"]), (&json!("compat-billing"), &json!("service")));
    Ok(())
}
