//! Suspended and resumed, prolonged, and ended: at once, or with the term.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{Months, NaiveDate, SecondsFormat};
use reqwest::Method;
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::Client;
use tests::story::{self, Cast, all_pages, cast, each, new_key};
use tests::world::World;

use crate::subscription_changes::{asks, days_ahead, does, has, holds, is_busy, may_not, settles_after};

#[tokio::test]
async fn a_subscription_stands_still_and_goes_on() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let path = has(&world, customer, "office-business", 2).await?;
    is_busy(&world, "POST").await?;
    let asked = story::expect(asks(customer, &path, "suspend", None).await?, 202)?;
    holds(customer, &path, &asked).await?;
    assert_eq!((&asked.body["status"], &asked.body["change"]["kind"]), (&json!("active"), &json!("suspension")));
    let suspended = settles_after(customer, &path, &asked).await?;
    assert_eq!((&suspended["status"], &suspended["suspended_by"]), (&json!("suspended"), &json!("customer")));
    let listed = customer.get("/v1/subscriptions?status=suspended").await?;
    assert_eq!(each(&story::data(&listed), "id"), [suspended["id"].as_str().unwrap()]);
    // Already so: nothing happens.
    let again = story::expect(asks(customer, &path, "suspend", Some(json!({}))).await?, 200)?;
    assert_eq!(again.body["version"], suspended["version"]);
    let more = Some(json!({ "quantity": 3 }));
    may_not(customer, &path, "quantity", more, (409, "invalid-state")).await?;
    may_not(customer, &path, "extend", Some(json!({ "ends_on": days_ahead(90) })), (409, "invalid-state")).await?;
    let expiring = does(customer, &path, "renewal", Some(json!({ "action": "expire" })), 200).await?;
    assert_eq!(expiring["renewal"]["action"], "expire");
    let resumed = does(&cast.reseller, &path, "resume", None, 202).await?;
    assert_eq!((&resumed["status"], &resumed["suspended_by"]), (&json!("active"), &Value::Null));
    let staff = does(&cast.operator, &path, "suspend", None, 202).await?;
    assert_eq!(staff["suspended_by"], "operator");
    let changes = all_pages(customer, &format!("{path}/changes"), 100).await?;
    assert_eq!(each(&changes, "kind"), ["suspension", "resumption", "suspension"]);
    assert!(changes.iter().all(|change| change["from"].is_null() && change["state"] == "confirmed"), "{changes:?}");
    ended(customer, &path).await
}

/// Also while suspended it may be cancelled; afterwards nothing may be done to it.
async fn ended(customer: &Client, path: &str) -> anyhow::Result<()> {
    let cancelled = does(customer, path, "cancel", Some(json!({ "effective": "now" })), 202).await?;
    assert_eq!((&cancelled["status"], &cancelled["suspended_by"]), (&json!("cancelled"), &Value::Null));
    for (what, body) in [
        ("quantity", Some(json!({ "quantity": 3 }))),
        ("extend", Some(json!({ "ends_on": days_ahead(90) }))),
        ("suspend", None),
        ("resume", None),
        ("renewal", Some(json!({ "action": "renew" }))),
    ] {
        may_not(customer, path, what, body, (409, "invalid-state")).await?;
    }
    story::expect(asks(customer, path, "cancel", None).await?, 200)?;
    Ok(())
}

