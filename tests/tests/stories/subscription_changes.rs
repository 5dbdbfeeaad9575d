//! Seats come and go: what is answered while the provider is asked, and what holds once it has answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, Cast, all_pages, cast, each, header, new_key};
use tests::world::World;

/// Buys seats; answers where the subscription is found.
pub async fn has(world: &World, client: &Client, sku: &str, seats: u32) -> anyhow::Result<String> {
    let bought = story::buys(client, &world.sample.account_id, world.service(sku)?, seats).await?;
    Ok(format!("/v1/subscriptions/{}", bought["id"].as_str().context("no id")?))
}

/// Asks for a change under a key nobody used before.
pub async fn asks(client: &Client, path: &str, what: &str, body: Option<Value>) -> anyhow::Result<Answer> {
    story::ask(client, Method::PUT, &format!("{path}/{what}"), Some(&new_key()), body.as_ref()).await
}

/// Asks, is answered so, and waits until the provider has answered too.
pub async fn does(client: &Client, path: &str, what: &str, body: Option<Value>, status: u16) -> anyhow::Result<Value> {
    let answer = story::expect(asks(client, path, what, body).await?, status)?;
    settles_after(client, path, &answer).await
}

/// Asks in vain.
pub async fn may_not(
    client: &Client,
    path: &str,
    what: &str,
    body: Option<Value>,
    refusal: (u16, &str),
) -> anyhow::Result<Answer> {
    let answer = asks(client, path, what, body).await?;
    let told = story::refused(client, &answer, refusal.0, refusal.1).await;
    told.with_context(|| format!("{what} of {path}"))?;
    Ok(answer)
}

/// Waits until nothing is in flight and the provider knows what is to happen at the end of the term.
pub async fn settles(client: &Client, path: &str) -> anyhow::Result<Value> {
    let settled = |body: &Value| body["change"].is_null() && body["renewal"]["confirmed"] == true;
    Ok(client.wait_until(path, settled).await?.body)
}

/// The same, once what was answered can be seen.
pub async fn settles_after(client: &Client, path: &str, answer: &Answer) -> anyhow::Result<Value> {
    client.get_at(path, answer.position()?).await?;
    settles(client, path).await
}

/// The provider is busy when it is next asked for something of that method: three seconds later it does it.
pub async fn is_busy(world: &World, method: &str) -> anyhow::Result<()> {
    let matching = json!({ "method": method, "path": "/v1/subscriptions/" });
    story::troubles(world, &json!({ "match": matching, "fault": "503", "ms": 3_000 })).await
}

pub async fn licences(client: &Client, path: &str) -> anyhow::Result<Vec<Value>> {
    all_pages(client, &format!("{path}/licences"), 100).await
}

/// What was answered is what the same caller reads at its position, and what is answered to the same request again.
pub async fn holds(client: &Client, path: &str, answer: &Answer) -> anyhow::Result<()> {
    let read = client.get_at(path, answer.position()?).await?;
    assert_eq!(read.body, answer.body, "{path}");
    assert_eq!(header(&read, "etag"), header(answer, "etag"), "{path}");
    assert_eq!(header(answer, "etag"), Some(format!("\"{}\"", answer.body["version"]).as_str()));
    Ok(())
}

#[tokio::test]
async fn seats_come_and_go() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let path = has(&world, &cast.customer, "office-business", 3).await?;
    more_seats(&world, &cast, &path).await?;
    fewer_seats(&cast, &path).await?;
    at_the_renewal(&cast, &path).await?;
    not_like_this(&cast, &path).await?;
    people_read_what_happened(&cast, &path).await
}

