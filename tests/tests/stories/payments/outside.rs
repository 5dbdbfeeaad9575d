//! Money that came in without a gateway.

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Answer;
use tests::log_world::Bill;
use tests::story::{self, header, new_key};

use super::{Owed, Till, stand};
use crate::accounted::{january, money};

fn received(amount: &str, on: &str) -> Value {
    json!({ "amount": money(amount), "received_on": on, "reference": "Transfer of Kim Beispiel" })
}

async fn receives(till: &Till, owed: &Owed, body: &Value) -> anyhow::Result<Answer> {
    let path = format!("{}/payments", owed.path);
    story::ask(till.operator(), Method::POST, &path, Some(&new_key()), Some(body)).await
}

async fn credit(till: &Till) -> anyhow::Result<String> {
    let balance = till.sees(&format!("/v1/customers/{}/balance", till.customer_id)).await?;
    Ok(balance["balance"]["amount"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn money_from_outside_pays_what_is_left_and_the_rest_is_to_the_customers_credit() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let owed = till.owes(0, 10_000).await?;
    let first = story::expect(receives(&till, &owed, &received("40.00", "2026-02-10")).await?, 201)?;
    let location = header(&first, "location").unwrap().to_owned();
    assert_eq!(location, format!("/v1/payments/{}", first.id()?));
    let expected = json!({
        "customer_id": till.customer_id, "invoice_id": owed.id, "amount": money("40.00"), "gateway": "outside",
        "status": "succeeded", "reason": null, "automatic": false, "received_on": "2026-02-10",
        "refunded": money("0.00"), "refunds": [], "reference": "Transfer of Kim Beispiel", "evidence": null,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&first.body[name], value, "{name}: {}", first.text);
    }
    for staff in [till.operator(), &till.books.cast.auditor] {
        assert_eq!(staff.get_at(&location, first.position()?).await?.body, first.body);
    }
    let own = till.sees(&location).await?;
    assert!(own.get("reference").is_none() && own["gateway"] == "outside", "{own}");
    assert_eq!(till.stands(&owed).await?, stand("issued", "unpaid", None));
    assert_eq!(till.sees(&owed.path).await?["balance"], money("60.00"));

    // A gateway is asked for what is left.
    let rest = till.pays(&owed).await?;
    assert_eq!(till.comes_to(&rest, "succeeded").await?["amount"], money("60.00"));
    assert_eq!(till.stands(&owed).await?, stand("paid", "paid", None));
    assert_eq!(credit(&till).await?, "0.00");

    // Also on what is paid already, void, or given up: the money is there.
    story::expect(receives(&till, &owed, &received("5.00", "2026-02-16")).await?, 201)?;
    assert_eq!(credit(&till).await?, "5.00");
    let (void, lost) = (till.owes(1, 10_500).await?, till.owes(2, 10_000).await?);
    assert_eq!(till.sees(&void.path).await?["applied_credit"], money("5.00"));
    for (owed, end) in [(&void, "void"), (&lost, "uncollectible")] {
        till.operator().post(&format!("{}/{end}", owed.path), &new_key(), &json!({}), 200).await?;
    }
    story::expect(receives(&till, &void, &received("7.00", "2026-02-16")).await?, 201)?;
    assert_eq!(till.stands(&void).await?, stand("void", "unpaid", None));
    assert_eq!(credit(&till).await?, "12.00");
    story::expect(receives(&till, &lost, &received("103.00", "2026-02-16")).await?, 201)?;
    assert_eq!(till.stands(&lost).await?, stand("paid", "paid", None));
    assert_eq!(credit(&till).await?, "15.00");
    till.closes().await
}

#[tokio::test]
async fn what_cannot_have_come_in_is_refused() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let owed = till.owes(0, 10_000).await?;
    let head = story::head(&till.books.world).await?;
    let dollars = json!({
        "amount": { "amount": "40.00", "currency": "USD" }, "received_on": "2026-02-10", "reference": "SEPA 17",
    });
    let mut nameless = received("1.00", "2026-02-10");
    nameless.as_object_mut().unwrap().remove("reference");
    for (body, slug, pointer) in [
        (received("40.00", "2026-02-17"), "invalid-date", "/received_on"),
        (received("40.00", "10.02.2026"), "invalid-date", "/received_on"),
        (received("0.00", "2026-02-10"), "invalid-amount", "/amount"),
        (received("1.005", "2026-02-10"), "invalid-amount", "/amount/amount"),
        (dollars, "currency-mismatch", "/amount/currency"),
        (nameless, "missing-field", "/reference"),
    ] {
        let answer = receives(&till, &owed, &body).await?;
        story::refused(till.operator(), &answer, 422, slug).await?;
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.text);
    }
    let path = format!("{}/payments", owed.path);
    let stale = till.operator().request(Method::POST, &path).header("Idempotency-Key", new_key());
    let stale = stale.header("If-Match", "\"7\"").json(&received("40.00", "2026-02-17"));
    story::refused(till.operator(), &till.operator().send(stale).await?, 412, "precondition-failed").await?;
    assert_eq!(story::head(&till.books.world).await?, head, "what is refused writes nothing");

    let bill = Bill::own(till.customer_id, january(), 9);
    let path = till.books.draft(bill).await?;
    let draft = Owed { id: bill.invoice_id().to_string(), path };
    let answer = receives(&till, &draft, &received("1.00", "2026-02-10")).await?;
    story::refused(till.operator(), &answer, 409, "invalid-state").await?;
    let path = format!("{}/payments", owed.path);
    for client in [&till.payer, &till.books.cast.auditor, &till.books.cast.service, &till.books.cast.reseller] {
        let body = received("1.00", "2026-02-10");
        let answer = story::ask(client, Method::POST, &path, Some(&new_key()), Some(&body)).await?;
        story::refused(client, &answer, 403, "forbidden").await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_money_was_sent_with_is_forgotten_with_its_sender() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let owed = till.owes(0, 10_000).await?;
    let key = new_key();
    let path = format!("{}/payments", owed.path);
    let body = received("100.00", "2026-02-10");
    let paid = till.operator().post(&path, &key, &body, 201).await?;
    let payment = format!("/v1/payments/{}", paid.id()?);
    let erase = format!("/v1/customers/{}/erase-personal-data", till.customer_id);
    let erased = till.operator().post(&erase, &new_key(), &json!({}), 200).await?;
    let seen = till.operator().get_at(&payment, erased.position()?).await?.body;
    assert_eq!((&seen["reference"], &seen["amount"]), (&Value::Null, &money("100.00")));
    let again = till.operator().post(&path, &key, &body, 201).await?;
    assert_eq!(again.body["reference"], Value::Null);
    till.closes().await
}
