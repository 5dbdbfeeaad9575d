//! The catalogue: synced by differences, shown from memory, and never older than it says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Client;
use tests::story::{self, Cast, cast};
use tests::world::World;

/// Prices set one after the other; each is one euro dearer.
const STEPS: u32 = 25;
const RULE: &str = "/v1/price-rules/0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d";

#[tokio::test]
async fn what_is_shown_is_never_older_than_it_says() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let (twin, _process) = world.twin().await?;
    let twin = Client::new(&twin.api_url(), &world.tokens.operator)?;
    let service = world.service("office-business")?.to_owned();
    let mut set_at = Vec::new();
    for step in 1..=STEPS {
        let price = json!({ "amount": format!("{step}.00"), "currency": "EUR" });
        let rule = json!({ "service_id": service, "kind": "fixed", "price": price });
        let set = story::ask(&cast.operator, Method::PUT, RULE, None, Some(&rule)).await?;
        set_at.push((i64::from(step), set.position()?));
        let position = set.position()?;
        let clients = [&cast.operator, &twin, &cast.other, &cast.customer, &cast.reseller, &cast.auditor];
        let looks = clients.iter().flat_map(|client| {
            let at = format!("?min_position={position}");
            [(*client, at), (*client, String::new())]
        });
        let looks: Vec<(&Client, String)> = looks.collect();
        try_join_all(looks.iter().map(|(client, query)| look(client, &service, query, &set_at))).await?;
    }
    Ok(())
}

/// The price shown is that of the last rule at the position the answer claims, or a later one: never an older one.
async fn look(client: &Client, service: &str, query: &str, set_at: &[(i64, i64)]) -> anyhow::Result<()> {
    let one = client.get(&format!("/v1/services/{service}{query}")).await?;
    let joint = if query.is_empty() { "?" } else { "&" };
    let all = client.get(&format!("/v1/services{query}{joint}q=office-business")).await?;
    for (answer, body) in [(&one, &one.body), (&all, &all.body["data"][0])] {
        let claims = story::read_position(answer)?;
        let due = set_at.iter().filter(|(_, position)| *position <= claims).map(|(step, _)| *step).max();
        let shown = body["unit_price"]["amount"].as_str().unwrap_or("0");
        let shown: i64 = shown.split('.').next().unwrap_or_default().parse()?;
        // Before the first rule it is the list price, 20.00.
        let old = due.is_some_and(|due| shown < due);
        anyhow::ensure!(!old, "shows {shown}, claims {claims}, {due:?} was due");
        if let Some(position) = query.strip_prefix("?min_position=") {
            anyhow::ensure!(claims >= position.parse()?, "claims {claims} instead of {position}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_prices_are_made_of_shows_at_once() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let desktop = format!("/v1/services/{}", world.service("virtual-desktop")?);
    let seen = cast.other.get(&desktop).await?;
    assert!(seen.body["unit_price"].is_null(), "{}", seen.text);
    // A rate, then other terms.
    let rate = json!({ "base": "USD", "quote": "EUR", "rate": "0.5" });
    let set = story::ask(&cast.operator, Method::PUT, "/v1/exchange-rates", None, Some(&rate)).await?;
    let seen = cast.other.get_at(&desktop, set.position()?).await?;
    assert_eq!(seen.body["unit_price"], json!({ "amount": "15.50", "currency": "EUR" }));
    let terms = format!("/v1/customers/{}/terms", world.sample.other_customer_id);
    let set = story::ask(&cast.operator, Method::PUT, &terms, None, Some(&json!({ "currency": "USD" }))).await?;
    let seen = cast.other.get_at(&desktop, story::expect(set, 200)?.position()?).await?;
    assert_eq!(seen.body["unit_price"], json!({ "amount": "31.00", "currency": "USD" }));
    by_callers_and_filters(&world, &cast).await
}

async fn by_callers_and_filters(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let skus = async |client: &Client, query: &str| {
        anyhow::Ok(story::each(&story::data(&client.get(&format!("/v1/services{query}")).await?), "sku"))
    };
    for _ in 0..2 {
        assert_eq!(skus(&cast.other, "?q=mail-g").await?, ["mail-guard"]);
        assert_eq!(skus(&cast.other, "?q=nothing").await?, Vec::<String>::new());
        assert_eq!(skus(&cast.other, "?term=P3Y&status=active").await?.len(), 2);
        assert_eq!(skus(&cast.other, "?status=withdrawn").await?.len(), 0);
        assert_eq!(skus(&cast.other, &format!("?customer_id={}", world.sample.customer_id)).await?.len(), 0);
        let listed = story::all_pages(&cast.other, "/v1/services", 5).await?;
        assert_eq!(listed.len(), world.sample.services.len());
        assert_eq!(story::look(&cast.other, "/v1/services?nonsense=1").await?.status, 400);
        assert_eq!(story::look(&cast.other, "/v1/services?min_position=999999").await?.status, 400);
        assert_eq!(story::look(&cast.other, "/v1/services?limit=0").await?.status, 400);
    }
    Ok(())
}

#[tokio::test]
async fn a_sync_writes_differences_only() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let provider = Client::new(&world.settings.provider.url(), "")?;
    let edit = async |item: &Value| {
        story::expect(story::ask(&provider, Method::POST, "/sim/catalogue", None, Some(item)).await?, 200)
    };
    let head = story::head(&world).await?;
    syncs(&world, &cast.service).await?;
    assert_eq!(story::head(&world).await?, head, "nothing differs");

    let guard = format!("/v1/services/{}", world.service("mail-guard")?);
    edit(&json!({ "sku": "mail-guard", "list_price": { "amount": "12.50", "currency": "EUR" } })).await?;
    cast.other.wait_until(&guard, |body| body["list_price"]["amount"] == "12.50").await?;
    edit(&json!({ "sku": "mail-guard", "withdrawn": true })).await?;
    cast.other.wait_until(&guard, |body| body["status"] == "withdrawn").await?;
    edit(&json!({ "sku": "mail-guard" })).await?;
    cast.other.wait_until(&guard, |body| body["status"] == "active").await?;
    let sql = format!("select event_type from events where position > {head} order by position");
    let written = story::texts(&world, &sql).await?;
    assert_eq!(written, ["ServicePriceChanged", "ServiceWithdrawn", "ServiceListed"]);
    Ok(())
}

/// Asks for a sync and waits until it is done.
async fn syncs(world: &World, client: &Client) -> anyhow::Result<()> {
    let sql = "select op_id::text from effects where kind = 'sync_catalogue' and state = 'due'";
    let before = story::texts(world, "select op_id::text from effects where kind = 'sync_catalogue'").await?.len();
    let asked = story::ask(client, Method::POST, "/v1/catalogue/sync", Some(&story::new_key()), None).await?;
    story::expect(asked, 202)?;
    let all = story::texts(world, "select op_id::text from effects where kind = 'sync_catalogue'").await?.len();
    anyhow::ensure!(all == before + 1, "{all} syncs were asked for, not {}", before + 1);
    let operator = world.operator()?;
    let done = |body: &Value| body["data"].as_array().is_some_and(Vec::is_empty);
    operator.wait_until("/v1/admin/effects?state=due", done).await?;
    anyhow::ensure!(story::texts(world, sql).await?.is_empty(), "a sync is still due");
    Ok(())
}
