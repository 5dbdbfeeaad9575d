//! Paying, told over HTTP against the gateways' simulator: what customers do and see, what comes of every attempt, and
//! that nothing is charged twice or paid that was not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod everything;
mod given_up;
mod outcomes;
mod outside;
mod paying;
mod unknown;
mod webhooks;

use domain::billing::Route;
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::{Answer, Client};
use tests::gateways;
use tests::invariants::{self, System};
use tests::log_world::{Bill, WriteExempt};
use tests::story::{self, header, new_key};
use uuid::Uuid;

use crate::accounted::{Books, january};

/// A running world, and a customer that owes what a story wants it to.
struct Till {
    books: Books,
    /// The customer.
    payer: Client,
    customer_id: Uuid,
}

struct Owed {
    id: String,
    path: String,
}

impl Till {
    /// Nothing is collected by itself.
    async fn open() -> anyhow::Result<Self> {
        Self::on_terms(&json!({ "collection": "manual" })).await
    }

    async fn on_terms(terms: &Value) -> anyhow::Result<Self> {
        let books = Books::open().await?;
        let till =
            Self { payer: books.cast.other.clone(), customer_id: books.world.sample.other_customer_id.parse()?, books };
        let path = format!("/v1/customers/{}/terms", till.customer_id);
        story::expect(story::ask(till.operator(), Method::PUT, &path, None, Some(terms)).await?, 200)?;
        Ok(till)
    }

    fn operator(&self) -> &Client {
        &self.books.cast.operator
    }

    /// The nth invoice, of so many cents, due in a fortnight.
    async fn owes(&self, n: u32, cents: i64) -> anyhow::Result<Owed> {
        let bill = Bill { route: Route::Own, ..Bill::own(self.customer_id, january(), n) };
        self.books.write(&WriteExempt { bill, cents, issued_on: "2026-02-01".parse()? }).await?;
        let id = bill.invoice_id().to_string();
        Ok(Owed { path: format!("/v1/invoices/{id}"), id })
    }

    /// Asks to pay, whatever is answered.
    async fn tries(&self, owed: &Owed) -> anyhow::Result<Answer> {
        let path = format!("{}/pay", owed.path);
        story::ask(&self.payer, Method::POST, &path, Some(&new_key()), None).await
    }

    /// The path of the payment.
    async fn pays(&self, owed: &Owed) -> anyhow::Result<String> {
        let started = story::expect(self.tries(owed).await?, 202)?;
        Ok(header(&started, "location").unwrap().to_owned())
    }

    /// Pays, and waits until the wallet has it, where it stays until somebody there ends it.
    async fn pays_pending(&self, owed: &Owed) -> anyhow::Result<String> {
        self.goes_wrong(json!({ "fault": "outcome:pending", "match": { "path": "/v1/payment-requests" } })).await?;
        let payment = self.pays(owed).await?;
        self.is_at_the_wallet(owed).await?;
        Ok(payment)
    }

    async fn is_at_the_wallet(&self, owed: &Owed) -> anyhow::Result<()> {
        let gateways = self.books.world.settings.gateways.as_ref().unwrap();
        let wallet = Client::new(&gateways.url(), &gateways.wallet_key)?;
        wallet.wait_until(&format!("/v1/payment-requests?reference={}", owed.id), |_| true).await?;
        Ok(())
    }

    /// What comes of a payment; an unknown outcome is one, too.
    async fn ends(&self, payment: &str) -> anyhow::Result<Value> {
        Ok(self.operator().wait_until(payment, |body| body["status"] != "started").await?.body)
    }

    async fn comes_to(&self, payment: &str, status: &str) -> anyhow::Result<Value> {
        Ok(self.operator().wait_until(payment, |body| body["status"] == status).await?.body)
    }

    /// As it is now, to the payer.
    async fn sees(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.payer.get_at(path, story::head(&self.books.world).await?).await?.body)
    }

    /// Status, how paying it stands, and why that failed.
    async fn stands(&self, owed: &Owed) -> anyhow::Result<[Value; 3]> {
        let seen = self.sees(&owed.path).await?;
        Ok(["status", "payment_status", "payment_reason"].map(|name| seen[name].clone()))
    }

    async fn is_refused(&self, owed: &Owed, slug: &str) -> anyhow::Result<()> {
        for (client, path) in [(&self.payer, "pay"), (self.operator(), "pay"), (self.operator(), "void")] {
            let path = format!("{}/{path}", owed.path);
            let answer = story::ask(client, Method::POST, &path, Some(&new_key()), None).await?;
            let slug = if slug == "already-paid" && path.ends_with("void") { "invalid-state" } else { slug };
            story::refused(client, &answer, 409, slug).await?;
        }
        Ok(())
    }

    /// What the wallet took for it, each time.
    async fn charged(&self, owed: &Owed) -> anyhow::Result<Vec<Decimal>> {
        let ledger = gateways::ledger(&self.books.world).await?;
        Ok(ledger.charges(&owed.id).iter().map(|movement| movement.amount).collect())
    }

    async fn goes_wrong(&self, script: Value) -> anyhow::Result<()> {
        gateways::payments_go_wrong(&self.books.world, &script).await
    }

    async fn later(&self, span: &str) -> anyhow::Result<()> {
        DevClock::new(&self.books.world.settings.api_url())?.advance(span).await?;
        Ok(())
    }

    /// Nothing that must never happen has happened, other than that invoices came without a month that led to them.
    async fn closes(self) -> anyhow::Result<()> {
        let mut report = invariants::check(&System::of(&self.books.world, None)).await?;
        report.0.retain(|finding| finding.number != 19);
        assert_eq!(report.violations(), 0, "{}", report.complaints());
        Ok(())
    }
}

fn stand(status: &str, payment: &str, reason: Option<&str>) -> [Value; 3] {
    [json!(status), json!(payment), json!(reason)]
}
