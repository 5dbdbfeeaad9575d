//! Prices: whose rules make them, in whose eyes, and for how long they hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, Cast, cast};
use tests::world::World;

/// A rule under an id, as its author sets it; answers what came of it.
async fn sets(client: &Client, id: u32, rule: &Value, status: u16) -> anyhow::Result<Answer> {
    let answer = story::ask(client, Method::PUT, &path(id), None, Some(rule)).await?;
    story::expect(answer, status)
}

fn path(id: u32) -> String {
    format!("/v1/price-rules/{}", rule_id(id))
}

fn rule_id(id: u32) -> String {
    format!("0197f3a4-6f6e-7d31-9c55-0000{id:08x}")
}

/// The seller's and the reseller's rules of the worked example; the position of the last.
async fn worked_example(world: &World, cast: &Cast) -> anyhow::Result<i64> {
    let mail_guard = world.service("mail-guard")?;
    sets(&cast.operator, 1, &json!({ "kind": "markup_on_cost", "percent": "25" }), 201).await?;
    sets(&cast.operator, 2, &json!({ "service_id": mail_guard, "kind": "margin", "percent": "15" }), 201).await?;
    let nordwind = json!({ "customer_id": world.sample.reseller_id, "kind": "markup_on_cost", "percent": "15" });
    sets(&cast.operator, 3, &nordwind, 201).await?;
    let acker = json!({ "customer_id": world.sample.customer_id, "kind": "discount_on_list", "percent": "5" });
    sets(&cast.reseller, 4, &acker, 201).await?.position()
}

/// Unit price, reseller price and cost of a service as one caller is shown them.
async fn sees(client: &Client, path: &str, position: i64) -> anyhow::Result<[Option<String>; 3]> {
    let body = client.get_at(path, position).await?.body;
    Ok(["unit_price", "reseller_unit_price", "unit_cost"].map(|name| body[name]["amount"].as_str().map(str::to_owned)))
}

fn amounts(amounts: [&str; 3]) -> [Option<String>; 3] {
    amounts.map(|amount| (amount != "-").then(|| amount.to_owned()))
}

#[tokio::test]
async fn each_sees_the_prices_of_the_worked_example_that_are_for_it() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let position = worked_example(&world, &cast).await?;
    let (office, guard) = (world.service("office-business")?, world.service("mail-guard")?);
    let archive = world.service("archive-storage")?;
    let acker = format!("?customer_id={}", world.sample.customer_id);
    for (client, service, query, expected) in [
        (&cast.other, office, "", ["17.50", "-", "-"]),
        (&cast.other, guard, "", ["9.917647", "-", "-"]),
        (&cast.other, archive, "", ["150.00", "-", "-"]),
        (&cast.customer, office, "", ["19.00", "-", "-"]),
        (&cast.customer, office, acker.as_str(), ["19.00", "-", "-"]),
        (&cast.reseller, office, "", ["16.10", "16.10", "-"]),
        (&cast.reseller, office, acker.as_str(), ["19.00", "16.10", "-"]),
        (&cast.operator, office, "", ["17.50", "-", "14.00"]),
        (&cast.auditor, office, acker.as_str(), ["19.00", "16.10", "14.00"]),
        // Nordwind pays 8.43 × 1.15: the margin is for those without a rule of their own.
        (&cast.reseller, guard, acker.as_str(), ["11.40", "9.6945", "-"]),
    ] {
        let seen = sees(client, &format!("/v1/services/{service}{query}"), position).await?;
        assert_eq!(seen, amounts(expected), "{service} {query}");
    }
    for (client, account, service, price) in [
        (&cast.other, &world.sample.other_account_id, guard, "9.917647"),
        (&cast.customer, &world.sample.account_id, office, "19.00"),
    ] {
        let body = story::order_of(account, &[(service, 7)]);
        let quoted = story::ask(client, Method::POST, "/v1/orders/quote", None, Some(&body)).await?;
        assert_eq!(quoted.body["lines"][0]["unit_price"]["amount"], price, "{}", quoted.text);
    }
    prices_hold_for_the_term(&world, &cast).await
}

