//! The earlier billing service's surface, as a client that was written against it uses it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod charging;
mod showing;

use domain::billing::Route;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::gateways;
use tests::invariants::{self, System};
use tests::log_world::{Bill, WriteExempt};
use tests::story;
use uuid::Uuid;

use crate::accounted::{Books, january};

const PREFIX: &str = "/compat/billing";

/// The older client, and the books of those it charges.
struct Desk {
    books: Books,
    /// Without any token.
    client: Client,
    /// Pays by wallet.
    wallet: Uuid,
    /// Pays by the older gateway.
    token: Uuid,
}

impl Desk {
    async fn open() -> anyhow::Result<Self> {
        Self::open_with(&[]).await
    }

    /// The surface is switched on, and nothing is collected by itself.
    async fn open_with(further: &[(&str, &str)]) -> anyhow::Result<Self> {
        let variables = [("CLOUDSALES_COMPAT_BILLING", "true")].iter().chain(further);
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let books = Books::open_with(variables).await?;
        let wallet: Uuid = books.world.sample.other_customer_id.parse()?;
        let token: Uuid = story::registers(&books.cast.operator, "Payer of old").await?.id()?.parse()?;
        let desk = Self { client: books.world.client("")?, books, wallet, token };
        desk.on_terms(wallet, "wallet").await?;
        desk.on_terms(token, "token").await?;
        Ok(desk)
    }

    async fn on_terms(&self, customer: Uuid, gateway: &str) -> anyhow::Result<()> {
        let path = format!("/v1/customers/{customer}/terms");
        let terms = json!({ "collection": "manual", "gateway": gateway });
        story::expect(story::ask(&self.books.cast.operator, Method::PUT, &path, None, Some(&terms)).await?, 200)?;
        Ok(())
    }

    /// The id of the nth invoice of a customer, of so many cents.
    async fn owes(&self, customer: Uuid, n: u32, cents: i64) -> anyhow::Result<String> {
        let bill = Bill { route: Route::Own, ..Bill::own(customer, january(), n) };
        self.books.write(&WriteExempt { bill, cents, issued_on: "2026-02-01".parse()? }).await?;
        Ok(bill.invoice_id().to_string())
    }

    async fn asks(&self, method: Method, path: &str) -> anyhow::Result<Answer> {
        story::ask(&self.client, method, &format!("{PREFIX}{path}"), None, None).await
    }

    /// Everything a list shows.
    async fn sees(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let answer = story::expect(self.asks(Method::GET, path).await?, 200)?;
        Ok(answer.body.as_array().unwrap().clone())
    }

    /// The statuses of all invoices, by number.
    async fn statuses(&self) -> anyhow::Result<Vec<String>> {
        let all = self.sees("/rest/v1/invoices").await?;
        Ok(all.iter().map(|invoice| invoice["status"].as_str().unwrap().to_owned()).collect())
    }

    /// Waits until they are those.
    async fn come_to(&self, statuses: &[&str]) -> anyhow::Result<()> {
        let of = |body: &Value| -> Vec<String> {
            let all = body.as_array().into_iter().flatten();
            all.map(|invoice| invoice["status"].as_str().unwrap_or_default().to_owned()).collect()
        };
        self.client.wait_until(&format!("{PREFIX}/rest/v1/invoices"), |body| of(body) == statuses).await?;
        Ok(())
    }

    /// An answer of 200 with nothing in it, while the work goes on.
    async fn charges(&self, path: &str) -> anyhow::Result<()> {
        let answer = self.asks(Method::POST, path).await?;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
        Ok(())
    }

    /// Whether all that was pending is paid.
    async fn pays(&self) -> anyhow::Result<bool> {
        let answer = story::expect(self.asks(Method::POST, "/rest/v1/invoices/pay").await?, 200)?;
        Ok(answer.body.as_bool().unwrap())
    }

    async fn goes_wrong(&self, script: Value) -> anyhow::Result<()> {
        gateways::payments_go_wrong(&self.books.world, &script).await
    }

    /// Nothing that must never happen has happened, other than that invoices came without a month that led to them.
    async fn closes(self) -> anyhow::Result<()> {
        let mut report = invariants::check(&System::of(&self.books.world, None)).await?;
        report.0.retain(|finding| finding.number != 19);
        assert_eq!(report.violations(), 0, "{}", report.complaints());
        Ok(())
    }
}

fn not_found(answer: &Answer) {
    assert_eq!((answer.status, answer.text.as_str()), (404, "\"not found\""));
}