#[tokio::test]
async fn a_term_is_prolonged() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let path = has(&world, customer, "office-business", 2).await?;
    let before = customer.get(&path).await?.body;
    let end: NaiveDate = before["ends_on"].as_str().unwrap().parse()?;
    let later = end + Months::new(2);
    is_busy(&world, "POST").await?;
    let asked = story::expect(asks(customer, &path, "extend", Some(json!({ "ends_on": later }))).await?, 202)?;
    holds(customer, &path, &asked).await?;
    let change = &asked.body["change"];
    assert_eq!((&change["kind"], &change["from"], &change["to"]), (&json!("extension"), &json!(end), &json!(later)));
    assert_eq!(asked.body["ends_on"], json!(end));
    let extended = settles_after(customer, &path, &asked).await?;
    assert_eq!((&extended["ends_on"], &extended["starts_on"]), (&json!(later), &before["starts_on"]));
    assert_eq!(extended["unit_price"], before["unit_price"]);
    let expiring = |day: NaiveDate| format!("/v1/subscriptions?expires_before={day}");
    assert!(story::data(&customer.get(&expiring(later)).await?).is_empty());
    assert_eq!(story::data(&customer.get(&expiring(later + chrono::Days::new(1))).await?).len(), 1);

    // Another one, to end on the same day.
    let second = has(&world, customer, "mail-guard", 1).await?;
    let with = |path: &str| Some(json!({ "coterminous_with": path.rsplit('/').next() }));
    let together = does(customer, &second, "extend", with(&path), 202).await?;
    assert_eq!(together["ends_on"], json!(later));
    may_not(customer, &second, "extend", with(&path), (422, "invalid-date")).await?;
    let others = story::buys(&cast.other, &world.sample.other_account_id, world.service("mail-guard")?, 1).await?;
    for foreign in [others["id"].as_str().unwrap(), "00000000-0000-7000-8000-000000000000"] {
        may_not(customer, &second, "extend", with(foreign), (404, "not-found")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn it_ends_within_its_window_or_with_its_term() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    // Its window is closed from the first moment on.
    let closed = has(&world, customer, "compute-reserved", 3).await?;
    let seen = customer.get(&closed).await?.body;
    assert_eq!(seen["reducible"], Value::Null);
    may_not(customer, &closed, "cancel", Some(json!({ "effective": "now" })), (409, "window-closed")).await?;
    let fewer = |effective: Option<&str>| match effective {
        Some(effective) => Some(json!({ "quantity": 2, "effective": effective })),
        None => Some(json!({ "quantity": 2 })),
    };
    may_not(customer, &closed, "quantity", fewer(Some("now")), (409, "window-closed")).await?;
    let at_renewal = does(customer, &closed, "quantity", fewer(None), 200).await?;
    assert_eq!((&at_renewal["quantity"], &at_renewal["renewal"]["quantity"]), (&json!(3), &json!(2)));
    let with_its_term = does(customer, &closed, "cancel", None, 200).await?;
    assert_eq!(with_its_term["status"], "active");
    assert_eq!(with_its_term["renewal"], json!({ "action": "expire", "quantity": null, "confirmed": true }));
    assert!(all_pages(customer, &format!("{closed}/changes"), 100).await?.is_empty());

    let open = has(&world, customer, "office-business", 1).await?;
    let key = new_key();
    let path = format!("{open}/cancel");
    let cancel = || story::ask(customer, Method::PUT, &path, Some(&key), None);
    is_busy(&world, "POST").await?;
    let asked = story::expect(cancel().await?, 202)?;
    holds(customer, &open, &asked).await?;
    assert_eq!(asked.body["change"]["kind"], "cancellation");
    let cancelled = settles_after(customer, &open, &asked).await?;
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancel().await?.text, asked.text);
    limits(&world, &cast).await
}

/// The service's own limits, also once it is no longer sold.
async fn limits(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let customer = &cast.customer;
    let firewall = has(world, customer, "network-firewall", 2).await?;
    let too_many = may_not(customer, &firewall, "quantity", Some(json!({ "quantity": 6 })), (422, "quantity-limit"));
    assert_eq!(too_many.await?.body["errors"][0]["pointer"], "/quantity");
    let later = Some(json!({ "action": "renew", "quantity": 6 }));
    may_not(customer, &firewall, "renewal", later, (422, "quantity-limit")).await?;
    let simulator = Client::new(&world.settings.provider.url(), "")?;
    let withdrawn = json!({ "sku": "network-firewall", "withdrawn": true });
    story::expect(story::ask(&simulator, Method::POST, "/sim/catalogue", None, Some(&withdrawn)).await?, 200)?;
    cast.operator.post("/v1/catalogue/sync", &new_key(), &json!({}), 202).await?;
    let service = format!("/v1/services/{}", world.service("network-firewall")?);
    cast.operator.wait_until(&service, |body| body["status"] == "withdrawn").await?;
    for (what, body) in [
        ("quantity", json!({ "quantity": 3 })),
        ("extend", json!({ "ends_on": days_ahead(90) })),
        ("renewal", json!({ "action": "renew", "quantity": 1 })),
    ] {
        may_not(customer, &firewall, what, Some(body), (409, "service-withdrawn")).await?;
    }
    let fewer = does(customer, &firewall, "quantity", Some(json!({ "quantity": 1 })), 202).await?;
    assert_eq!(fewer["quantity"], 1);
    Ok(())
}