/// The provider gets dearer: new orders follow, what runs does not.
async fn prices_hold_for_the_term(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let office = world.service("office-business")?;
    let account = &world.sample.other_account_id;
    let bought = story::buys(&cast.other, account, office, 3).await?;
    assert_eq!(bought["unit_price"]["amount"], "17.50");
    let provider = Client::new(&world.settings.provider.url(), "")?;
    let dearer = json!({ "sku": "office-business", "unit_cost": { "amount": "15.00", "currency": "EUR" } });
    story::expect(story::ask(&provider, Method::POST, "/sim/catalogue", None, Some(&dearer)).await?, 200)?;
    let service = format!("/v1/services/{office}");
    cast.other.wait_until(&service, |body| body["unit_price"]["amount"] == "18.75").await?;
    let again = story::orders(&cast.other, account, &[(office, 1)]).await?;
    assert_eq!(again.body["lines"][0]["unit_price"]["amount"], "18.75", "{}", again.text);
    let path = format!("/v1/subscriptions/{}", bought["id"].as_str().unwrap());
    assert_eq!(cast.other.get(&path).await?.body["unit_price"]["amount"], "17.50");
    Ok(())
}

#[tokio::test]
async fn a_rule_is_kept_under_its_authors_id() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let office = world.service("office-business")?;
    let markup = |percent: &str| json!({ "kind": "markup_on_cost", "percent": percent });
    let made = sets(&cast.operator, 1, &markup("25.0"), 201).await?;
    assert_eq!(story::header(&made, "location"), Some(path(1).as_str()));
    assert_eq!((&made.body["author"], &made.body["percent"]), (&json!("seller"), &json!("25")));
    assert_eq!(made.body["effective_from"], json!(story::today()));
    assert_eq!(made.body["version"], 1);
    for absent in ["customer_id", "reseller_id", "service_id", "price"] {
        assert!(made.body.get(absent).is_none(), "{}", made.text);
    }
    let read = cast.operator.get_at(&path(1), made.position()?).await?;
    assert_eq!(read.body, made.body);
    // The same again is no event; another percentage is.
    let same = sets(&cast.operator, 1, &markup("25"), 200).await?;
    assert_eq!((&same.body, same.position()?), (&made.body, made.position()?));
    let changed = sets(&cast.operator, 1, &markup("30"), 200).await?;
    assert_eq!((&changed.body["percent"], &changed.body["version"]), (&json!("30"), &json!(2)));
    assert_eq!(changed.body["created_at"], made.body["created_at"]);
    assert_eq!(cast.auditor.get_at(&path(1), changed.position()?).await?.body, changed.body);

    // One rule for each day; one scope for each id, whoever else's it would be.
    let clash = story::ask(&cast.operator, Method::PUT, &path(2), None, Some(&markup("1"))).await?;
    story::refused(&cast.operator, &clash, 409, "duplicate").await?;
    let elsewhere = json!({ "service_id": office, "kind": "list" });
    let moved = story::ask(&cast.operator, Method::PUT, &path(1), None, Some(&elsewhere)).await?;
    story::refused(&cast.operator, &moved, 409, "duplicate").await?;
    let stolen = story::ask(&cast.reseller, Method::PUT, &path(1), None, Some(&json!({ "kind": "list" }))).await?;
    story::refused(&cast.reseller, &stolen, 409, "duplicate").await?;
    let mut later = markup("28");
    later["effective_from"] = json!(story::today() + chrono::Days::new(1));
    let second = sets(&cast.operator, 2, &later, 201).await?;
    assert_eq!(second.body["version"], 3, "the scope's");
    assert_eq!(cast.operator.get_at(&path(1), second.position()?).await?.body["version"], 3);
    removing(&cast, second.position()?).await
}

