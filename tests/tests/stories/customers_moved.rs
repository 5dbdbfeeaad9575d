//! A customer that moves to another reseller takes everything along: the new one sees all but what the old one paid for
//! it, the old one nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::{Answer, Client};
use tests::invariants::{self, System};
use tests::story::{self, Cast, cast, new_key};
use tests::world::World;

const BEGINS: &str = "2026-10-05T09:00:00Z";
const RESELLER_PRICE: &str = "reseller_unit_price";

struct Moving {
    world: World,
    cast: Cast,
    /// The reseller it moves to.
    next_id: String,
    next: Client,
    /// What the customer has, by the address it is found under.
    things: Vec<String>,
}

impl Moving {
    async fn start(world: World) -> anyhow::Result<Self> {
        let cast = cast(&world)?;
        let mut next = story::new_customer("Second reseller");
        next["kind"] = json!("reseller");
        let next_id = cast.operator.post("/v1/customers", &new_key(), &next, 201).await?.id()?;
        let next = cast.reseller.with_token(&world.site().token("reseller", Some(&next_id)).await?);
        let rule = json!({ "kind": "fixed", "price": { "amount": "99.00", "currency": "EUR" } });
        let path = "/v1/price-rules/0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d";
        story::expect(story::ask(&next, Method::PUT, path, None, Some(&rule)).await?, 201)?;
        let (account, service) = (&world.sample.account_id, world.service("office-business")?);
        let subscription = story::buys(&cast.customer, account, service, 3).await?;
        let things = vec![
            format!("/v1/customers/{}", world.sample.customer_id),
            format!("/v1/accounts/{account}"),
            format!("/v1/orders/{}", subscription["order_id"].as_str().unwrap()),
            format!("/v1/subscriptions/{}", subscription["id"].as_str().unwrap()),
        ];
        Ok(Self { world, cast, next_id, next, things })
    }

    async fn moves(&self, reseller: Option<&str>) -> anyhow::Result<Answer> {
        let path = format!("/v1/customers/{}", self.world.sample.customer_id);
        let body = json!({ "reseller_id": reseller });
        let moved = story::ask(&self.cast.operator, Method::PATCH, &path, None, Some(&body)).await?;
        let moved = story::expect(moved, 200)?;
        assert_eq!(moved.body["reseller_id"], json!(reseller));
        assert_eq!(self.cast.operator.get_at(&path, moved.position()?).await?.body, moved.body);
        Ok(moved)
    }

    /// Everything there is to read about the customer, one by one and in lists.
    fn inner(&self) -> Vec<String> {
        let (account, subscription) = (&self.things[1], &self.things[3]);
        let sid = subscription.rsplit('/').next().unwrap();
        let service = self.world.service("office-business").unwrap();
        let mut inner = self.things.clone();
        inner.extend([
            format!("{account}/subscriptions"),
            format!("{account}/subscriptions/{sid}/licences"),
            format!("{subscription}/licences"),
            format!("{subscription}/history"),
            format!("/v1/services/{service}?customer_id={}", self.world.sample.customer_id),
        ]);
        inner
    }

    async fn sees_all(&self, client: &Client, position: i64) -> anyhow::Result<()> {
        for path in self.inner() {
            let seen = client.get_at(&path, position).await?;
            let theirs = self.cast.customer.get_at(&path, position).await?;
            assert_eq!(seen.body["id"], theirs.body["id"], "{path}");
            assert_eq!(story::data(&seen).len(), story::data(&theirs).len(), "{path}");
        }
        for thing in &self.things {
            let listed = listed(client, thing, position).await?;
            assert!(listed.is_some(), "{thing} is not in the list of its new reseller");
        }
        Ok(())
    }

    /// Whether each of these orders and subscriptions says what the reseller pays: alone and in every list.
    async fn price_is_shown(
        &self,
        client: &Client,
        things: &[String],
        position: i64,
        shown: bool,
    ) -> anyhow::Result<()> {
        for thing in things {
            let mut seen = vec![client.get_at(thing, position).await?.body];
            seen.push(listed(client, thing, position).await?.unwrap());
            if let Some(id) = thing.strip_prefix("/v1/subscriptions/") {
                let of_account = format!("{}/subscriptions/{id}", self.things[1]);
                seen.push(listed(client, &of_account, position).await?.unwrap());
            }
            for body in seen {
                assert_eq!(story::mentions(&body, RESELLER_PRICE), shown, "{thing}: {body}");
                assert!(story::mentions(&body, "unit_price"), "{thing}: {body}");
            }
        }
        Ok(())
    }

