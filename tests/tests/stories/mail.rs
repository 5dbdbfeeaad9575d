//! Mail: who is told of what, in which language, and once, whatever breaks on the way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kinds;
mod once;
mod preferences;
mod wishes;

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Client;
use tests::story::{self, new_key};
use tests::world::World;
use tests::world::mail::MailSink;
use tests::world::product::Service;

/// Where links in mail lead.
const PUBLIC: &str = "https://shop.example";

/// A running world with a mail sink.
pub struct Post {
    pub world: World,
    pub sink: Service,
    pub operator: Client,
    inbox: Client,
}

/// A customer that can order, and where it reads.
pub struct Reader {
    pub id: String,
    pub address: String,
    pub client: Client,
    account: String,
}

impl Post {
    pub async fn opens() -> anyhow::Result<Self> {
        Self::opens_with(None).await
    }

    /// Where business time begins at a moment of our choice.
    pub async fn opens_at(clock: &str) -> anyhow::Result<Self> {
        Self::opens_with(Some(clock)).await
    }

    async fn opens_with(clock: Option<&str>) -> anyhow::Result<Self> {
        let server = MailSink::reserve()?;
        let variables = server.variables(PUBLIC);
        let world = match clock {
            Some(clock) => World::start_at_with(clock, variables).await?,
            None => World::start_with(variables).await?,
        };
        let sink = server.start(&world.folder.join("mail"), &world.settings.logs).await?;
        let (operator, inbox) = (world.operator()?, Client::new(&server.url(), "")?);
        Ok(Self { world, sink, operator, inbox })
    }

    /// A new customer with that address, and an account.
    pub async fn knows(&self, name: &str, address: &str) -> anyhow::Result<Reader> {
        let mut wish = story::new_customer(name);
        wish["contact"]["email"] = json!(address);
        let id = self.operator.post("/v1/customers", &new_key(), &wish, 201).await?.id()?;
        let account = story::opens_active_account(&self.operator, &id).await?;
        let token = self.world.site().token("customer", Some(&id)).await?;
        let client = self.world.client(&token)?;
        Ok(Reader { id, address: address.to_owned(), client, account })
    }

    /// Everything that came for an address, in order.
    pub async fn letters(&self, address: &str) -> anyhow::Result<Vec<Value>> {
        let found = self.inbox.get(&format!("/messages?to={address}")).await?;
        Ok(found.body.as_array().cloned().unwrap_or_default())
    }

    /// Waits until that many letters came for an address.
    pub async fn waits_for(&self, address: &str, count: usize) -> anyhow::Result<Vec<Value>> {
        let path = format!("/messages?to={address}");
        let came = |body: &Value| body.as_array().is_some_and(|letters| letters.len() >= count);
        let found = self.inbox.wait_until(&path, came).await?;
        Ok(found.body.as_array().cloned().unwrap_or_default())
    }

    /// What the product says about its letters, the newest last: state and outcome.
    pub async fn outcomes(&self) -> anyhow::Result<Vec<String>> {
        let sql = "select state || ': ' || coalesce(outcome, '-') from effects where lane = 'mail' order by position";
        story::texts(&self.world, sql).await
    }
}

impl Reader {
    pub async fn sets(&self, preferences: &Value) -> anyhow::Result<()> {
        let path = "/v1/notification-preferences";
        story::expect(story::ask(&self.client, Method::PUT, path, None, Some(preferences)).await?, 200)?;
        Ok(())
    }

    /// Its id.
    pub async fn orders(&self, lines: &[(&str, u32)]) -> anyhow::Result<String> {
        story::orders(&self.client, &self.account, lines).await?.id()
    }

    /// Waits until the order's customer was told, or not; answers the order.
    pub async fn is_told(&self, order: &str) -> anyhow::Result<Value> {
        let settled = |body: &Value| {
            let state = body["processes"]["notification"]["state"].as_str().unwrap_or_default();
            ["completed", "error"].contains(&state)
        };
        Ok(self.client.wait_until(&format!("/v1/orders/{order}"), settled).await?.body)
    }
}

/// A part of a letter, as text.
pub fn part<'a>(letter: &'a Value, name: &str) -> &'a str {
    letter[name].as_str().unwrap_or_else(|| panic!("no {name} in {letter}"))
}

pub fn subjects(letters: &[Value]) -> Vec<&str> {
    letters.iter().map(|letter| part(letter, "subject")).collect()
}

/// Says the same in both its parts.
pub fn says(letter: &Value, words: &[&str]) {
    let escaped = [("&#x2f;", "/"), ("&quot;", "\""), ("&amp;", "&"), ("\u{a0}", " ")];
    let html = escaped.iter().fold(part(letter, "html").to_owned(), |html, (from, to)| html.replace(from, to));
    for word in words {
        assert!(part(letter, "text").contains(word), "{word} is not in {}", part(letter, "text"));
        assert!(html.contains(word), "{word} is not in {html}");
    }
}
