//! What is left to a closed reseller: it reads, pays and settles what is its own. For its end customers it does nothing
//! more, and these begin nothing until they have another reseller, or none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, Cast, cast, header, new_key};
use tests::world::World;

const RULE: &str = "/v1/price-rules/0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d";
const NEW_RULE: &str = "/v1/price-rules/0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5e";
const PREFERENCES: &str = "/v1/notification-preferences";

/// A reseller, and what its end customer has.
struct Selling {
    world: World,
    cast: Cast,
    reseller: Client,
    /// The paths of all that follows.
    own: String,
    customer: String,
    account: String,
    subscription: String,
    scheduled: String,
    /// An end customer without anything.
    idle: String,
    customer_id: String,
    account_id: String,
    end_customer: Client,
}

impl Selling {
    async fn start() -> anyhow::Result<Self> {
        let world = World::start().await?;
        let cast = cast(&world)?;
        let mut wish = story::new_customer("Fading");
        wish["kind"] = json!("reseller");
        let reseller_id = cast.operator.post("/v1/customers", &new_key(), &wish, 201).await?.id()?;
        let reseller = cast.reseller.with_token(&world.site().token("reseller", Some(&reseller_id)).await?);
        let customer_id = story::registers(&reseller, "End customer").await?.id()?;
        let end_customer = cast.customer.with_token(&world.site().token("customer", Some(&customer_id)).await?);
        let idle = story::registers(&reseller, "Idle").await?.id()?;
        let account_id = story::opens_active_account(&reseller, &customer_id).await?;
        let service = world.service("office-business")?;
        let bought = story::buys(&end_customer, &account_id, service, 2).await?;
        let subscription = format!("/v1/subscriptions/{}", bought["id"].as_str().context("no id")?);
        let scheduled = story::schedules(&reseller, &account_id, service, "Later").await?.id()?;
        let rule = json!({ "kind": "fixed", "price": { "amount": "99.00", "currency": "EUR" } });
        story::expect(story::ask(&reseller, Method::PUT, RULE, None, Some(&rule)).await?, 201)?;
        Ok(Self {
            own: format!("/v1/customers/{reseller_id}"),
            customer: format!("/v1/customers/{customer_id}"),
            account: format!("/v1/accounts/{account_id}"),
            scheduled: format!("/v1/orders/{scheduled}"),
            idle: format!("/v1/customers/{idle}"),
            world,
            cast,
            reseller,
            subscription,
            customer_id,
            account_id,
            end_customer,
        })
    }

    /// The end customer is renamed by its reseller.
    async fn renames(&self, key: &str) -> anyhow::Result<Answer> {
        let body = json!({ "name": "Renamed" });
        story::ask(&self.reseller, Method::PATCH, &self.customer, Some(key), Some(&body)).await
    }

    async fn moves_to(&self, reseller: &str) -> anyhow::Result<Answer> {
        let body = json!({ "reseller_id": reseller });
        let moved = story::ask(&self.cast.operator, Method::PATCH, &self.customer, None, Some(&body)).await?;
        story::expect(moved, 200)
    }

    /// Everything that would write something for an end customer, and why it does not.
    async fn does_nothing_for_others(&self) -> anyhow::Result<()> {
        let (head, service) = (story::head(&self.world).await?, self.world.service("office-business")?);
        let account = json!({ "customer_id": self.customer_id, "name": "Further" });
        let rule = json!({ "customer_id": self.customer_id, "kind": "list" });
        let (closed, stopped) = ("invalid-state", "customer-suspended");
        let part = |path: &str, what: &str| format!("{path}/{what}");
        let wishes: [(Method, String, Option<Value>, &str); 16] = [
            (Method::PATCH, self.customer.clone(), Some(json!({ "name": "Mine" })), closed),
            (Method::DELETE, self.idle.clone(), None, closed),
            (Method::POST, "/v1/customers".to_owned(), Some(story::new_customer("Too late")), closed),
            (Method::PUT, self.account.clone(), Some(json!({ "name": "Mine" })), closed),
            (Method::POST, "/v1/accounts".to_owned(), Some(account), stopped),
            (Method::POST, "/v1/orders".to_owned(), Some(story::order_of(&self.account_id, &[(service, 2)])), stopped),
            (Method::PUT, part(&self.scheduled, "cancel"), None, closed),
            (Method::PUT, part(&self.subscription, "quantity"), Some(json!({ "quantity": 3 })), stopped),
            (Method::PUT, part(&self.subscription, "cancel"), None, closed),
            (Method::PUT, part(&self.subscription, "suspend"), None, closed),
            (Method::PUT, part(&self.subscription, "renewal"), Some(json!({ "action": "expire" })), closed),
            (Method::PUT, RULE.to_owned(), Some(json!({ "kind": "list" })), closed),
            (Method::PUT, NEW_RULE.to_owned(), Some(rule), closed),
            (Method::DELETE, RULE.to_owned(), None, closed),
            (Method::PUT, self.their_preferences(), Some(json!({ "locale": "de" })), closed),
            (Method::POST, part(&self.own, "reinstate"), None, "forbidden"),
        ];
        for (method, path, body, slug) in wishes {
            let what = format!("{method} {path}");
            let answer = story::ask(&self.reseller, method, &path, Some(&new_key()), body.as_ref()).await?;
            let status = if slug == "forbidden" { 403 } else { 409 };
            story::refused(&self.reseller, &answer, status, slug).await.context(what)?;
        }
        let sql = format!("select event_type from events where metadata->>'role' = 'reseller' and position > {head}");
        assert_eq!(story::texts(&self.world, &sql).await?, Vec::<String>::new());
        Ok(())
    }

