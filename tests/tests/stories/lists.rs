//! Lists: their order, their pages, what can be asked of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use tests::client::Client;
use tests::story::{self, Cast, all_pages, cast, data, each};
use tests::world::World;

const NAMES: [&str; 7] = ["Alpha", "alphabet", "Beta", "ALPHA 2", "Gamma", "Bêta 100%", "under_score"];

#[tokio::test]
async fn lists_are_newest_first_and_stay_so_while_others_insert() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let ids = seven_orders(&world, &cast.customer).await?;
    for limit in 1..=8 {
        assert_eq!(each(&all_pages(&cast.customer, "/v1/orders", limit).await?, "id"), ids, "limit {limit}");
    }
    let mut known = ids.clone();
    for limit in 1..=4 {
        known = paging_while_inserting(&world, &cast, limit, known).await?;
    }
    ordering(&cast).await?;
    bad_pages(&world, &cast).await?;
    filters(&world, &cast).await?;
    other_filters(&world, &cast).await
}

/// Newest first.
async fn seven_orders(world: &World, customer: &Client) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    let mut last = 0;
    for name in NAMES {
        let order =
            story::schedules(customer, &world.sample.account_id, world.service("office-business")?, name).await?;
        ids.insert(0, order.id()?);
        last = order.position()?;
    }
    customer.get_at("/v1/orders", last).await?;
    Ok(ids)
}

async fn paging_while_inserting(
    world: &World,
    cast: &Cast,
    limit: usize,
    before: Vec<String>,
) -> anyhow::Result<Vec<String>> {
    let (mut seen, mut now, mut cursor) = (Vec::new(), before.clone(), String::new());
    loop {
        let page = cast.customer.get(&format!("/v1/orders?limit={limit}{cursor}")).await?;
        seen.extend(each(&data(&page), "id"));
        let made =
            story::schedules(&cast.reseller, &world.sample.account_id, world.service("mail-guard")?, "In between");
        let made = made.await?;
        cast.customer.get_at("/v1/orders", made.position()?).await?;
        now.insert(0, made.id()?);
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, before, "limit {limit}");
    Ok(now)
}

async fn ordering(cast: &Cast) -> anyhow::Result<()> {
    let positions: Vec<i64> = all_pages(&cast.auditor, "/v1/audit/events", 7).await?.iter().map(position).collect();
    let expected: Vec<i64> = (1..).take(positions.len()).collect();
    assert_eq!(positions, expected, "audit events are ascending and without a hole");
    for path in ["/v1/customers", "/v1/accounts", "/v1/services"] {
        let all = all_pages(&cast.operator, path, 100).await?;
        let by_pages = all_pages(&cast.operator, path, 2).await?;
        assert_eq!(each(&all, "id"), each(&by_pages, "id"), "{path}");
        let created = each(&all, "created_at");
        assert!(created.is_sorted_by(|newer, older| newer >= older), "{path}: {created:?}");
    }
    for path in ["/v1/tax-rates", "/v1/admin/projections", "/v1/admin/effects"] {
        let all = all_pages(&cast.operator, path, 100).await?;
        assert!(all.len() > 2, "{path}");
        assert_eq!(all_pages(&cast.operator, path, 1).await?, all, "{path}");
    }
    Ok(())
}

fn position(event: &Value) -> i64 {
    event["position"].as_i64().unwrap_or_default()
}

