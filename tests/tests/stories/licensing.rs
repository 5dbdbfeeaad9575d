//! The earlier licensing system's surface, as a client that was written against it uses it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::ensure;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story;
use tests::world::World;

const NOBODY: &str = "0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d";

/// The product with the surface switched on and three services in its inventory.
async fn world() -> anyhow::Result<World> {
    let variables = [
        ("CLOUDSALES_COMPAT_LICENSING", "true"),
        ("CLOUDSALES_COMPAT_LICENSING_SKUS", "office-business, mail-guard,network-firewall,no-such-thing"),
    ];
    World::start_with(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()).await
}

/// A token as the earlier issuer made them: the customer in `claim_id`, no role.
fn older(world: &World, client: &Client, change: &Value) -> anyhow::Result<Client> {
    let token = world.tokens.other_customer.clone().unwrap_or_default();
    let part = |at: usize| -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap_or_default())?)?)
    };
    let (header, mut claims) = (part(0)?, part(1)?);
    for name in ["role", "customer_id"] {
        claims.as_object_mut().unwrap().remove(name);
    }
    change.as_object().unwrap().iter().for_each(|(name, value)| claims[name] = value.clone());
    let pem = std::fs::read_to_string(world.settings.dev_folder.join("signing-key.pem"))?;
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = EncodingKey::from_ed_der(&STANDARD.decode(der)?);
    let content = [&header, &claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = jsonwebtoken::crypto::sign(content.as_bytes(), &key, Algorithm::EdDSA)?;
    Ok(client.with_token(&format!("{content}.{signature}")))
}

