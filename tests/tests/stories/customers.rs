//! Customers: changing them, their terms, closing them, and who may do which.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, Cast, cast, data, each, header, new_key};
use tests::world::World;

async fn patch(client: &Client, path: &str, body: &Value) -> anyhow::Result<Answer> {
    story::ask(client, Method::PATCH, path, None, Some(body)).await
}

/// Made, answered with what a GET shows at that position, and told as the version it says.
async fn done(client: &Client, answer: Answer) -> anyhow::Result<Value> {
    let done = story::expect(answer, 200)?;
    let read = client.get_at(&format!("/v1/customers/{}", done.id()?), done.position()?).await?;
    assert_eq!(read.body, done.body);
    assert_eq!(header(&done, "etag"), Some(format!("\"{}\"", done.body["version"]).as_str()));
    Ok(done.body)
}

#[tokio::test]
async fn details_are_patched_by_whom_they_belong_to() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let path = format!("/v1/customers/{}", world.sample.customer_id);
    own_fields(&cast, &path).await?;
    merged_in_depth(&cast.customer, &path).await?;
    nothing_new(&world, &cast.customer, &path).await?;
    operators_fields(&cast, &path).await?;
    let own = format!("/v1/customers/{}", world.sample.reseller_id);
    let changed = done(&cast.reseller, patch(&cast.reseller, &own, &json!({ "name": "Nordwind" })).await?).await?;
    assert_eq!(changed["name"], "Nordwind");
    for (client, status, slug) in
        [(&cast.other, 404, "not-found"), (&cast.auditor, 403, "forbidden"), (&cast.service, 403, "forbidden")]
    {
        story::refused(client, &patch(client, &path, &json!({ "name": "x" })).await?, status, slug).await?;
    }
    let above = patch(&cast.customer, &own, &json!({ "name": "x" })).await?;
    story::refused(&cast.customer, &above, 404, "not-found").await
}

async fn own_fields(cast: &Cast, path: &str) -> anyhow::Result<()> {
    let address = json!({ "street": "Feldweg 1", "city": "Ulm", "postal_code": "89073", "country": "DE" });
    let body = json!({ "name": "Acker", "address": address, "buyer_reference": "PO-1" });
    let changed = done(&cast.customer, patch(&cast.customer, path, &body).await?).await?;
    assert_eq!((&changed["name"], &changed["address"]), (&json!("Acker"), &address));
    assert_eq!(changed["contact"]["email"], "purchasing@acker.example", "what is absent stays");
    let contact = json!({ "name": "Ada", "email": "ada@acker.example", "phone": "+49 30 1" });
    let body = json!({ "contact": contact, "buyer_reference": null });
    let changed = done(&cast.reseller, patch(&cast.reseller, path, &body).await?).await?;
    assert_eq!((&changed["contact"], &changed["buyer_reference"]), (&contact, &json!(null)));
    let beyond = [
        json!({ "reseller_id": null }),
        json!({ "country": "AT" }),
        json!({ "currency": "USD" }),
        json!({ "legal_name": "Acker GmbH" }),
        json!({ "vat_id": null }),
        json!({ "electronic_address": { "scheme": "0204", "id": "991" } }),
        json!({ "name": "Mine", "currency": "EUR" }),
    ];
    for body in &beyond {
        for client in [&cast.customer, &cast.reseller] {
            let answer = patch(client, path, body).await?;
            story::refused(client, &answer, 403, "forbidden").await.with_context(|| body.to_string())?;
        }
    }
    let bad = [
        (json!({ "kind": "reseller" }), "unknown-field"),
        (json!({ "status": "closed" }), "unknown-field"),
        (json!({ "name": null }), "missing-field"),
        (json!({ "contact": null }), "missing-field"),
        (json!({ "contact": { "email": null } }), "missing-field"),
        (json!({ "contact": { "email": "nowhere" } }), "invalid-value"),
        (json!({ "address": { "street": "" } }), "invalid-text"),
        (json!({ "name": 7 }), "invalid-type"),
    ];
    for (body, slug) in &bad {
        let answer = patch(&cast.customer, path, body).await?;
        story::refused(&cast.customer, &answer, 422, slug).await.with_context(|| body.to_string())?;
    }
    Ok(())
}

async fn merged_in_depth(customer: &Client, path: &str) -> anyhow::Result<()> {
    let body = json!({ "contact": { "phone": null }, "address": { "street": "Feldweg 2" } });
    let changed = done(customer, patch(customer, path, &body).await?).await?;
    assert_eq!(changed["contact"], json!({ "name": "Ada", "email": "ada@acker.example", "phone": null }));
    assert_eq!((&changed["address"]["street"], &changed["address"]["city"]), (&json!("Feldweg 2"), &json!("Ulm")));
    let changed = done(customer, patch(customer, path, &json!({ "address": null })).await?).await?;
    assert_eq!(changed["address"], json!(null));
    let part = patch(customer, path, &json!({ "address": { "city": "Ulm" } })).await?;
    story::refused(customer, &part, 422, "missing-field").await?;
    assert_eq!(part.body["errors"][0]["pointer"], "/address/street");
    Ok(())
}