async fn bad_pages(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let first = cast.customer.get("/v1/orders?limit=2&name=alpha").await?;
    let cursor = first.body["next_cursor"].as_str().unwrap().to_owned();
    let good = format!("/v1/orders?limit=1&name=alpha&cursor={cursor}");
    assert_eq!(data(&cast.customer.get(&good).await?).len(), 1);
    let mut forged = cursor.clone();
    let flipped = if forged.ends_with('A') { 'B' } else { 'A' };
    forged.replace_range(..1, if forged.starts_with('A') { "B" } else { "A" });
    let cases = [
        (&cast.customer, format!("/v1/orders?cursor={cursor}")),
        (&cast.customer, format!("/v1/orders?name=beta&cursor={cursor}")),
        (&cast.customer, format!("/v1/orders?name=alpha&status=placed&cursor={cursor}")),
        (&cast.customer, format!("/v1/accounts?cursor={cursor}")),
        (&cast.reseller, format!("/v1/orders?name=alpha&cursor={cursor}")),
        (&cast.operator, format!("/v1/orders?name=alpha&cursor={cursor}")),
        (&cast.customer, format!("/v1/orders?name=alpha&cursor={forged}")),
        (&cast.customer, format!("/v1/orders?name=alpha&cursor={cursor}{flipped}")),
        (&cast.customer, "/v1/orders?cursor=nonsense".to_owned()),
        (&cast.customer, "/v1/orders?cursor=".to_owned()),
    ];
    for (client, path) in &cases {
        let answer = story::look(client, path).await?;
        story::refused(client, &answer, 400, "invalid-cursor").await.map_err(|error| error.context(path.clone()))?;
    }
    let account = &world.sample.account_id;
    let lists = ["/v1/orders", "/v1/customers", "/v1/subscriptions", "/v1/services", "/v1/tax-rates"];
    let mut lists: Vec<String> = lists.map(str::to_owned).to_vec();
    lists.extend(["/v1/accounts".to_owned(), format!("/v1/accounts/{account}/subscriptions")]);
    let bad = ["limit=0", "limit=101", "limit=abc", "limit=-1", "limit=1.5", "limit=", "page=2", "Limit=3"];
    for path in lists {
        for query in bad.iter().chain(&["limit=3&limit=3", "status=dreaming", "customer_id=4711", "q=%ff"]) {
            let answer = story::look(&cast.customer, &format!("{path}?{query}")).await?;
            let told = story::refused(&cast.customer, &answer, 400, "invalid-query").await;
            told.map_err(|error| error.context(format!("{path}?{query}")))?;
        }
    }
    Ok(())
}

async fn named(client: &Client, query: &str) -> anyhow::Result<Vec<String>> {
    Ok(each(&all_pages(client, &format!("/v1/orders?{query}"), 100).await?, "name"))
}

async fn filters(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let customer = &cast.customer;
    assert_eq!(named(customer, "name=ALPHA").await?, ["ALPHA 2", "alphabet", "Alpha"]);
    assert_eq!(named(customer, "name=b%C3%AATA").await?, ["Bêta 100%"]);
    // The database's own wildcards are plain characters.
    assert_eq!(named(customer, "name=0%25").await?, ["Bêta 100%"]);
    assert_eq!(named(customer, "name=r_s").await?, ["under_score"]);
    assert_eq!(named(customer, "name=%27%20or%201%3D1").await?, Vec::<String>::new());

    let gamma = all_pages(customer, "/v1/orders?name=gamma", 100).await?.remove(0);
    let cancel = format!("/v1/orders/{}/cancel", gamma["id"].as_str().unwrap());
    let cancelled = story::ask(customer, reqwest::Method::PUT, &cancel, None, None).await?;
    customer.get_at("/v1/orders", cancelled.position()?).await?;
    assert_eq!(named(customer, "status=cancelled").await?, ["Gamma"]);
    assert_eq!(named(customer, "status=failed,cancelled").await?, ["Gamma"]);
    let all = named(customer, "").await?;
    assert_eq!(named(customer, "status=cancelled,scheduled").await?, all);
    assert_eq!(named(customer, "status=scheduled").await?.len(), all.len() - 1);
    assert_eq!(named(customer, &format!("account_id={}", world.sample.account_id)).await?, all);
    assert_eq!(named(customer, &format!("customer_id={}", world.sample.customer_id)).await?, all);
    assert_eq!(named(&cast.reseller, &format!("customer_id={}", world.sample.customer_id)).await?, all);
    let nobody = "00000000-0000-7000-8000-000000000000";
    for foreign in [&world.sample.other_customer_id, nobody] {
        for client in [customer, &cast.reseller] {
            assert_eq!(named(client, &format!("customer_id={foreign}")).await?, Vec::<String>::new());
        }
    }
    for foreign in [&world.sample.other_account_id, nobody] {
        assert_eq!(named(customer, &format!("account_id={foreign}")).await?, Vec::<String>::new());
    }
    times(customer, &all, &gamma).await
}

/// Half-open: an order belongs to the range that begins with its time.
async fn times(customer: &Client, all: &[String], gamma: &Value) -> anyhow::Result<()> {
    let at = gamma["created_at"].as_str().unwrap();
    let (from, to) = (named(customer, &format!("from={at}")).await?, named(customer, &format!("to={at}")).await?);
    assert!(from.contains(&"Gamma".to_owned()) && !to.contains(&"Gamma".to_owned()));
    assert_eq!([from, to].concat(), all);
    assert_eq!(named(customer, &format!("from={at}&to={at}")).await?, Vec::<String>::new());
    // A day is the moment it begins.
    let day = &at[..10];
    for end in ["from", "to"] {
        let begins = named(customer, &format!("{end}={day}T00:00:00Z")).await?;
        assert_eq!(named(customer, &format!("{end}={day}")).await?, begins, "{end}");
    }
    for odd in ["from=yesterday", "to=2026-02-30", "to=2026-02-30T00:00:00Z", "from=2026-01-01T00:00:00"] {
        let answer = story::look(customer, &format!("/v1/orders?{odd}")).await?;
        story::refused(customer, &answer, 400, "invalid-query").await?;
    }
    Ok(())
}