#[tokio::test]
async fn a_suspended_customer_takes_no_more_but_may_give_back() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let path = has(&world, customer, "office-business", 3).await?;
    let suspends = |id: &str| format!("/v1/customers/{id}/suspend");
    // Its reseller's suspension is its own, too.
    cast.operator.post(&suspends(&world.sample.reseller_id), &new_key(), &json!({}), 200).await?;
    for client in [customer, &cast.operator] {
        for (what, body) in [
            ("quantity", json!({ "quantity": 4 })),
            ("quantity", json!({ "quantity": 4, "effective": "renewal" })),
            ("renewal", json!({ "action": "renew", "quantity": 4 })),
            ("extend", json!({ "ends_on": days_ahead(90) })),
        ] {
            may_not(client, &path, what, Some(body), (409, "customer-suspended")).await?;
        }
    }
    let fewer = does(customer, &path, "quantity", Some(json!({ "quantity": 2 })), 202).await?;
    assert_eq!(fewer["quantity"], 2);
    assert_eq!(does(customer, &path, "cancel", None, 202).await?["status"], "cancelled");
    Ok(())
}

/// What may still go depends on the time. An answer keeps the time it was given at, also one to a request that found
/// everything as wished and left no event to tell of it.
#[tokio::test]
async fn an_answer_keeps_its_time() -> anyhow::Result<()> {
    let world = World::start_at("2027-03-10T09:00:00Z").await?;
    let cast = cast(&world)?;
    let (customer, clock) = (&cast.customer, DevClock::new(&world.settings.api_url())?);
    let path = has(&world, customer, "office-business", 3).await?;
    let (quantity, same, keys) = (format!("{path}/quantity"), json!({ "quantity": 3 }), [new_key(), new_key()]);
    let ask = |key| story::ask(customer, Method::PUT, &quantity, Some(key), Some(&same));
    let first = story::expect(ask(&keys[0]).await?, 200)?;
    holds(customer, &path, &first).await?;
    assert_eq!(first.body["reducible"]["to"], 1);
    clock.advance("P10D").await?;
    let second = story::expect(ask(&keys[1]).await?, 200)?;
    holds(customer, &path, &second).await?;
    assert_eq!((&second.body["reducible"], &second.body["version"]), (&Value::Null, &first.body["version"]));
    for (key, answer) in keys.iter().zip([&first, &second]) {
        assert_eq!(ask(key).await?.text, answer.text);
    }
    the_past_keeps_its_time(&world, &cast, &first.body).await?;
    // What has been added may go back in a window of its own, and nothing else.
    let grown = does(customer, &path, "quantity", Some(json!({ "quantity": 5 })), 202).await?;
    assert_eq!(grown["reducible"]["to"], 3);
    may_not(customer, &path, "quantity", Some(json!({ "quantity": 2, "effective": "now" })), (409, "window-closed"))
        .await?;
    assert_eq!(does(customer, &path, "quantity", Some(json!({ "quantity": 4 })), 202).await?["reducible"]["to"], 3);
    Ok(())
}

/// What could be done then is told of the past; what can be done now is told of the present, though nothing happened.
async fn the_past_keeps_its_time(world: &World, cast: &Cast, then: &Value) -> anyhow::Result<()> {
    let path = format!("/v1/audit/streams/subscription/{}/state", then["id"].as_str().unwrap());
    let moment = story::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    for at in [
        format!("at_version={}", then["version"]),
        format!("at_position={}", story::head(world).await?),
        format!("at_time={moment}"),
    ] {
        let past = cast.auditor.get(&format!("{path}?{at}")).await?.body;
        assert_eq!((&past["version"], &past["state"]["reducible"]), (&then["version"], &then["reducible"]), "{at}");
    }
    let present = cast.auditor.get(&path).await?.body;
    assert_eq!((&present["version"], &present["state"]["reducible"]), (&then["version"], &Value::Null));
    Ok(())
}
