//! What a write answers is what the same caller reads at its position.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, Cast, cast, header, new_key};
use tests::world::World;

/// Body and version of the read at the write's position are those of the write; staff sees the same as the auditor.
async fn reads_the_same(who: &str, client: &Client, cast: &Cast, noun: &str, written: &Answer) -> anyhow::Result<()> {
    let path = format!("/v1/{noun}/{}", written.id()?);
    let position = written.position()?;
    let read = client.get_at(&path, position).await?;
    assert_eq!(read.body, written.body, "{who} {noun}");
    let tag = header(written, "etag").context("no ETag")?.to_owned();
    assert_eq!(header(&read, "etag"), Some(tag.as_str()), "{who} {noun}");
    assert_eq!(tag, format!("\"{}\"", written.body["version"]));
    assert!(story::read_position(&read)? >= position);
    if written.status == 201 {
        assert_eq!(header(written, "location"), Some(path.as_str()), "{who} {noun}");
    }
    let staff = [&cast.operator, &cast.auditor];
    let [operator, auditor] = [staff[0].get_at(&path, position).await?, staff[1].get_at(&path, position).await?];
    assert_eq!(operator.body, auditor.body, "operator and auditor see {noun} differently");
    Ok(())
}

async fn writes(client: &Client, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
    story::ask(client, method, path, Some(&new_key()), body).await
}

/// Everything one caller may write for one customer, each compared with its read.
async fn everything(world: &World, cast: &Cast, who: &str, client: &Client, customer: &str) -> anyhow::Result<()> {
    let contact = json!({ "name": "Kim Example", "email": "kim@example.org", "phone": "+4930123456" });
    let body = json!({ "customer_id": customer, "name": "Branch", "contact": contact });
    let opened = story::expect(writes(client, Method::POST, "/v1/accounts", Some(&body)).await?, 201)?;
    reads_the_same(who, client, cast, "accounts", &opened).await?;
    let account = opened.id()?;

    let service = world.service("identity-team")?;
    let placed = story::orders(client, &account, &[(service, 7), (world.service("team-storage")?, 3)]).await?;
    assert_eq!(placed.body["status"], "placed");
    reads_the_same(who, client, cast, "orders", &placed).await?;
    let scheduled = story::schedules(client, &account, service, "Later").await?;
    assert_eq!(scheduled.body["status"], "scheduled");
    reads_the_same(who, client, cast, "orders", &scheduled).await?;
    for order in [placed, scheduled] {
        let path = format!("/v1/orders/{}/cancel", order.id()?);
        let cancelled = story::expect(writes(client, Method::PUT, &path, None).await?, 200)?;
        assert_eq!(cancelled.body["status"], "cancelled");
        reads_the_same(who, client, cast, "orders", &cancelled).await?;
        let again = story::expect(writes(client, Method::PUT, &path, None).await?, 200)?;
        assert_eq!(again.body, cancelled.body);
        reads_the_same(who, client, cast, "orders", &again).await?;
    }

    let path = format!("/v1/accounts/{account}");
    for body in [json!({ "name": "Branch office", "contact": contact }), json!({ "name": "Branch office" })] {
        let changed = story::expect(writes(client, Method::PUT, &path, Some(&body)).await?, 200)?;
        reads_the_same(who, client, cast, "accounts", &changed).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_writes_answer_is_the_read_at_its_position() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let cast = cast(&world)?;
    // Closing is for accounts that the provider has or has refused; these become active first.
    let sample = world.sample.clone();
    let closable = [
        ("customer", &cast.customer, story::opens_active_account(&cast.customer, &sample.customer_id).await?),
        ("reseller", &cast.reseller, story::opens_active_account(&cast.reseller, &sample.reseller_id).await?),
        ("operator", &cast.operator, story::opens_active_account(&cast.operator, &sample.customer_id).await?),
    ];
    for (who, client, account) in &closable {
        let closed = writes(client, Method::DELETE, &format!("/v1/accounts/{account}"), None).await?;
        let closed = story::expect(closed, 200)?;
        assert_eq!(closed.body["status"], "closed");
        reads_the_same(who, client, &cast, "accounts", &closed).await?;
    }
    // Without the provider nothing goes on by itself, so reads find what was written.
    world.provider.stop().await?;
    for (who, client, customer) in [
        ("the customer", &cast.customer, &sample.customer_id),
        ("the reseller for itself", &cast.reseller, &sample.reseller_id),
        ("the reseller for its customer", &cast.reseller, &sample.customer_id),
        ("the operator for a reseller's customer", &cast.operator, &sample.customer_id),
        ("the operator for a direct customer", &cast.operator, &sample.other_customer_id),
        ("another customer", &cast.other, &sample.other_customer_id),
    ] {
        everything(&world, &cast, who, client, customer).await.context(who)?;
    }
    registering(&cast).await
}

async fn registering(cast: &Cast) -> anyhow::Result<()> {
    for (who, client) in [("reseller", &cast.reseller), ("operator", &cast.operator)] {
        let mut body = story::new_customer("Equal");
        body["address"] = json!({ "street": "A 1", "city": "B", "postal_code": "12345", "country": "DE" });
        body["electronic_address"] = json!({ "scheme": "9930", "id": "DE123456789" });
        body["buyer_reference"] = json!("04011000-1234512345-35");
        let made = client.post("/v1/customers", &new_key(), &body, 201).await?;
        reads_the_same(who, client, cast, "customers", &made).await?;
    }
    Ok(())
}
