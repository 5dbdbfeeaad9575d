//! What a suspended customer, or one whose reseller is suspended, can still do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::json;
use tests::client::{Answer, Client};
use tests::story::{self, Cast, cast, new_key};
use tests::world::World;

async fn post(client: &Client, path: &str) -> anyhow::Result<Answer> {
    story::ask(client, Method::POST, path, Some(&new_key()), None).await
}

/// Whoever it is reads everything and begins nothing.
async fn only_reads(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let (customer, account) = (&cast.customer, &world.sample.account_id);
    let head = story::head(world).await?;
    let wish = story::order_of(account, &[(world.service("office-business")?, 2)]);
    let quoted = story::ask(customer, Method::POST, "/v1/orders/quote", None, Some(&wish)).await?;
    assert_eq!(quoted.body["problems"][0]["slug"], "customer-suspended", "{}", quoted.text);
    let opening = json!({ "customer_id": world.sample.customer_id, "name": "Further" });
    for client in [customer, &cast.reseller, &cast.operator] {
        for (path, body) in [("/v1/orders", &wish), ("/v1/accounts", &opening)] {
            let answer = story::ask(client, Method::POST, path, Some(&new_key()), Some(body)).await?;
            story::refused(client, &answer, 409, "customer-suspended").await?;
        }
    }
    assert_eq!(story::head(world).await?, head);
    for path in ["/v1/customers", "/v1/accounts", "/v1/orders", "/v1/subscriptions", "/v1/services"] {
        customer.get(path).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_suspended_customer_reads_and_begins_nothing() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let operator = &cast.operator;
    let path = format!("/v1/customers/{}", world.sample.customer_id);
    for client in [&cast.customer, &cast.reseller, &cast.auditor, &cast.service] {
        for verb in ["suspend", "reinstate"] {
            story::refused(client, &post(client, &format!("{path}/{verb}")).await?, 403, "forbidden").await?;
        }
    }
    let suspended = story::expect(post(operator, &format!("{path}/suspend")).await?, 200)?;
    assert_eq!((&suspended.body["status"], &suspended.body["suspended_by"]), (&json!("suspended"), &json!("operator")));
    assert_eq!(operator.get_at(&path, suspended.position()?).await?.body, suspended.body);
    let head = story::head(&world).await?;
    let again = story::expect(post(operator, &format!("{path}/suspend")).await?, 200)?;
    assert_eq!((again.body, story::head(&world).await?), (suspended.body, head));
    only_reads(&world, &cast).await?;
    let listed = operator.get("/v1/customers?status=suspended").await?;
    assert_eq!(story::each(&story::data(&listed), "id"), [world.sample.customer_id.as_str()]);

    let lifted = story::expect(post(operator, &format!("{path}/reinstate")).await?, 200)?;
    assert_eq!((&lifted.body["status"], &lifted.body["suspended_by"]), (&json!("active"), &json!(null)));
    let head = story::head(&world).await?;
    let again = story::expect(post(operator, &format!("{path}/reinstate")).await?, 200)?;
    assert_eq!((again.body, story::head(&world).await?), (lifted.body, head));
    story::buys(&cast.customer, &world.sample.account_id, world.service("office-business")?, 1).await?;
    its_reseller(&world, &cast).await
}

async fn its_reseller(world: &World, cast: &Cast) -> anyhow::Result<()> {
    let reseller = format!("/v1/customers/{}", world.sample.reseller_id);
    story::expect(post(&cast.operator, &format!("{reseller}/suspend")).await?, 200)?;
    only_reads(world, cast).await?;
    let customer = cast.customer.get(&format!("/v1/customers/{}", world.sample.customer_id)).await?;
    assert_eq!(customer.body["status"], "active", "its own state is another thing");
    let wish = story::new_customer("Too late");
    let made = story::ask(&cast.reseller, Method::POST, "/v1/customers", Some(&new_key()), Some(&wish)).await?;
    story::refused(&cast.reseller, &made, 409, "customer-suspended").await?;
    // Others have nothing to do with it.
    story::buys(&cast.other, &world.sample.other_account_id, world.service("office-business")?, 1).await?;
    let moved = json!({ "reseller_id": world.sample.reseller_id });
    let path = format!("/v1/customers/{}", world.sample.other_customer_id);
    let answer = story::ask(&cast.operator, Method::PATCH, &path, None, Some(&moved)).await?;
    story::refused(&cast.operator, &answer, 409, "customer-suspended").await?;
    story::expect(post(&cast.operator, &format!("{reseller}/reinstate")).await?, 200)?;
    story::buys(&cast.customer, &world.sample.account_id, world.service("mail-guard")?, 1).await?;
    Ok(())
}
