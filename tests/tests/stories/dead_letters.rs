//! What waits for the operator: effects that came to nothing, events that a reader could not apply.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Executor;
use tests::client::{Answer, Client};
use tests::story::{self, Cast, all_pages, ask, cast, data, each, new_key};
use tests::world::World;

use crate::reconcile::{listed, reconciles};
use crate::subscription_changes::{self, asks, has, may_not};

const LETTERS: &str = "/v1/admin/dead-letters";
const EFFECTS: &str = "/v1/admin/effects";

/// Effects that were given to the operator, all at one moment.
async fn has_dead_effects(world: &World, ids: &[&str]) -> anyhow::Result<()> {
    let mut database = story::database(world).await?;
    let moment: String = story::texts(world, "select clock_timestamp()::text").await?.remove(0);
    for id in ids {
        let sql = format!(
            "insert into effects (op_id, process, kind, subject, effect, state, attempts, outcome, created_at, settled_at) \
             values ('{id}', 'catalogue', 'sync_catalogue', 'catalogue', '{{\"kind\":\"sync_catalogue\"}}', 'dead', 10, \
             'nobody foresaw this', '{moment}', '{moment}')"
        );
        database.execute(sql.as_str()).await?;
    }
    Ok(())
}

async fn does(cast: &Cast, id: &str, action: &str, status: u16) -> anyhow::Result<Value> {
    let path = format!("{LETTERS}/{id}/{action}");
    let key = new_key();
    let answer = cast.operator.post(&path, &key, &json!({}), status).await?;
    let again = cast.operator.post(&path, &key, &json!({}), status).await?;
    assert_eq!(again.text, answer.text);
    assert_eq!(story::header(&again, "idempotency-replayed"), Some("true"));
    Ok(answer.body)
}

#[tokio::test]
async fn a_dead_effect_is_tried_again_or_given_up() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let ids = [1, 2, 3].map(|n| format!("0192f0c1-2d3e-7a4b-8c5d-00000000000{n}"));
    has_dead_effects(&world, &ids.each_ref().map(String::as_str)).await?;
    // All of one moment: no page leaves one out or shows it twice.
    for path in [LETTERS, "/v1/admin/effects?state=dead"] {
        for limit in [1, 2] {
            let mut seen = each(&all_pages(&cast.auditor, path, limit).await?, "id");
            seen.sort();
            assert_eq!(seen, ids, "{path} by {limit}");
        }
    }
    let letter = data(&cast.operator.get(LETTERS).await?).remove(0);
    assert_eq!((&letter["kind"], &letter["reason"]), (&json!("effect"), &json!("nobody foresaw this")));
    let of_nobody = format!("{LETTERS}?customer_id={}", world.sample.customer_id);
    assert!(data(&cast.operator.get(&of_nobody).await?).is_empty());

    assert_eq!(does(&cast, &ids[0], "retry", 202).await?, json!({ "id": ids[0], "state": "retrying" }));
    let is_done =
        |body: &Value| body["data"].as_array().is_some_and(|done| done.iter().any(|one| one["id"] == ids[0].as_str()));
    cast.operator.wait_until("/v1/admin/effects?state=done&limit=100", is_done).await?;
    assert_eq!(does(&cast, &ids[1], "discard", 200).await?, json!({ "id": ids[1], "state": "discarded" }));
    assert_eq!(each(&data(&cast.operator.get(LETTERS).await?), "id"), [ids[2].clone()]);
    assert_eq!(each(&data(&cast.operator.get("/v1/admin/effects?state=discarded").await?), "id"), [ids[1].clone()]);

    let noted = story::texts(
        &world,
        "select concat_ws(' ', action, letter, actor, reason) from dead_letter_actions order by action",
    )
    .await?;
    assert_eq!(noted.len(), 2);
    assert!(
        noted[0].starts_with(&format!("discard {} ", ids[1])) && noted[0].ends_with("nobody foresaw this"),
        "{noted:?}"
    );
    for (id, action) in [(ids[0].as_str(), "retry"), (ids[1].as_str(), "discard"), ("17", "retry"), ("x", "retry")] {
        let path = format!("{LETTERS}/{id}/{action}");
        let answer = ask(&cast.operator, Method::POST, &path, Some(&new_key()), Some(&json!({}))).await?;
        story::refused(&cast.operator, &answer, 404, "not-found").await?;
    }
    Ok(())
}

/// The provider is closed to such calls, for longer than anybody waits here.
async fn is_deaf(world: &World, method: &str, path: &str) -> anyhow::Result<()> {
    let matching = json!({ "method": method, "path": path });
    story::troubles(world, &json!({ "match": matching, "fault": "503", "times": 1_000, "ms": 600_000 })).await
}