    async fn sees_nothing(&self, client: &Client, position: i64) -> anyhow::Result<()> {
        for path in self.inner() {
            let joint = if path.contains('?') { '&' } else { '?' };
            let answer = story::look(client, &format!("{path}{joint}min_position={position}")).await?;
            story::refused(client, &answer, 404, "not-found").await.map_err(|error| error.context(path))?;
        }
        for thing in &self.things {
            let listed = listed(client, thing, position).await?;
            assert_eq!(listed, None, "{thing} is in the list of the reseller it left");
        }
        let (account, service) = (&self.world.sample.account_id, self.world.service("mail-guard")?);
        let head = story::head(&self.world).await?;
        let wish = story::order_of(account, &[(service, 1)]);
        let order = story::ask(client, Method::POST, "/v1/orders", Some(&new_key()), Some(&wish)).await?;
        story::refused(client, &order, 404, "not-found").await?;
        let rename = json!({ "name": "Still mine" });
        for (method, path) in [(Method::PATCH, &self.things[0]), (Method::PUT, &self.things[1])] {
            let answer = story::ask(client, method, path, None, Some(&rename)).await?;
            story::refused(client, &answer, 404, "not-found").await?;
        }
        assert_eq!(story::head(&self.world).await?, head);
        Ok(())
    }

    /// What the customer pays for a seat from now on.
    async fn price(&self, position: i64) -> anyhow::Result<Value> {
        let service = self.world.service("office-business")?;
        let shown = self.cast.customer.get_at(&format!("/v1/services/{service}"), position).await?;
        let wish = story::order_of(&self.world.sample.account_id, &[(service, 1)]);
        let quoted = story::ask(&self.cast.customer, Method::POST, "/v1/orders/quote", None, Some(&wish)).await?;
        assert_eq!(quoted.body["lines"][0]["unit_price"], shown.body["unit_price"]);
        Ok(shown.body["unit_price"]["amount"].clone())
    }

