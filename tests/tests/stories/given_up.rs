//! Work at the payment gateways that an operator gives up: nobody waits for ever, and no money moves twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Executor;
use tests::business_time::DevClock;
use tests::client::Client;
use tests::gateways::{ledger, payments_go_wrong, payments_heal};
use tests::invariants::{self, System};
use tests::log_world::Bill;
use tests::story::{self, new_key};
use tests::world::World;

use crate::accounted::{Books, money};

/// What the simulated wallet does with refunds is told by this path.
const REFUNDS: &str = "/v1/payment-requests/*/refunds";

/// Tried, and then given to the operator, as if nobody had foreseen what came of it. Answers its id.
pub async fn dies(world: &World, operator: &Client, kind: &str, subject: &str) -> anyhow::Result<String> {
    let was_tried =
        |effect: &Value| effect["kind"] == kind && effect["subject"] == subject && effect["outcome"].is_string();
    let waits = |body: &Value| body["data"].as_array().is_some_and(|effects| effects.iter().any(was_tried));
    operator.wait_until("/v1/admin/effects?state=due&limit=100", waits).await?;
    let sql = format!(
        "update effects set state = 'dead', outcome = 'nobody foresaw this', settled_at = clock_timestamp(), \
         lease = null, lease_until = null where kind = '{kind}' and subject = '{subject}' and state = 'due' \
         returning op_id::text"
    );
    story::texts(world, &sql).await?.pop().context("it is open no longer")
}

pub async fn discards(operator: &Client, letter: &str) -> anyhow::Result<()> {
    operator.post(&format!("/v1/admin/dead-letters/{letter}/discard"), &new_key(), &json!({}), 200).await?;
    Ok(())
}

/// 119.00 that the wallet took for an invoice, and what comes of 50.00 that are to go back.
struct Sold {
    books: Books,
    bill: Bill,
    payment: String,
}

impl Sold {
    async fn open() -> anyhow::Result<Self> {
        let books = Books::open().await?;
        let bill = books.others(0);
        let (invoice, operator) = (books.issue(bill, "2026-02-01").await?, &books.cast.operator);
        let started = story::ask(operator, Method::POST, &format!("{invoice}/pay"), Some(&new_key()), None).await?;
        let payment = format!("/v1/payments/{}", story::expect(started, 202)?.id()?);
        operator.wait_until(&payment, |body| body["status"] == "succeeded").await?;
        Ok(Self { books, bill, payment })
    }

    fn operator(&self) -> &Client {
        &self.books.cast.operator
    }

    /// While the wallet is away for such calls.
    async fn is_deaf(&self, method: &str, path: &str) -> anyhow::Result<()> {
        let matching = json!({ "method": method, "path": path });
        let script = json!({ "match": matching, "fault": "503", "times": 1_000, "ms": 600_000 });
        payments_go_wrong(&self.books.world, &script).await
    }

    /// Answers the refund, the nth of the payment.
    async fn asks_for(&self, amount: &str, n: usize) -> anyhow::Result<String> {
        let (path, body) = (format!("{}/refunds", self.payment), json!({ "amount": money(amount) }));
        let asked = story::ask(self.operator(), Method::POST, &path, Some(&new_key()), Some(&body)).await?;
        let asked = story::expect(asked, 202)?;
        Ok(asked.body["refunds"][n]["id"].as_str().context("no such refund")?.to_owned())
    }

    async fn gives_up(&self, kind: &str, refund: &str) -> anyhow::Result<()> {
        let letter = dies(&self.books.world, self.operator(), kind, refund).await?;
        payments_heal(&self.books.world).await?;
        discards(self.operator(), &letter).await
    }

    async fn sees(&self, n: usize, status: &str) -> anyhow::Result<Value> {
        let is = |body: &Value| body["refunds"][n]["status"] == status;
        Ok(self.operator().wait_until(&self.payment, is).await?.body)
    }

    async fn balance(&self) -> anyhow::Result<Value> {
        Ok(self.books.balance(&self.bill.customer_id.to_string()).await?["balance"].clone())
    }

    /// What went back at the wallet, each time.
    async fn went_back(&self) -> anyhow::Result<Vec<String>> {
        let ledger = ledger(&self.books.world).await?;
        let refunds = ledger.refunds(&self.bill.invoice_id().to_string());
        Ok(refunds.iter().map(|refund| refund.amount.to_string()).collect())
    }

    /// These invoices bill what no ledger of charges knows; everything else holds.
    async fn holds(&self) -> anyhow::Result<()> {
        let mut report = invariants::check(&System::of(&self.books.world, None)).await?;
        report.0.retain(|finding| finding.number != 19);
        assert_eq!(report.violations(), 0, "{}", report.complaints());
        Ok(())
    }
}

#[tokio::test]
async fn what_may_have_gone_back_is_asked_about_until_the_gateway_tells() -> anyhow::Result<()> {
    let sold = Sold::open().await?;
    sold.is_deaf("POST", REFUNDS).await?;
    let refund = sold.asks_for("50.00", 0).await?;
    sold.gives_up("refund_payment", &refund).await?;
    let unknown = sold.sees(0, "unknown").await?;
    assert_eq!((&unknown["refunded"], sold.balance().await?), (&money("0.00"), money("0.00")));

    // Nobody can say in the gateway's place what came of it: the question is given up, and asked anew.
    sold.gives_up("ask_refund", &refund).await?;
    let clock = DevClock::new(&sold.books.world.settings.api_url())?;
    for _ in 0..3 {
        clock.advance("PT1H").await?;
    }
    let seen = sold.sees(0, "succeeded").await?;
    assert_eq!((&seen["refunded"], sold.balance().await?), (&money("50.00"), money("0.00")));
    assert_eq!(sold.went_back().await?, ["50.00"]);
    sold.holds().await
}

#[tokio::test]
async fn what_never_went_back_is_to_the_customers_credit() -> anyhow::Result<()> {
    let sold = Sold::open().await?;
    // Under which name the wallet knows the payment cannot be found out, so that nothing is sent.
    sold.is_deaf("GET", "/v1/payment-requests").await?;
    story::database(&sold.books.world).await?.execute("delete from payment_requests").await?;
    let refund = sold.asks_for("50.00", 0).await?;
    sold.gives_up("refund_payment", &refund).await?;
    let failed = sold.sees(0, "failed").await?;
    assert_eq!((&failed["refunded"], sold.balance().await?), (&money("0.00"), money("50.00")));
    assert_eq!(sold.went_back().await?, Vec::<String>::new());

    // From there it goes back once somebody asks for it again.
    sold.asks_for("50.00", 1).await?;
    let seen = sold.sees(1, "succeeded").await?;
    assert_eq!((&seen["refunded"], sold.balance().await?), (&money("50.00"), money("0.00")));
    assert_eq!(sold.went_back().await?, ["50.00"]);
    sold.holds().await
}