    fn their_preferences(&self) -> String {
        format!("{PREFERENCES}?customer_id={}", self.customer_id)
    }

    async fn reads(&self) -> anyhow::Result<()> {
        let head = story::head(&self.world).await?;
        let lists = ["customers", "accounts", "orders", "subscriptions", "services", "price-rules", "invoices"];
        for list in lists {
            self.reseller.get_at(&format!("/v1/{list}"), head).await?;
        }
        for path in [&self.own, &self.customer, &self.account, &self.scheduled, &self.subscription] {
            self.reseller.get_at(path, head).await?;
        }
        self.reseller.get_at(&self.their_preferences(), head).await?;
        Ok(())
    }

    /// What runs is the end customer's own: it changes and ends it, but begins nothing.
    async fn its_customer_goes_on(&self) -> anyhow::Result<()> {
        let client = &self.end_customer;
        let renewal = format!("{}/renewal", self.subscription);
        let expire = json!({ "action": "expire" });
        story::expect(story::ask(client, Method::PUT, &renewal, None, Some(&expire)).await?, 200)?;
        let wish = story::order_of(&self.account_id, &[(self.world.service("office-business")?, 2)]);
        let ordered = story::ask(client, Method::POST, "/v1/orders", Some(&new_key()), Some(&wish)).await?;
        story::refused(client, &ordered, 409, "customer-suspended").await?;
        let moved = self.moves_to(&self.world.sample.reseller_id).await?;
        story::buys(client, &self.account_id, self.world.service("mail-guard")?, 1).await?;
        let gone = format!("{}?min_position={}", self.customer, moved.position()?);
        story::refused(&self.reseller, &story::look(&self.reseller, &gone).await?, 404, "not-found").await?;
        story::refused(&self.reseller, &self.renames(&new_key()).await?, 404, "not-found").await
    }
}

#[tokio::test]
async fn a_closed_reseller_reads_and_does_nothing_for_its_end_customers() -> anyhow::Result<()> {
    let selling = Selling::start().await?;
    let operator = &selling.cast.operator;
    // One that is suspended begins nothing, but goes on with what there is.
    let suspend = format!("{}/suspend", selling.own);
    story::expect(story::ask(operator, Method::POST, &suspend, Some(&new_key()), None).await?, 200)?;
    let key = new_key();
    let renamed = story::expect(selling.renames(&key).await?, 200)?;
    let closed = story::expect(story::ask(operator, Method::DELETE, &selling.own, None, None).await?, 200)?;
    assert_eq!(closed.body["status"], "closed");

    selling.does_nothing_for_others().await?;
    selling.reads().await?;
    let again = story::expect(selling.renames(&key).await?, 200)?;
    assert_eq!((&again.body, header(&again, "idempotency-replayed")), (&renamed.body, Some("true")));
    let same = story::expect(selling.renames(&new_key()).await?, 200)?;
    assert_eq!(same.body["name"], "Renamed", "what holds already is no change");
    let german = json!({ "locale": "de" });
    let told = story::ask(&selling.reseller, Method::PUT, PREFERENCES, None, Some(&german)).await?;
    assert_eq!(story::expect(told, 200)?.body["locale"], "de");
    selling.its_customer_goes_on().await
}