async fn other_filters(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let sample = &world.sample;
    let found =
        |client, path: &'static str| async move { anyhow::Ok(each(&all_pages(client, path, 100).await?, "name")) };
    assert_eq!(found(&cast.operator, "/v1/customers?kind=reseller").await?, ["Nordwind Systemhaus"]);
    assert_eq!(found(&cast.operator, "/v1/customers?q=LAND").await?, ["Acker Landtechnik"]);
    assert_eq!(found(&cast.operator, "/v1/customers?status=closed,suspended").await?, Vec::<String>::new());
    assert_eq!(found(&cast.reseller, "/v1/customers").await?, ["Acker Landtechnik", "Nordwind Systemhaus"]);
    assert_eq!(found(&cast.customer, "/v1/customers").await?, ["Acker Landtechnik"]);
    assert_eq!(found(&cast.customer, "/v1/accounts?q=MAI&status=active").await?, ["Main"]);
    assert_eq!(found(&cast.customer, "/v1/accounts?status=closed").await?, Vec::<String>::new());
    assert_eq!(found(&cast.customer, "/v1/services?q=guard").await?, ["Mail Guard"]);
    assert_eq!(found(&cast.customer, "/v1/services?term=P3Y&q=vault").await?, ["Backup Vault"]);
    assert_eq!(found(&cast.customer, "/v1/services?status=withdrawn").await?, Vec::<String>::new());
    for path in ["customers", "accounts", "services", "subscriptions", "orders"] {
        let path = format!("/v1/{path}?customer_id={}", sample.other_customer_id);
        let listed = cast.customer.get(&path).await?;
        assert_eq!(listed.body, json!({ "data": [], "next_cursor": null }), "{path}");
    }
    let end_customers = format!("/v1/customers?reseller_id={}", sample.reseller_id);
    let end_customers = each(&data(&cast.operator.get(&end_customers).await?), "id");
    assert_eq!(end_customers, std::slice::from_ref(&sample.customer_id));
    let events = format!("/v1/audit/events?customer_id={}&aggregate=account", sample.other_customer_id);
    let events = all_pages(&cast.auditor, &events, 1).await?;
    assert_eq!(each(&events, "type"), ["AccountOpened", "AccountLinked"]);
    let after =
        format!("/v1/audit/events?stream=account/{}&after_position={}", sample.other_account_id, events[0]["position"]);
    assert_eq!(each(&all_pages(&cast.auditor, &after, 1).await?, "type"), ["AccountLinked"]);
    let actor = events[0]["metadata"]["actor"].as_str().unwrap();
    let by_actor = format!("/v1/audit/events?actor={actor}&type=CustomerRegistered");
    assert!(all_pages(&cast.auditor, &by_actor, 100).await?.len() >= 2);
    unknown_names_are_refused(&cast.auditor, &sample.other_account_id).await
}

/// A name that no aggregate and no event has would find nothing, and pass for an answer.
async fn unknown_names_are_refused(auditor: &Client, account: &str) -> anyhow::Result<()> {
    let same = format!("/v1/audit/events?stream=account/{account}&aggregate=account&type=AccountOpened");
    assert_eq!(each(&all_pages(auditor, &same, 1).await?, "type"), ["AccountOpened"]);
    let other = format!("stream=account/{account}&aggregate=invoice");
    for (query, at) in [
        ("aggregate=orders", "/aggregate"),
        ("aggregate=", "/aggregate"),
        ("type=OrderPlacd", "/type"),
        ("type=", "/type"),
        ("stream=foo/1", "/stream"),
        ("stream=account", "/stream"),
        ("stream=account/", "/stream"),
        (other.as_str(), "/aggregate"),
    ] {
        let answer = story::look(auditor, &format!("/v1/audit/events?{query}")).await?;
        story::refused(auditor, &answer, 400, "invalid-query").await?;
        assert_eq!(answer.body["errors"][0]["pointer"], at, "{query}: {}", answer.text);
    }
    Ok(())
}