/// What already holds is no event; a stale writer is stopped.
async fn nothing_new(world: &World, customer: &Client, path: &str) -> anyhow::Result<()> {
    let now = customer.get(path).await?;
    let head = story::head(world).await?;
    for body in [json!({}), json!({ "name": now.body["name"], "contact": now.body["contact"], "address": null })] {
        let same = done(customer, patch(customer, path, &body).await?).await?;
        assert_eq!(same, now.body);
    }
    // Also where what is asked could not be done to the present version: there is no address to change a part of.
    for late in [json!({ "name": "Late" }), json!({ "address": { "city": "Ulm" } })] {
        let stale = customer.request(Method::PATCH, path).header("If-Match", "\"1\"").json(&late);
        story::refused(customer, &customer.send(stale).await?, 412, "precondition-failed").await?;
    }
    assert_eq!(story::head(world).await?, head);
    let tag = header(&now, "etag").unwrap();
    let fresh = customer.request(Method::PATCH, path).header("If-Match", tag).json(&json!({ "name": "In time" }));
    assert_eq!(done(customer, customer.send(fresh).await?).await?["name"], "In time");
    let wish = json!({ "name": "As a patch" }).to_string();
    let typed = customer.request(Method::PATCH, path).header("Content-Type", "application/merge-patch+json").body(wish);
    assert_eq!(done(customer, customer.send(typed).await?).await?["name"], "As a patch");
    Ok(())
}

async fn operators_fields(cast: &Cast, path: &str) -> anyhow::Result<()> {
    let operator = &cast.operator;
    let body = json!({
        "name": "Acker Austria", "country": "AT", "currency": "CHF", "legal_name": "Acker GmbH",
        "vat_id": "ATU12345678", "electronic_address": { "scheme": "9914", "id": "ATU12345678" },
    });
    let changed = done(operator, patch(operator, path, &body).await?).await?;
    for name in ["name", "country", "currency", "legal_name", "vat_id", "electronic_address"] {
        assert_eq!(changed[name], body[name], "{name}");
    }
    assert_eq!(changed["terms"]["currency"], "CHF");
    let partly = json!({ "electronic_address": { "id": "ATU87654321" }, "legal_name": null, "currency": "EUR" });
    let changed = done(operator, patch(operator, path, &partly).await?).await?;
    assert_eq!(changed["electronic_address"], json!({ "scheme": "9914", "id": "ATU87654321" }));
    assert_eq!((&changed["legal_name"], &changed["currency"]), (&json!(null), &json!("EUR")));
    let nobody = json!({ "reseller_id": "00000000-0000-7000-8000-000000000000" });
    story::refused(operator, &patch(operator, path, &nobody).await?, 422, "invalid-reseller").await
}

#[tokio::test]
async fn terms_are_replaced_as_a_whole() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let operator = &cast.operator;
    let path = format!("/v1/customers/{}/terms", world.sample.reseller_id);
    let put = async |body: &Value| story::ask(operator, Method::PUT, &path, None, Some(body)).await;
    let all = json!({
        "currency": "USD", "payment_days": 0, "discount_percent": "12.50", "gateway": "token", "collection": "manual",
        "dunning": false, "bill_to": "reseller", "commission": { "scheme": "percent", "percent": "7.5" },
        "tax_exempt_reason": "NATO forces",
    });
    let mut expected = all.clone();
    expected["discount_percent"] = json!("12.5");
    assert_eq!(done(operator, put(&all).await?).await?["terms"], expected);
    let head = story::head(&world).await?;
    done(operator, put(&all).await?).await?;
    assert_eq!(story::head(&world).await?, head, "the same terms again");
    let usual = json!({
        "currency": "USD", "payment_days": 30, "discount_percent": "0", "gateway": "wallet", "collection": "automatic",
        "dunning": true, "bill_to": "customer", "commission": { "scheme": "difference" }, "tax_exempt_reason": null,
    });
    assert_eq!(done(operator, put(&json!({})).await?).await?["terms"], usual, "the currency stays");
    let bad = [
        (json!({ "payment_days": 366 }), "invalid-value"),
        (json!({ "payment_days": "30" }), "invalid-type"),
        (json!({ "discount_percent": "100.01" }), "invalid-amount"),
        (json!({ "discount_percent": "-1" }), "invalid-amount"),
        (json!({ "discount_percent": 5 }), "invalid-amount"),
        (json!({ "currency": "EURO" }), "invalid-currency"),
        (json!({ "bill_to": "nobody" }), "invalid-value"),
        (json!({ "dunning": "no" }), "invalid-type"),
        (json!({ "commission": { "scheme": "percent" } }), "missing-field"),
        (json!({ "commission": { "scheme": "none", "percent": "5" } }), "invalid-value"),
        (json!({ "commission": { "scheme": "percent", "percent": "101" } }), "invalid-amount"),
        (json!({ "rebate": "5" }), "unknown-field"),
    ];
    let head = story::head(&world).await?;
    for (body, slug) in &bad {
        story::refused(operator, &put(body).await?, 422, slug).await.with_context(|| body.to_string())?;
    }
    for client in [&cast.reseller, &cast.customer, &cast.auditor, &cast.service] {
        let answer = story::ask(client, Method::PUT, &path, None, Some(&json!({}))).await?;
        story::refused(client, &answer, 403, "forbidden").await?;
    }
    assert_eq!(story::head(&world).await?, head);
    Ok(())
}