async fn ask(client: &Client, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Answer> {
    story::ask(client, method, &format!("/compat/licensing{path}"), None, body.as_ref()).await
}

/// An answer of this status with nothing in it.
fn empty(answer: &Answer, status: u16) -> anyhow::Result<()> {
    ensure!((answer.status, answer.text.as_str()) == (status, ""), "{} {:?}", answer.status, answer.text);
    Ok(())
}

fn no_access(answer: &Answer) -> anyhow::Result<()> {
    let body = json!({ "Errors": "You don't have access to this object!" });
    ensure!(answer.status == 403 && answer.body == body, "{} {}", answer.status, answer.text);
    Ok(())
}

/// The subscription as the list shows it, once it has a status.
async fn becomes(client: &Client, account: &str, id: &str, status: &str) -> anyhow::Result<Value> {
    let path = format!("/compat/licensing/accounts/{account}/subscriptions");
    let one = |body: &Value| body.as_array().and_then(|all| all.iter().find(|item| item["id"] == id)).cloned();
    let seen = client.wait_until(&path, |body| one(body).is_some_and(|item| item["status"] == status)).await?;
    Ok(one(&seen.body).unwrap_or_default())
}

#[tokio::test]
async fn a_purchase_lives_as_it_used_to() -> anyhow::Result<()> {
    let mut world = world().await?;
    let client = older(&world, &world.operator()?, &json!({ "claim_id": world.sample.other_customer_id }))?;
    let inventory = story::expect(ask(&client, Method::GET, "/inventory", None).await?, 200)?;
    let [office, guard, firewall] =
        ["office-business", "mail-guard", "network-firewall"].map(|sku| world.service(sku).unwrap().to_owned());
    let expected = json!([
        { "id": office, "name": "Office Business" }, { "id": guard, "name": "Mail Guard" },
        { "id": firewall, "name": "Network Firewall" },
    ]);
    assert_eq!(inventory.body, expected);
    let account = world.sample.other_account_id.clone();
    let accounts = ask(&client, Method::GET, "/accounts", None).await?;
    assert_eq!(accounts.body, json!([{ "id": account, "name": "Main" }]));
    let of_account = format!("/accounts/{account}/subscriptions");
    assert_eq!(ask(&client, Method::GET, &of_account, None).await?.body, json!([]));

    // Until the provider has answered it is there, and nothing more.
    world.provider.stop().await?;
    let body = json!({ "id": office, "quantity": 3, "unknown": "passed over" });
    let bought = story::expect(ask(&client, Method::POST, &of_account, Some(body)).await?, 201)?;
    let id = bought.id()?;
    assert_eq!(bought.body, json!({ "id": id }));
    assert_eq!(story::header(&bought, "location"), Some(format!("{of_account}/{id}").as_str()));
    let created =
        json!([{ "id": id, "name": "Office Business", "status": "Created", "expires": "0001-01-01T00:00:00" }]);
    assert_eq!(ask(&client, Method::GET, &of_account, None).await?.body, created);
    let licences = format!("{of_account}/{id}/licences");
    assert_eq!(ask(&client, Method::GET, &licences, None).await?.body, json!([]));
    world.provider.start_again().await?;

    let active = becomes(&client, &account, &id, "Active").await?;
    let subscription = client.with_token(&world.tokens.operator).get(&format!("/v1/subscriptions/{id}")).await?.body;
    assert_eq!(active["expires"], format!("{}T00:00:00", subscription["ends_on"].as_str().unwrap()));
    let before = ask(&client, Method::GET, &licences, None).await?.body;
    assert_eq!(before.as_array().map(Vec::len), Some(3));
    assert!(
        before.as_array().unwrap().iter().all(|licence| licence["value"].as_str().is_some_and(|key| key.len() > 5))
    );
    changes(&world, &client, &of_account, &id, &before).await
}

/// More seats keep the licences there are; a prolongation; the end.
async fn changes(world: &World, client: &Client, list: &str, id: &str, before: &Value) -> anyhow::Result<()> {
    let account = &world.sample.other_account_id;
    let path = |what: &str| format!("{list}/{id}{what}");
    empty(&ask(client, Method::PATCH, &path("/quantity"), Some(json!({ "quantity": 5 }))).await?, 202)?;
    becomes(client, account, id, "Active").await?;
    let operator = world.operator()?;
    let subscription = format!("/v1/subscriptions/{id}");
    operator.wait_until(&subscription, |body| body["quantity"] == 5 && body["change"].is_null()).await?;
    let after = ask(client, Method::GET, &path("/licences"), None).await?.body;
    assert_eq!(after.as_array().map(Vec::len), Some(5));
    assert_eq!(after.as_array().unwrap()[..3], before.as_array().unwrap()[..]);

    let ends_on = operator.get(&subscription).await?.body["ends_on"].as_str().unwrap().to_owned();
    let same = json!({ "expires": format!("{ends_on}T00:00:00") });
    empty(&ask(client, Method::PATCH, &path("/expiration"), Some(same)).await?, 400)?;
    let day: chrono::NaiveDate = ends_on.parse()?;
    let later = (day + chrono::Days::new(40)).to_string();
    let body = json!({ "expires": format!("{later}T00:00:00Z") });
    empty(&ask(client, Method::PATCH, &path("/expiration"), Some(body)).await?, 202)?;
    operator.wait_until(&subscription, |body| body["ends_on"] == later && body["change"].is_null()).await?;
    assert_eq!(becomes(client, account, id, "Active").await?["expires"], format!("{later}T00:00:00"));

    empty(&ask(client, Method::DELETE, &path(""), None).await?, 202)?;
    becomes(client, account, id, "Cancelled").await?;
    let late = ask(client, Method::PATCH, &path("/quantity"), Some(json!({ "quantity": 9 }))).await?;
    empty(&late, 409)?;
    assert_eq!(becomes(client, account, id, "Cancelled").await?["status"], "Cancelled");
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_is_told_as_it_used_to_be() -> anyhow::Result<()> {
    let world = world().await?;
    let anonymous = world.client("")?;
    empty(&ask(&anonymous, Method::GET, "/inventory", None).await?, 401)?;
    empty(&ask(&anonymous.with_token("nonsense"), Method::GET, "/accounts", None).await?, 401)?;
    let operator = world.operator()?;
    let client = older(&world, &operator, &json!({ "claim_id": world.sample.other_customer_id }))?;
    let same = older(&world, &operator, &json!({ "customer_id": world.sample.other_customer_id }))?;
    assert_eq!(ask(&same, Method::GET, "/accounts", None).await?.status, 200);
    no_access(&ask(&older(&world, &operator, &json!({}))?, Method::GET, "/accounts", None).await?)?;
    // Without a role a token of the earlier system opens nothing else.
    assert_eq!(story::look(&client, "/v1/accounts").await?.status, 403);

    let (own, foreign) = (&world.sample.other_account_id, &world.sample.account_id);
    let office = world.service("office-business")?;
    let of = |account: &str, rest: &str| format!("/accounts/{account}/subscriptions{rest}");
    let bought = ask(&client, Method::POST, &of(own, ""), Some(json!({ "id": office, "quantity": 2 }))).await?;
    let id = story::expect(bought, 201)?.id()?;
    becomes(&client, own, &id, "Active").await?;
    let theirs = story::buys(&world.customer()?, foreign, office, 1).await?["id"].as_str().unwrap().to_owned();
    let head = story::head(&world).await?;
    for (account, id) in [(foreign.as_str(), id.as_str()), (NOBODY, &id), ("x", &id), (own, &theirs), (own, NOBODY)] {
        no_access(&ask(&client, Method::GET, &of(account, &format!("/{id}/licences")), None).await?)?;
        no_access(&ask(&client, Method::DELETE, &of(account, &format!("/{id}")), None).await?)?;
        let quantity = of(account, &format!("/{id}/quantity"));
        no_access(&ask(&client, Method::PATCH, &quantity, Some(json!({ "quantity": 4 }))).await?)?;
        // What is wrong in itself is said first.
        empty(&ask(&client, Method::PATCH, &quantity, Some(json!({ "quantity": 0 }))).await?, 400)?;
    }
    for account in [foreign.as_str(), NOBODY] {
        no_access(&ask(&client, Method::GET, &of(account, ""), None).await?)?;
        let wanted = json!({ "id": office, "quantity": 1 });
        no_access(&ask(&client, Method::POST, &of(account, ""), Some(wanted)).await?)?;
    }
    for wrong in [
        json!({}),
        json!([]),
        json!({ "id": office }),
        json!({ "id": office, "quantity": 0 }),
        json!({ "id": office, "quantity": -1 }),
        json!({ "id": office, "quantity": "1" }),
        json!({ "id": office, "quantity": 1.5 }),
        json!({ "id": "office-business", "quantity": 1 }),
        json!({ "id": NOBODY, "quantity": 1 }),
        json!({ "id": world.service("team-storage")?, "quantity": 1 }),
        json!({ "id": world.service("network-firewall")?, "quantity": 6 }),
    ] {
        empty(&ask(&client, Method::POST, &of(own, ""), Some(wrong)).await?, 400)?;
    }
    let expiration = of(own, &format!("/{id}/expiration"));
    for wrong in [json!({}), json!({ "expires": "soon" }), json!({ "expires": "2020-01-01T00:00:00" })] {
        empty(&ask(&client, Method::PATCH, &expiration, Some(wrong)).await?, 400)?;
    }
    assert_eq!(story::head(&world).await?, head, "nothing of this wrote anything");
    Ok(())
}

#[tokio::test]
async fn it_is_off_unless_switched_on_and_failures_end() -> anyhow::Result<()> {
    let plain = World::start().await?;
    let answer = ask(&plain.other_customer()?, Method::GET, "/inventory", None).await?;
    assert_eq!(answer.status, 404, "{}", answer.text);
    drop(plain);

    let mut world = world().await?;
    let client = older(&world, &world.operator()?, &json!({ "claim_id": world.sample.other_customer_id }))?;
    let account = &world.sample.other_account_id.clone();
    story::troubles(&world, &json!({ "fault": "reject_line" })).await?;
    let list = format!("/accounts/{account}/subscriptions");
    let body = json!({ "id": world.service("mail-guard")?, "quantity": 1 });
    let refused = story::expect(ask(&client, Method::POST, &list, Some(body.clone())).await?, 201)?.id()?;
    becomes(&client, account, &refused, "Error").await?;
    assert_eq!(ask(&client, Method::GET, &format!("{list}/{refused}/licences"), None).await?.body, json!([]));
    story::calms(&world).await?;

    // What has not started can still be ended, and stays ended when the provider is back.
    world.provider.stop().await?;
    let bought = story::expect(ask(&client, Method::POST, &list, Some(body)).await?, 201)?.id()?;
    becomes(&client, account, &bought, "Created").await?;
    let path = format!("{list}/{bought}");
    empty(&ask(&client, Method::PATCH, &format!("{path}/quantity"), Some(json!({ "quantity": 2 }))).await?, 409)?;
    empty(&ask(&client, Method::DELETE, &path, None).await?, 202)?;
    becomes(&client, account, &bought, "Cancelled").await?;
    empty(&ask(&client, Method::DELETE, &path, None).await?, 202)
}