/// Tried in vain, and then given to the operator, as if nobody had foreseen what came of it; after that the provider is
/// well again. Answers its id.
async fn dies(world: &World, cast: &Cast, kind: &str, subject: &str) -> anyhow::Result<String> {
    let was_tried =
        |effect: &Value| effect["kind"] == kind && effect["subject"] == subject && effect["outcome"].is_string();
    let waits = |body: &Value| body["data"].as_array().is_some_and(|effects| effects.iter().any(was_tried));
    cast.operator.wait_until(&format!("{EFFECTS}?state=due&limit=100"), waits).await?;
    let sql = format!(
        "update effects set state = 'dead', outcome = 'nobody foresaw this', settled_at = clock_timestamp(), \
         lease = null, lease_until = null where kind = '{kind}' and subject = '{subject}' and state = 'due' \
         returning op_id::text"
    );
    let died = story::texts(world, &sql).await?;
    story::calms(world).await?;
    died.first().cloned().context("it is open no longer")
}

#[tokio::test]
async fn a_change_that_is_given_up_is_rejected_and_locks_nothing() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let path = has(&world, customer, "team-storage", 3).await?;
    let shown = customer.get(&path).await?;
    let theirs = shown.body["provider"]["subscription_id"].as_str().context("no provider's id")?;
    // The second time somebody has changed it at the provider meanwhile, which is seen only now.
    for (asked, console, left) in [(8, None, 3), (9, Some(6), 6)] {
        is_deaf(&world, "PATCH", "/v1/subscriptions/").await?;
        story::expect(asks(customer, &path, "quantity", Some(json!({ "quantity": asked }))).await?, 202)?;
        let letter = dies(&world, &cast, "change_subscription", &shown.id()?).await?;
        may_not(customer, &path, "suspend", None, (409, "change-in-progress")).await?;
        if let Some(quantity) = console {
            let provider = Client::new(&world.settings.provider.url(), "")?;
            let (edit, path) = (json!({ "quantity": quantity }), format!("/sim/subscriptions/{theirs}"));
            story::expect(ask(&provider, Method::PATCH, &path, None, Some(&edit)).await?, 200)?;
        }
        does(&cast, &letter, "discard", 200).await?;
        customer.wait_until(&path, |body| body["change"].is_null() && body["quantity"] == left).await?;
        let changes = all_pages(customer, &format!("{path}/changes"), 100).await?;
        let given_up = changes.iter().find(|change| change["to"] == asked).context("no such change")?;
        assert_eq!((&given_up["state"], &given_up["reason"]), (&json!("rejected"), &json!("given-up")));
    }
    let more = subscription_changes::does(customer, &path, "quantity", Some(json!({ "quantity": 7 })), 202).await?;
    assert_eq!((&more["quantity"], &more["licence_count"]), (&json!(7), &json!(7)));
    assert_eq!(each(&data(&cast.operator.get(LETTERS).await?), "id"), Vec::<String>::new());
    Ok(())
}

/// Gives up, and waits for the order's end.
async fn gives_up(cast: &Cast, letter: &str, (order, end): (&str, &str)) -> anyhow::Result<Answer> {
    does(cast, letter, "discard", 200).await?;
    story::sees_order_end(&cast.customer, order, end).await
}

#[tokio::test]
async fn an_order_that_is_given_up_ends() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let line = [(world.service("office-business")?, 2)];
    // Never taken by the provider.
    is_deaf(&world, "POST", "/v1/orders").await?;
    let order = story::orders(&cast.customer, &world.sample.account_id, &line).await?.id()?;
    let letter = dies(&world, &cast, "submit_order", &order).await?;
    let failed = gives_up(&cast, &letter, (&order, "failed")).await?;
    assert_eq!(failed.body["lines"][0]["reason"], "given-up");

    // Taken, but nobody heard of it: there it is, and so it goes on.
    let lost = json!({ "match": { "method": "POST", "path": "/v1/orders" }, "fault": "500_after", "times": 1 });
    story::troubles(&world, &lost).await?;
    is_deaf(&world, "GET", "/v1/orders").await?;
    let order = story::orders(&cast.customer, &world.sample.account_id, &line).await?.id()?;
    let provider = Client::new(&world.settings.provider.url(), "")?;
    let is_there = |effect: &Value| effect["operation"] == "place_order" && effect["external_ref"] == order.as_str();
    let taken = |body: &Value| body["effects"].as_array().is_some_and(|effects| effects.iter().any(is_there));
    provider.wait_until("/sim/ledger", taken).await?;
    let letter = dies(&world, &cast, "submit_order", &order).await?;
    gives_up(&cast, &letter, (&order, "fulfilled")).await?;

    // Nobody here learns what became of it. While it may be tried again, its subscription is no stranger.
    story::troubles(&world, &json!({ "fault": "webhook_lost", "times": 1_000 })).await?;
    is_deaf(&world, "GET", "/v1/orders/").await?;
    let line = [(line[0].0, 7)];
    let order = story::orders(&cast.customer, &world.sample.account_id, &line).await?.id()?;
    let letter = dies(&world, &cast, "watch_order", &order).await?;
    let of_seven = |body: &Value| {
        let all = body["subscriptions"].as_array()?;
        Some(all.iter().find(|one| one["quantity"] == 7)?["subscription_id"].as_str()?.to_owned())
    };
    let shown = provider.wait_until("/sim/subscriptions", |body| of_seven(body).is_some()).await?.body;
    let theirs = of_seven(&shown).context("no subscription")?;
    for _ in 0..2 {
        reconciles(&cast).await?;
    }
    assert_eq!(listed(&world, &cast, &theirs).await?, Vec::<Value>::new());
    let failed = gives_up(&cast, &letter, (&order, "failed")).await?;
    let line = &failed.body["lines"][0];
    assert_eq!((&line["status"], &line["reason"]), (&json!("rejected"), &json!("given-up")));
    for _ in 0..2 {
        reconciles(&cast).await?;
    }
    assert_eq!(each(&listed(&world, &cast, &theirs).await?, "field"), ["unknown"]);
    Ok(())
}