#[tokio::test]
async fn a_customer_is_closed_when_its_accounts_are() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let reseller = &cast.reseller;
    let close = async |client: &Client, id: &str| {
        story::ask(client, Method::DELETE, &format!("/v1/customers/{id}"), None, None).await
    };
    let id = story::registers(reseller, "Short-lived").await?.id()?;
    let account = story::opens_active_account(reseller, &id).await?;
    story::refused(reseller, &close(reseller, &id).await?, 409, "has-accounts").await?;
    let ended = story::ask(reseller, Method::DELETE, &format!("/v1/accounts/{account}"), None, None).await?;
    story::expect(ended, 200)?;
    for (client, whose, status, slug) in [
        (&cast.customer, &world.sample.customer_id, 403, "forbidden"),
        (reseller, &world.sample.reseller_id, 403, "forbidden"),
        (reseller, &world.sample.other_customer_id, 404, "not-found"),
        (&cast.auditor, &id, 403, "forbidden"),
    ] {
        story::refused(client, &close(client, whose).await?, status, slug).await?;
    }
    let closed = done(reseller, close(reseller, &id).await?).await?;
    assert_eq!((&closed["status"], &closed["suspended_by"]), (&json!("closed"), &json!(null)));
    let head = story::head(&world).await?;
    assert_eq!(done(&cast.operator, close(&cast.operator, &id).await?).await?["status"], "closed");
    let path = format!("/v1/customers/{id}");
    story::refused(reseller, &patch(reseller, &path, &json!({ "name": "x" })).await?, 409, "invalid-state").await?;
    let wish = json!({ "customer_id": id, "name": "Again" });
    let opened = story::ask(reseller, Method::POST, "/v1/accounts", Some(&new_key()), Some(&wish)).await?;
    story::refused(reseller, &opened, 409, "invalid-state").await?;
    let suspend = story::ask(&cast.operator, Method::POST, &format!("{path}/suspend"), Some(&new_key()), None).await?;
    story::refused(&cast.operator, &suspend, 409, "invalid-state").await?;
    assert_eq!(story::head(&world).await?, head);
    found_by(reseller, &id).await
}

/// Filters take what they are given as it stands: nothing in it is a wildcard.
async fn found_by(reseller: &Client, closed: &str) -> anyhow::Result<()> {
    let ids =
        async |query: &str| anyhow::Ok(each(&data(&reseller.get(&format!("/v1/customers?{query}")).await?), "id"));
    assert_eq!(ids("status=closed").await?, [closed]);
    assert_eq!(ids("status=closed&q=SHORT-l").await?, [closed]);
    let odd = story::registers(reseller, "100%_Cotton").await?;
    reseller.get_at("/v1/customers", odd.position()?).await?;
    let odd = odd.id()?;
    assert_eq!(ids("q=0%25_c").await?, [odd.as_str()]);
    for wild in ["%25cotton%25", "100__cotton", "short%25", "q=*", "%5C"] {
        assert_eq!(ids(&format!("q={wild}")).await?, Vec::<String>::new(), "{wild}");
    }
    let account = json!({ "customer_id": odd, "name": "50%_off" });
    let opened = reseller.post("/v1/accounts", &new_key(), &account, 201).await?;
    let (account, position) = (opened.id()?, opened.position()?);
    for (query, expected) in [("q=0%25_O", 1), ("q=5__", 0), ("q=%25", 1)] {
        let found = data(&reseller.get_at(&format!("/v1/accounts?{query}"), position).await?);
        assert_eq!(each(&found, "id"), vec![account.clone(); expected], "{query}");
    }
    Ok(())
}