async fn removing(cast: &Cast, position: i64) -> anyhow::Result<()> {
    let remove = async |client: &Client, id: u32, tag: Option<&str>, key: Option<&str>| {
        let request = client.request(Method::DELETE, &path(id));
        let request = tag.map_or(request.try_clone().unwrap(), |tag| request.header("If-Match", tag));
        client.send(key.map_or(request.try_clone().unwrap(), |key| request.header("Idempotency-Key", key))).await
    };
    story::refused(&cast.reseller, &remove(&cast.reseller, 2, None, None).await?, 404, "not-found").await?;
    story::refused(&cast.operator, &remove(&cast.operator, 9, None, None).await?, 404, "not-found").await?;
    let stale = remove(&cast.operator, 2, Some("\"2\""), None).await?;
    story::refused(&cast.operator, &stale, 412, "precondition-failed").await?;
    let removed = story::expect(remove(&cast.operator, 2, Some("\"3\""), Some("gone")).await?, 204)?;
    assert_eq!((removed.text.as_str(), removed.position()?), ("", position + 1));
    let replayed = story::expect(remove(&cast.operator, 2, Some("\"3\""), Some("gone")).await?, 204)?;
    assert_eq!(story::header(&replayed, "idempotency-replayed"), Some("true"));
    // Again, and it is as it was: no event.
    let again = story::expect(remove(&cast.operator, 2, None, None).await?, 204)?;
    assert!(again.position()? >= removed.position()?);
    let gone = story::look(&cast.operator, &format!("{}?min_position={}", path(2), removed.position()?)).await?;
    story::refused(&cast.operator, &gone, 404, "not-found").await?;
    // Its id is free for another scope, its day for another id.
    sets(&cast.reseller, 2, &json!({ "kind": "list" }), 201).await.map(|_| ())
}

#[tokio::test]
async fn nobody_makes_prices_that_are_not_its_to_make() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let (own, foreign) = (&world.sample.customer_id, &world.sample.other_customer_id);
    let (reseller, nobody) = (&world.sample.reseller_id, rule_id(77));
    let list = |field: &str, value: &str| json!({ field: value, "kind": "list" });
    let yesterday = (story::today() - chrono::Days::new(1)).to_string();
    let dated = json!({ "kind": "list", "effective_from": yesterday });
    let everything = json!({ "customer_id": own, "reseller_id": reseller, "kind": "list" });
    let priced = |amount: &str| json!({ "kind": "fixed", "price": { "amount": amount, "currency": "EUR" } });
    let percent = |kind: &str, percent: Value| json!({ "kind": kind, "percent": percent });
    let head = story::head(&world).await?;
    for (client, rule, status, slug) in [
        (&cast.reseller, list("customer_id", foreign), 404, "not-found"),
        (&cast.reseller, list("customer_id", &nobody), 404, "not-found"),
        (&cast.reseller, list("customer_id", reseller), 422, "invalid-price-rule"),
        (&cast.reseller, list("reseller_id", reseller), 422, "invalid-price-rule"),
        (&cast.reseller, list("author", "seller"), 403, "forbidden"),
        (&cast.reseller, list("author", foreign), 404, "not-found"),
        (&cast.reseller, list("service_id", &nobody), 422, "unknown-service"),
        (&cast.reseller, dated.clone(), 422, "invalid-date"),
        (&cast.operator, dated, 422, "invalid-date"),
        (&cast.operator, everything, 422, "invalid-price-rule"),
        (&cast.operator, list("reseller_id", own), 422, "invalid-reseller"),
        (&cast.operator, list("author", own), 422, "invalid-reseller"),
        (
            &cast.operator,
            json!({ "author": reseller, "customer_id": foreign, "kind": "list" }),
            422,
            "invalid-price-rule",
        ),
        (&cast.operator, list("author", "somebody"), 422, "invalid-value"),
        (&cast.operator, json!({}), 422, "missing-field"),
        (&cast.operator, json!({ "kind": "magic" }), 422, "invalid-value"),
        (&cast.operator, json!({ "kind": "margin" }), 422, "missing-field"),
        (&cast.operator, percent("margin", json!("100")), 422, "invalid-price-rule"),
        (&cast.operator, percent("discount_on_list", json!("100.01")), 422, "invalid-price-rule"),
        (&cast.operator, percent("markup_on_cost", json!(25)), 422, "invalid-amount"),
        (&cast.operator, percent("markup_on_cost", json!("-1")), 422, "invalid-amount"),
        (&cast.operator, percent("list", json!("1")), 422, "unknown-field"),
        (&cast.operator, json!({ "kind": "fixed" }), 422, "missing-field"),
        (&cast.operator, priced("0.00"), 422, "invalid-price-rule"),
        (&cast.operator, priced("1.001"), 422, "invalid-amount"),
        (&cast.customer, list("customer_id", own), 403, "forbidden"),
        (&cast.auditor, list("customer_id", own), 403, "forbidden"),
        (&cast.service, list("customer_id", own), 403, "forbidden"),
    ] {
        let answer = story::ask(client, Method::PUT, &path(1), None, Some(&rule)).await?;
        story::refused(client, &answer, status, slug).await.map_err(|error| error.context(rule.to_string()))?;
    }
    assert_eq!(story::head(&world).await?, head);
    what_is_listed(&world, &cast).await
}