#[tokio::test]
async fn an_account_that_is_given_up_is_refused() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    is_deaf(&world, "POST", "/v1/accounts").await?;
    let account = story::opens_account(&cast.customer, &world.sample.customer_id).await?.id()?;
    let letter = dies(&world, &cast, "open_account", &account).await?;
    does(&cast, &letter, "discard", 200).await?;
    let path = format!("/v1/accounts/{account}");
    let refused = cast.customer.wait_until(&path, |body| body["status"] == "refused").await?;
    assert_eq!(refused.body["reason"], "given-up");
    Ok(())
}

#[tokio::test]
async fn a_parked_aggregate_goes_on_in_order() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let order = story::orders(&cast.customer, &world.sample.account_id, &[(world.service("mail-guard")?, 2)]).await?;
    let id = order.id()?;
    let told = [json!("completed"), json!("error")];
    let is_over = |order: &Value| told.contains(&order["processes"]["notification"]["state"]);
    let before = cast.customer.wait_until(&format!("/v1/orders/{id}"), is_over).await?;
    let at_head = format!("/v1/orders/{id}?min_position={}", story::head(&world).await?);
    // As if a mistake of ours had kept the reader from applying any of its events.
    let mut database = story::database(&world).await?;
    let park = format!(
        "insert into dead_letters (reader, generation, aggregate_type, aggregate_id, position, reason) \
         select 'orders', r.generation, 'order', '{id}', e.position, 'a mistake of ours' from events e, readers r \
         where r.name = 'orders' and e.aggregate_type = 'order' and e.aggregate_id = '{id}'"
    );
    database.execute(format!("delete from read_orders where id = '{id}'").as_str()).await?;
    database.execute(park.as_str()).await?;
    let letters = data(&cast.operator.get(LETTERS).await?);
    assert!(letters.len() >= 3 && each(&letters, "kind").iter().all(|kind| kind == "event"), "{letters:?}");
    let letter = letters[0]["id"].as_str().unwrap().to_owned();
    let path = format!("{LETTERS}/{letter}/discard");
    let answer = ask(&cast.operator, Method::POST, &path, Some(&new_key()), Some(&json!({}))).await?;
    story::refused(&cast.operator, &answer, 409, "invalid-state").await?;
    does(&cast, &letter, "retry", 202).await?;
    assert!(data(&cast.operator.get(LETTERS).await?).is_empty());
    let after = cast.customer.get(&at_head).await?;
    assert_eq!(after.text, before.text);
    Ok(())
}

#[tokio::test]
async fn the_lists_say_how_far_they_go_and_wait_for_what_is_asked() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let operator = &cast.operator;
    let mut database = story::database(&world).await?;
    // Whoever writes effects has to wait, whoever reads them has not.
    database.execute("begin; lock table effects in exclusive mode").await?;
    let order = story::orders(&cast.customer, &world.sample.account_id, &[(world.service("mail-guard")?, 2)]).await?;
    let (id, position) = (order.id()?, order.position()?);
    for path in [EFFECTS, LETTERS] {
        let shown = story::read_position(&operator.get(path).await?)?;
        assert!(shown < position, "{path} says that it shows {shown}, and nothing came of {position} yet");
    }
    let released = async {
        // While this one waits, others are answered.
        operator.get(LETTERS).await?;
        database.execute("commit").await?;
        anyhow::Ok(())
    };
    let (listed, ()) = tokio::try_join!(operator.get_at(EFFECTS, position), released)?;
    assert!(each(&data(&listed), "subject").contains(&id), "{}", listed.text);
    for path in [EFFECTS, LETTERS] {
        assert!(story::read_position(&operator.get_at(path, position).await?)? >= position, "{path}");
    }
    Ok(())
}