async fn more_seats(world: &World, cast: &Cast, path: &str) -> anyhow::Result<()> {
    let customer = &cast.customer;
    let before = licences(customer, path).await?;
    is_busy(world, "PATCH").await?;
    let (key, five, quantity) = (new_key(), json!({ "quantity": 5 }), format!("{path}/quantity"));
    let again = || story::ask(customer, Method::PUT, &quantity, Some(&key), Some(&five));
    let first = story::expect(again().await?, 202)?;
    holds(customer, path, &first).await?;
    assert_eq!((&first.body["quantity"], &first.body["licence_count"]), (&json!(3), &json!(3)));
    let change = first.body["change"].clone();
    let expected = json!({
        "id": change["id"], "kind": "quantity", "from": 3, "to": 5, "state": "requested",
        "requested_at": first.body["updated_at"], "reason": null,
    });
    assert_eq!(change, expected);
    for client in [&cast.reseller, &cast.operator, &cast.auditor] {
        assert_eq!(client.get(path).await?.body["change"], change);
        assert_eq!(all_pages(client, &format!("{path}/changes"), 1).await?, std::slice::from_ref(&change));
    }
    let others = [("quantity", Some(json!({ "quantity": 6 }))), ("cancel", None), ("suspend", None)];
    for (what, body) in others.into_iter().chain([("extend", Some(json!({ "ends_on": days_ahead(300) })))]) {
        may_not(customer, path, what, body, (409, "change-in-progress")).await?;
    }
    // A subscription of a strange version is not changed, whatever is in flight.
    let stale = customer.request(Method::PUT, &quantity).header("If-Match", "\"1\"").json(&five);
    story::refused(customer, &customer.send(stale).await?, 412, "precondition-failed").await?;
    told_again(&first, &again().await?);

    let settled = settles_after(customer, path, &first).await?;
    assert_eq!((&settled["quantity"], &settled["licence_count"]), (&json!(5), &json!(5)));
    assert_eq!(settled["reducible"], json!({ "to": 1, "until": settled["cancellable_until"] }));
    told_again(&first, &again().await?);
    let listed = all_pages(customer, &format!("{path}/changes"), 100).await?;
    let confirmed = json!({ "state": "confirmed" });
    assert_eq!(listed, [merged(&change, &confirmed)]);
    let after = licences(customer, path).await?;
    assert_eq!((after.len(), &after[..3]), (5, &before[..]), "licences changed");
    Ok(())
}

fn told_again(first: &Answer, again: &Answer) {
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    for name in ["etag", "event-position"] {
        assert_eq!(header(again, name), header(first, name), "{name}");
    }
    assert_eq!(header(again, "idempotency-replayed"), Some("true"));
}

fn merged(value: &Value, others: &Value) -> Value {
    let mut merged = value.clone();
    merged.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
    merged
}

pub fn days_ahead(days: u64) -> String {
    (story::today() + chrono::Days::new(days)).to_string()
}

/// Who is used stays; of the others the newest go.
async fn fewer_seats(cast: &Cast, path: &str) -> anyhow::Result<()> {
    let customer = &cast.customer;
    let five = licences(customer, path).await?;
    let newest = format!("licences/{}/assignment", five[4]["id"].as_str().unwrap());
    let newest = story::expect(asks(customer, path, &newest, Some(json!({ "user": "Ada" }))).await?, 200)?;
    let shrunk = does(customer, path, "quantity", Some(json!({ "quantity": 2 })), 202).await?;
    assert_eq!((&shrunk["quantity"], &shrunk["licence_count"]), (&json!(2), &json!(2)));
    let two = licences(customer, path).await?;
    assert_eq!(two, [five[0].clone(), newest.body]);
    does(customer, path, "quantity", Some(json!({ "quantity": 3 })), 202).await?;
    let three = licences(customer, path).await?;
    assert_eq!(&three[..2], &two[..]);
    let used_before = |member| each(&five, member).contains(&each(&three[2..], member)[0]);
    assert!(!used_before("id") && !used_before("key"), "{three:?}");
    // What holds already is a success without an event.
    let same = story::expect(asks(customer, path, "quantity", Some(json!({ "quantity": 3 }))).await?, 200)?;
    holds(customer, path, &same).await
}

async fn at_the_renewal(cast: &Cast, path: &str) -> anyhow::Result<()> {
    let customer = &cast.customer;
    let later = json!({ "quantity": 2, "effective": "renewal" });
    let answer = story::expect(asks(customer, path, "quantity", Some(later)).await?, 200)?;
    assert_eq!((&answer.body["quantity"], &answer.body["change"]), (&json!(3), &Value::Null));
    assert_eq!(answer.body["renewal"], json!({ "action": "renew", "quantity": 2, "confirmed": false }));
    assert_eq!(settles_after(customer, path, &answer).await?["renewal"]["quantity"], 2);
    let expire = Some(json!({ "action": "expire" }));
    let expiring = does(customer, path, "renewal", expire, 200).await?;
    assert_eq!(expiring["renewal"], json!({ "action": "expire", "quantity": null, "confirmed": true }));
    let renewing = does(customer, path, "renewal", Some(json!({ "action": "renew", "quantity": 4 })), 200).await?;
    assert_eq!(renewing["renewal"], json!({ "action": "renew", "quantity": 4, "confirmed": true }));
    Ok(())
}