    async fn rebuilds_all(&self) -> anyhow::Result<()> {
        for model in ["directory", "orders", "subscriptions"] {
            let before = generation(&self.world, model).await?;
            let path = format!("/v1/admin/projections/{model}/rebuild");
            let asked = story::ask(&self.cast.operator, Method::POST, &path, Some(&new_key()), None).await?;
            story::expect(asked, 202)?;
            while generation(&self.world, model).await? == before {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

async fn generation(world: &World, model: &str) -> anyhow::Result<String> {
    let sql = format!("select generation::text from readers where name = '{model}'");
    Ok(story::texts(world, &sql).await?.concat())
}

/// What the list that `thing` belongs to shows of it.
async fn listed(client: &Client, thing: &str, position: i64) -> anyhow::Result<Option<Value>> {
    let (list, id) = thing.rsplit_once('/').unwrap();
    let seen = client.get_at(&format!("{list}?limit=100"), position).await?;
    Ok(story::data(&seen).into_iter().find(|listed| listed["id"] == id))
}

#[tokio::test]
async fn a_moved_customer_takes_everything_along() -> anyhow::Result<()> {
    let mut moving = Moving::start(World::start().await?).await?;
    let (first, next) = (moving.cast.reseller.clone(), moving.next.clone());
    let start = story::head(&moving.world).await?;
    moving.sees_all(&first, start).await?;
    moving.price_is_shown(&first, &moving.things[2..], start, true).await?;
    moving.sees_nothing(&next, start).await?;
    assert_ne!(moving.price(start).await?, "99.00");

    // One order is on its way while the customer moves; its subscription comes into being afterwards.
    moving.world.provider.stop().await?;
    let service = moving.world.service("mail-guard")?.to_owned();
    let order = story::orders(&first, &moving.world.sample.account_id, &[(&service, 2)]).await?.id()?;
    let next_id = moving.next_id.clone();
    let moved = moving.moves(Some(&next_id)).await?;
    moving.sees_all(&next, moved.position()?).await?;
    moving.price_is_shown(&next, &moving.things[2..], moved.position()?, false).await?;
    moving.sees_nothing(&first, moved.position()?).await?;
    assert_eq!(moving.price(moved.position()?).await?, "99.00", "the new reseller's rules hold at once");
    moving.world.provider.start_again().await?;
    let ended = story::sees_order_end(&next, &order, "fulfilled").await?;
    let subscription = ended.body["lines"][0]["subscription_id"].as_str().unwrap().to_owned();
    moving.things.extend([format!("/v1/orders/{order}"), format!("/v1/subscriptions/{subscription}")]);

    let position = story::head(&moving.world).await?;
    moving.sees_all(&next, position).await?;
    moving.sees_nothing(&first, position).await?;
    moving.price_is_shown(&next, &moving.things[2..], position, false).await?;
    moving.rebuilds_all().await?;
    moving.sees_all(&next, position).await?;
    moving.price_is_shown(&next, &moving.things[2..], position, false).await?;
    moving.sees_nothing(&first, position).await?;
    new_things(&mut moving).await
}

/// What comes after the move is the new reseller's from the start; then the customer goes its own way.
async fn new_things(moving: &mut Moving) -> anyhow::Result<()> {
    let (first, next) = (moving.cast.reseller.clone(), moving.next.clone());
    let before = moving.things[2..].to_vec();
    let service = moving.world.service("office-business")?;
    let bought = story::buys(&next, &moving.world.sample.account_id, service, 1).await?;
    let [order, subscription] = ["order_id", "id"].map(|name| bought[name].as_str().unwrap().to_owned());
    let after = [format!("/v1/orders/{order}"), format!("/v1/subscriptions/{subscription}")];
    moving.things.extend(after.clone());
    let account = story::opens_active_account(&next, &moving.world.sample.customer_id).await?;
    moving.things.push(format!("/v1/accounts/{account}"));
    let position = story::head(&moving.world).await?;
    moving.sees_all(&next, position).await?;
    moving.sees_nothing(&first, position).await?;
    moving.price_is_shown(&next, &after, position, true).await?;

    let alone = moving.moves(None).await?.position()?;
    moving.sees_nothing(&next, alone).await?;
    moving.sees_nothing(&first, alone).await?;
    for thing in &moving.things {
        moving.cast.customer.get_at(thing, alone).await?;
    }
    let back = moving.moves(Some(&moving.world.sample.reseller_id)).await?.position()?;
    moving.sees_all(&first, back).await?;
    moving.price_is_shown(&first, &before, back, true).await?;
    moving.price_is_shown(&first, &after, back, false).await?;
    for staff in [&moving.cast.operator, &moving.cast.auditor] {
        moving.price_is_shown(staff, &moving.things[2..6], back, true).await?;
    }
    moving.sees_nothing(&next, back).await?;
    assert_ne!(moving.price(back).await?, "99.00");
    let report = invariants::check(&System::of(&moving.world, None)).await?;
    assert_eq!(report.violations(), 0, "{}", report.complaints());
    who_may_be_moved_where(moving).await
}

/// What runs keeps the price of whom it was sold by, until the next term is priced for the reseller of that day.
#[tokio::test]
async fn a_new_term_is_priced_for_the_reseller_of_its_first_day() -> anyhow::Result<()> {
    let moving = Moving::start(World::start_at(BEGINS).await?).await?;
    let (order, subscription) = (&moving.things[2..3], &moving.things[3..]);
    let moved = moving.moves(Some(&moving.next_id)).await?.position()?;
    moving.price_is_shown(&moving.next, subscription, moved, false).await?;
    let renewed = DevClock::new(&moving.world.settings.api_url())?.advance("P1M").await?.position;
    moving.price_is_shown(&moving.next, subscription, renewed, true).await?;
    moving.price_is_shown(&moving.next, order, renewed, false).await?;

    let first = &moving.cast.reseller;
    let back = moving.moves(Some(&moving.world.sample.reseller_id)).await?.position()?;
    moving.price_is_shown(first, subscription, back, false).await?;
    moving.price_is_shown(first, order, back, true).await
}

async fn who_may_be_moved_where(moving: &Moving) -> anyhow::Result<()> {
    let operator = &moving.cast.operator;
    let sample = &moving.world.sample;
    let head = story::head(&moving.world).await?;
    let moves = async |customer: &str, reseller: &str| {
        let body: Value = json!({ "reseller_id": reseller });
        story::ask(operator, Method::PATCH, &format!("/v1/customers/{customer}"), None, Some(&body)).await
    };
    let (reseller, direct) = (sample.reseller_id.as_str(), sample.other_customer_id.as_str());
    for (customer, target) in [
        (direct, sample.customer_id.as_str()),
        (direct, direct),
        (reseller, moving.next_id.as_str()),
        (reseller, reseller),
    ] {
        story::refused(operator, &moves(customer, target).await?, 422, "invalid-reseller").await?;
    }
    let same = story::expect(moves(&sample.customer_id, reseller).await?, 200)?;
    assert_eq!(same.body["reseller_id"], reseller);
    assert_eq!(story::head(&moving.world).await?, head);
    Ok(())
}