async fn what_is_listed(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let position = worked_example(world, cast).await?;
    let list = async |client: &Client, query: &str| {
        let joint = if query.is_empty() { "?" } else { "&" };
        let listed = client.get(&format!("/v1/price-rules{query}{joint}min_position={position}")).await?;
        anyhow::Ok(story::each(&story::data(&listed), "id"))
    };
    let ids = |ids: &[u32]| ids.iter().map(|id| rule_id(*id)).collect::<Vec<_>>();
    assert_eq!(list(&cast.operator, "").await?, ids(&[4, 3, 2, 1]));
    assert_eq!(list(&cast.auditor, "").await?, ids(&[4, 3, 2, 1]));
    assert_eq!(list(&cast.reseller, "").await?, ids(&[4]));
    assert_eq!(list(&cast.reseller, "?author=seller").await?, ids(&[]));
    assert_eq!(list(&cast.operator, "?author=seller").await?, ids(&[3, 2, 1]));
    let acker = format!("?customer_id={}", world.sample.customer_id);
    assert_eq!(list(&cast.operator, &acker).await?, ids(&[4]));
    assert_eq!(list(&cast.operator, &format!("?service_id={}", world.service("mail-guard")?)).await?, ids(&[2]));
    let paged = story::all_pages(&cast.operator, "/v1/price-rules", 1).await?;
    assert_eq!(story::each(&paged, "id"), ids(&[4, 3, 2, 1]));
    assert!(story::look(&cast.reseller, &path(3)).await?.status == 404);
    // Staff sees who made a rule, a reseller what it made.
    let own = cast.reseller.get(&path(4)).await?;
    assert!(!story::mentions(&own.body, "created_by"), "{}", own.text);
    assert!(story::mentions(&cast.operator.get(&path(4)).await?.body, "created_by"));
    Ok(())
}

#[tokio::test]
async fn an_id_set_for_two_scopes_at_once_is_in_one() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let services: Vec<&String> = world.sample.services.values().collect();
    let rules: Vec<Value> = services.iter().map(|id| json!({ "service_id": id, "kind": "list" })).collect();
    let path = path(1);
    let asked = rules.iter().map(|rule| story::ask(&cast.operator, Method::PUT, &path, None, Some(rule)));
    let answers = futures::future::try_join_all(asked).await?;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(201), count(409)), (1, services.len() - 1));
    Ok(())
}

#[tokio::test]
async fn other_currencies_need_a_rate_or_a_fixed_price() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let (desktop, account) = (world.service("virtual-desktop")?, &world.sample.other_account_id);
    let body = story::order_of(account, &[(desktop, 10)]);
    let refused = story::ask(&cast.other, Method::POST, "/v1/orders", Some(&story::new_key()), Some(&body)).await?;
    story::refused(&cast.other, &refused, 422, "no-price").await?;
    assert!(cast.other.get(&format!("/v1/services/{desktop}")).await?.body["unit_price"].is_null());

    let rate = |rate: &str| json!({ "base": "USD", "quote": "EUR", "rate": rate });
    let set = async |client: &Client, body: &Value| {
        story::ask(client, Method::PUT, "/v1/exchange-rates", None, Some(body)).await
    };
    let made = story::expect(set(&cast.operator, &rate("0.92230")).await?, 200)?;
    let expected = json!({
        "base": "USD", "quote": "EUR", "rate": "0.9223", "effective_from": story::today(), "version": 1,
    });
    assert_eq!(made.body, expected);
    let again = story::expect(set(&cast.operator, &rate("0.9223")).await?, 200)?;
    assert_eq!(again.body, expected);
    // 31.00 × 0.9223
    let seen = sees(&cast.other, &format!("/v1/services/{desktop}"), made.position()?).await?;
    assert_eq!(seen, amounts(["28.5913", "-", "-"]));
    let placed = story::orders(&cast.other, account, &[(desktop, 10)]).await?;
    assert_eq!(placed.body["lines"][0]["amount"]["amount"], "285.91");
    let line = first_line(&cast, &placed).await?;
    assert_eq!(line["exchange_rate"], json!({ "base": "USD", "rate": "0.9223" }));
    assert!(line.get("discountable").is_none(), "{line}");

    let fixed = json!({ "service_id": desktop, "kind": "fixed", "price": { "amount": "27.00", "currency": "EUR" } });
    sets(&cast.operator, 1, &fixed, 201).await?;
    let placed = story::orders(&cast.other, account, &[(desktop, 10)]).await?;
    assert_eq!(placed.body["lines"][0]["amount"]["amount"], "270.00");
    let line = first_line(&cast, &placed).await?;
    assert_eq!((&line["discountable"], line.get("exchange_rate")), (&json!(false), None));
    rates_are_everybodys(&cast, &expected).await?;
    made_again_they_are_the_same(&world, &cast).await
}