async fn not_like_this(cast: &Cast, path: &str) -> anyhow::Result<()> {
    let customer = &cast.customer;
    let cases = [
        ("quantity", json!({}), "missing-field", "/quantity"),
        ("quantity", json!({ "quantity": 0 }), "invalid-quantity", "/quantity"),
        ("quantity", json!({ "quantity": "5" }), "invalid-quantity", "/quantity"),
        ("quantity", json!({ "quantity": 5, "effective": "term_end" }), "invalid-value", "/effective"),
        ("quantity", json!({ "quantity": 5, "when": "now" }), "unknown-field", "/when"),
        ("cancel", json!({ "effective": "renewal" }), "invalid-value", "/effective"),
        ("suspend", json!({ "reason": "none" }), "unknown-field", "/reason"),
        ("renewal", json!({ "quantity": 5 }), "missing-field", "/action"),
        ("renewal", json!({ "action": "cancel" }), "invalid-value", "/action"),
        ("renewal", json!({ "action": "renew", "quantity": 100_001 }), "invalid-quantity", "/quantity"),
        ("extend", json!({}), "missing-field", "/ends_on"),
        ("extend", json!({ "ends_on": "2026-02-30" }), "invalid-date", "/ends_on"),
        ("extend", json!({ "ends_on": days_ahead(1) }), "invalid-date", "/ends_on"),
        ("extend", json!({ "ends_on": days_ahead(37 * 31) }), "invalid-date", "/ends_on"),
    ];
    let other = path.rsplit('/').next().unwrap();
    let both = json!({ "ends_on": days_ahead(90), "coterminous_with": other });
    for (what, body, slug, pointer) in cases.into_iter().chain([("extend", both, "invalid-value", "/coterminous_with")])
    {
        let answer = may_not(customer, path, what, Some(body), (422, slug)).await?;
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.text);
    }
    Ok(())
}

async fn people_read_what_happened(cast: &Cast, path: &str) -> anyhow::Result<()> {
    let mut entries = all_pages(&cast.customer, &format!("{path}/history"), 3).await?;
    entries.reverse();
    let what = each(&entries, "what");
    let beginning = ["started", "licences_granted", "quantity_change_requested"];
    assert_eq!(what[..3], beginning.map(str::to_owned));
    for later in ["quantity_changed", "licences_removed", "licence_assigned", "renewal_set", "renewal_confirmed"] {
        assert!(what.contains(&later.to_owned()), "no {later} in {what:?}");
    }
    let asked = &entries[2];
    assert_eq!((&asked["by"], &asked["from"], &asked["to"]), (&json!("customer"), &json!(3), &json!(5)));
    let done = entries.iter().find(|entry| entry["what"] == "quantity_changed").unwrap();
    assert_eq!((&done["quantity"], &done["effective_on"]), (&json!(5), &json!(story::today())));
    let staff = all_pages(&cast.operator, &format!("{path}/history"), 100).await?;
    assert_eq!(staff.len(), entries.len());
    let id = path.rsplit('/').next().unwrap();
    let state = cast.auditor.get(&format!("/v1/audit/streams/subscription/{id}/state")).await?;
    let seen = cast.auditor.get(path).await?;
    assert_eq!(state.body["version"], seen.body["version"]);
    for member in ["quantity", "renewal", "change", "status"] {
        assert_eq!(state.body["state"][member], seen.body[member], "{member}");
    }
    Ok(())
}

#[tokio::test]
async fn what_the_provider_will_not_do_is_rejected() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let path = has(&world, customer, "team-storage", 2).await?;
    story::troubles(&world, &json!({ "match": { "method": "PATCH" }, "fault": "reject_line" })).await?;
    let before = does(customer, &path, "quantity", Some(json!({ "quantity": 4 })), 202).await?;
    assert_eq!((&before["quantity"], &before["licence_count"]), (&json!(2), &json!(2)));
    let listed = all_pages(customer, &format!("{path}/changes"), 100).await?;
    let (state, reason) = (&listed[0]["state"], listed[0]["reason"].as_str().unwrap_or_default());
    assert!(listed.len() == 1 && state == "rejected" && !reason.is_empty(), "{listed:?}");
    assert_eq!((&listed[0]["from"], &listed[0]["to"]), (&json!(2), &json!(4)));
    let after = does(customer, &path, "quantity", Some(json!({ "quantity": 4 })), 202).await?;
    assert_eq!(after["quantity"], 4);
    let listed = all_pages(customer, &format!("{path}/changes"), 1).await?;
    assert_eq!(each(&listed, "state"), ["confirmed", "rejected"], "newest first");
    // Where the window never closes, seats go at any time.
    assert_eq!(after["reducible"], json!({ "to": 1, "until": null }));
    Ok(())
}
