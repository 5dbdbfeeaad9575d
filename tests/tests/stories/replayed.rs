//! Stored outcomes outlive the process: the same bytes after a crash, and from a twin.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, Cast, cast, header, new_customer};
use tests::world::World;

use crate::subscription_changes::settles_after;

/// A request that was made once, and what came of it.
struct Made {
    token: String,
    method: Method,
    path: String,
    key: String,
    body: Option<Value>,
    first: Answer,
}

struct Maker<'a> {
    world: &'a World,
    made: Vec<Made>,
}

impl Maker<'_> {
    async fn make(&mut self, token: &str, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Answer> {
        let key = format!("made/{}", self.made.len());
        let client = self.world.client(token)?;
        let first = story::ask(&client, method.clone(), path, Some(&key), body.as_ref()).await?;
        anyhow::ensure!((200..300).contains(&first.status), "{method} {path}: {}", first.text);
        assert_eq!(header(&first, "idempotency-replayed"), None, "{path}");
        let (token, path) = (token.to_owned(), path.to_owned());
        self.made.push(Made { token, method, path, key, body, first: first.clone() });
        Ok(first)
    }
}

/// One of everything that can be made.
async fn one_of_each(world: &World, cast: &Cast) -> anyhow::Result<Vec<Made>> {
    let mut maker = Maker { world, made: Vec::new() };
    let tokens = &world.tokens;
    let (customer, reseller) = (tokens.customer.as_deref().unwrap(), tokens.reseller.as_deref().unwrap());
    let contact = json!({ "name": "Kim Example", "email": "kim@example.org" });
    maker.make(reseller, Method::POST, "/v1/customers", Some(new_customer("Replayed"))).await?;
    maker.make(&tokens.operator, Method::POST, "/v1/customers", Some(new_customer("Replayed"))).await?;
    let wish = json!({ "customer_id": world.sample.customer_id, "name": "Replayed", "contact": contact });
    let account = maker.make(customer, Method::POST, "/v1/accounts", Some(wish)).await?;
    let path = format!("/v1/accounts/{}", account.id()?);
    maker.make(customer, Method::PUT, &path, Some(json!({ "name": "Renamed", "contact": contact }))).await?;
    maker.make(reseller, Method::PUT, &path, Some(json!({ "name": "Renamed again" }))).await?;
    let wish = story::order_of(&world.sample.account_id, &[(world.service("office-business")?, 5)]);
    let order = maker.make(customer, Method::POST, "/v1/orders", Some(wish)).await?;
    let later = json!({
        "account_id": world.sample.account_id, "start_on": story::today() + chrono::Days::new(30),
        "lines": [{ "service_id": world.service("mail-guard")?, "quantity": 2 }],
    });
    let scheduled = maker.make(&tokens.operator, Method::POST, "/v1/orders", Some(later)).await?;
    let cancel = format!("/v1/orders/{}/cancel", scheduled.id()?);
    maker.make(customer, Method::PUT, &cancel, None).await?;
    // Asking for what already is succeeds without an event, and is kept all the same.
    maker.make(customer, Method::PUT, &cancel, None).await?;
    cast.customer.wait_until(&path, |body| body["status"] == "active").await?;
    maker.make(customer, Method::DELETE, &path, None).await?;
    maker.make(&tokens.operator, Method::POST, "/v1/catalogue/sync", None).await?;
    maker.make(&tokens.operator, Method::POST, "/v1/admin/projections/orders/rebuild", None).await?;
    let ended = story::sees_order_end(&cast.customer, &order.id()?, "fulfilled").await?;
    let subscription = ended.body["lines"][0]["subscription_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/subscriptions/{subscription}");
    // Subscriptions are another read model than orders.
    cast.customer.get_at(&path, story::read_position(&ended)?).await?;
    changes(&mut maker, customer, &cast.customer, &path).await?;
    Ok(maker.made)
}

/// Changes of a subscription, those that the provider confirms and those that it does not hear of.
async fn changes(maker: &mut Maker<'_>, token: &str, customer: &Client, path: &str) -> anyhow::Result<()> {
    let licence = story::data(&customer.get(&format!("{path}/licences?limit=1")).await?).remove(0);
    let assignment = format!("{path}/licences/{}/assignment", licence["id"].as_str().unwrap());
    let put = |what: &str, body| (Method::PUT, format!("{path}/{what}"), body);
    let resource = path;
    for (method, path, body) in [
        put("quantity", Some(json!({ "quantity": 7 }))),
        (Method::PUT, assignment.clone(), Some(json!({ "user": "Ada" }))),
        (Method::DELETE, assignment.clone(), None),
        (Method::DELETE, assignment, None),
        put("renewal", Some(json!({ "action": "expire" }))),
        put("cancel", Some(json!({ "effective": "term_end" }))),
    ] {
        let answer = maker.make(token, method, &path, body).await?;
        settles_after(customer, resource, &answer).await?;
    }
    let cancelled =
        maker.make(token, Method::PUT, &format!("{path}/cancel"), Some(json!({ "effective": "now" }))).await?;
    settles_after(customer, path, &cancelled).await?;
    Ok(())
}

async fn told_again(base: &str, made: &[Made], when: &str) -> anyhow::Result<()> {
    for Made { token, method, path, key, body, first } in made {
        let client = Client::new(base, token)?;
        let again = story::ask(&client, method.clone(), path, Some(key), body.as_ref()).await?;
        let what = format!("{method} {path} {when}");
        assert_eq!((again.status, &again.text), (first.status, &first.text), "{what}");
        for name in ["location", "etag", "event-position", "content-type"] {
            assert_eq!(header(&again, name), header(first, name), "{name} of {what}");
        }
        assert_eq!(header(&again, "idempotency-replayed"), Some("true"), "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn what_was_answered_is_answered_for_ever() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let cast = cast(&world)?;
    let made = one_of_each(&world, &cast).await?;
    let base = world.settings.api_url();
    let head = story::head(&world).await?;
    told_again(&base, &made, "at once").await?;

    world.product.kill9().await?;
    world.product.start_again().await?;
    told_again(&base, &made, "after a crash").await?;

    let (twin, _service) = world.twin().await?;
    told_again(&twin.api_url(), &made, "by a twin").await?;

    for Made { token, path, key, .. } in &made {
        let other = json!({ "name": "Something else" });
        let client = Client::new(&base, token)?;
        let answer = story::ask(&client, Method::PUT, path, Some(key), Some(&other)).await?;
        assert!([404, 405, 422].contains(&answer.status), "{path}: {}", answer.text);
    }
    let seconds = "select event_type from events where event_type in ('CustomerRegistered', 'AccountOpened', \
        'AccountClosed', 'AccountDetailsChanged', 'OrderPlaced', 'OrderScheduled', 'OrderCancelled')";
    let written = story::texts(&world, &format!("{seconds} and position > {head}")).await?;
    assert_eq!(written, Vec::<String>::new(), "something was done twice");
    Ok(())
}