/// Rules, rates and prices are the same after the read model was made anew from the log.
async fn made_again_they_are_the_same(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let paths = ["/v1/price-rules", "/v1/exchange-rates", "/v1/services?limit=100"];
    let look = async || {
        let mut seen = Vec::new();
        for path in paths {
            seen.push(cast.operator.get(path).await?.body);
            seen.push(cast.other.get(path.replace("price-rules", "services").as_str()).await?.body);
        }
        anyhow::Ok(seen)
    };
    let before = look().await?;
    let sql = "select generation::text from readers where name = 'directory'";
    let generation = story::texts(world, sql).await?;
    let path = "/v1/admin/projections/directory/rebuild";
    cast.operator.post(path, &story::new_key(), &json!({}), 202).await?;
    let deadline = std::time::Instant::now() + tests::client::PATIENCE;
    while story::texts(world, sql).await? == generation {
        anyhow::ensure!(std::time::Instant::now() < deadline, "the directory is never rebuilt");
        tokio::task::yield_now().await;
    }
    assert_eq!(look().await?, before);
    Ok(())
}

/// The line as the log keeps it.
async fn first_line(cast: &Cast, order: &Answer) -> anyhow::Result<Value> {
    let stream = cast.auditor.get(&format!("/v1/audit/streams/order/{}", order.id()?)).await?;
    Ok(story::data(&stream)[0]["payload"]["details"]["lines"][0].clone())
}

async fn rates_are_everybodys(cast: &Cast, first: &Value) -> anyhow::Result<()> {
    for client in [&cast.customer, &cast.reseller, &cast.operator, &cast.auditor] {
        let listed = client.get("/v1/exchange-rates").await?;
        assert_eq!(story::data(&listed), std::slice::from_ref(first));
        assert_eq!(story::data(&client.get("/v1/exchange-rates?base=EUR").await?), Vec::<Value>::new());
    }
    story::refused(&cast.service, &story::look(&cast.service, "/v1/exchange-rates").await?, 403, "forbidden").await?;
    let yesterday = story::today() - chrono::Days::new(1);
    for (client, change, status, slug) in [
        (&cast.operator, json!({ "effective_from": yesterday }), 422, "invalid-date"),
        (&cast.operator, json!({ "quote": "USD" }), 422, "invalid-value"),
        (&cast.operator, json!({ "rate": "0" }), 422, "invalid-value"),
        (&cast.operator, json!({ "rate": 0.9 }), 422, "invalid-amount"),
        (&cast.operator, json!({ "quote": "eur" }), 422, "invalid-currency"),
        (&cast.service, json!({}), 403, "forbidden"),
        (&cast.reseller, json!({}), 403, "forbidden"),
    ] {
        let mut body = json!({ "base": "USD", "quote": "EUR", "rate": "0.91" });
        change.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
        let answer = story::ask(client, Method::PUT, "/v1/exchange-rates", None, Some(&body)).await?;
        story::refused(client, &answer, status, slug).await.map_err(|error| error.context(body.to_string()))?;
    }
    Ok(())
}
