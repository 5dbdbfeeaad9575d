//! Money that goes back: by a credit note, on request, by itself; what does not arrive, and what nobody knows of.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::{Answer, Client};
use tests::gateways::{ledger, payments_go_wrong, payments_heal, wallet_ends};
use tests::invariants::{self, System};
use tests::log_world::Bill;
use tests::story::{self, each, new_key};

use crate::accounted::{Books, money};

/// What the simulated wallet does with refunds is told by this path.
const REFUNDS: &str = "/v1/payment-requests/*/refunds";
const WHOLE: &str = "119.00";

/// One invoice over 119.00, and what pays it.
struct Sold {
    books: Books,
    bill: Bill,
    invoice: String,
}

impl Sold {
    async fn open() -> anyhow::Result<Self> {
        let books = Books::open().await?;
        let bill = books.others(0);
        Self::of(books, bill).await
    }

    async fn of(books: Books, bill: Bill) -> anyhow::Result<Self> {
        let invoice = books.issue(bill, "2026-02-01").await?;
        Ok(Self { books, bill, invoice })
    }

    fn operator(&self) -> &Client {
        &self.books.cast.operator
    }

    fn customer(&self) -> String {
        self.bill.customer_id.to_string()
    }

    /// A gateway is asked for all that is left; answers the payment's path.
    async fn is_asked_for(&self) -> anyhow::Result<String> {
        let path = format!("{}/pay", self.invoice);
        let started = story::ask(self.operator(), Method::POST, &path, Some(&new_key()), None).await?;
        Ok(format!("/v1/payments/{}", story::expect(started, 202)?.id()?))
    }

    async fn is_paid(&self) -> anyhow::Result<String> {
        let payment = self.is_asked_for().await?;
        self.sees(&payment, "status", &json!("succeeded")).await?;
        Ok(payment)
    }

    async fn sees(&self, path: &str, member: &str, value: &Value) -> anyhow::Result<Value> {
        Ok(self.operator().wait_until(path, |body| body[member] == *value).await?.body)
    }

    /// Waits until so much has gone back of the payment.
    async fn goes_back(&self, payment: &str, amount: &str) -> anyhow::Result<Value> {
        self.sees(payment, "refunded", &money(amount)).await
    }

    /// Waits until its last refund has that status.
    async fn ends(&self, payment: &str, status: &str) -> anyhow::Result<Value> {
        let last = |body: &Value| body["refunds"].as_array().and_then(|refunds| refunds.last().cloned());
        let is = |body: &Value| last(body).is_some_and(|refund| refund["status"] == status);
        Ok(self.operator().wait_until(payment, is).await?.body)
    }

    async fn credits(&self, amount: &str) -> anyhow::Result<Answer> {
        let body = json!({ "amount": money(amount), "reason": "Goodwill.", "settle": "refund" });
        let path = format!("{}/credit-notes", self.invoice);
        story::ask(self.operator(), Method::POST, &path, Some(&new_key()), Some(&body)).await
    }

    async fn refunds(&self, payment: &str, amount: Option<&str>) -> anyhow::Result<Answer> {
        let body = amount.map(|amount| json!({ "amount": money(amount) }));
        let path = format!("{payment}/refunds");
        story::ask(self.operator(), Method::POST, &path, Some(&new_key()), body.as_ref()).await
    }

    async fn balance(&self) -> anyhow::Result<Value> {
        Ok(self.books.balance(&self.customer()).await?["balance"].clone())
    }

    /// What the gateway keeps of what it took for the invoice.
    async fn standing(&self) -> anyhow::Result<String> {
        Ok(ledger(&self.books.world).await?.standing(&self.bill.invoice_id().to_string()).to_string())
    }

    /// Kinds and amounts, in their order, and what is owed in the end.
    async fn statement(&self) -> anyhow::Result<(Vec<String>, Value)> {
        let path = format!("/v1/customers/{}/statement?from=2026-01-01&to=2027-01-01&limit=100", self.customer());
        let seen = self.operator().get_at(&path, story::head(&self.books.world).await?).await?;
        let told = |entry: &Value| {
            format!("{} {}", entry["kind"].as_str().unwrap(), entry["amount"]["amount"].as_str().unwrap())
        };
        Ok((story::data(&seen).iter().map(told).collect(), seen.body["closing_balance"].clone()))
    }

    async fn notes(&self) -> anyhow::Result<Vec<Value>> {
        let path = format!("/v1/credit-notes?customer_id={}", self.customer());
        Ok(story::data(&self.operator().get_at(&path, story::head(&self.books.world).await?).await?))
    }

    /// These invoices bill what no ledger of charges knows; everything else holds.
    async fn holds(&self) -> anyhow::Result<()> {
        let mut report = invariants::check(&System::of(&self.books.world, None)).await?;
        report.0.retain(|finding| finding.number != 19);
        assert_eq!(report.violations(), 0, "{}", report.complaints());
        Ok(())
    }
}

fn settled(note: &Value) -> [&str; 3] {
    ["invoice", "balance", "refund"].map(|part| note["settlement"][part]["amount"].as_str().unwrap())
}

#[tokio::test]
async fn a_credit_note_gives_back_what_came_in() -> anyhow::Result<()> {
    let sold = Sold::open().await?;
    let payment = sold.is_paid().await?;
    let note = story::expect(sold.credits("50.00").await?, 201)?;
    assert_eq!(settled(&note.body), ["0.00", "0.00", "50.00"]);
    let seen = sold.goes_back(&payment, "50.00").await?;
    assert_eq!(each(seen["refunds"].as_array().unwrap(), "status"), ["succeeded"], "{seen}");
    assert_eq!((sold.standing().await?, sold.balance().await?), ("69.00".to_owned(), money("0.00")));
    let path = format!("/v1/credit-notes/{}", note.id()?);
    assert_eq!(sold.books.cast.other.get(&path).await?.body["settlement"], note.body["settlement"]);
    let expected = ["invoice 119.00", "payment -119.00", "credit_note -50.00", "refund 50.00"];
    assert_eq!(sold.statement().await?, (expected.map(str::to_owned).to_vec(), money("0.00")));
    sold.holds().await
}

#[tokio::test]
async fn what_cannot_go_back_the_way_it_came_is_to_the_customers_credit() -> anyhow::Result<()> {
    let sold = Sold::open().await?;
    sold.books.pay(sold.bill, 1_900).await?;
    let payment = sold.is_paid().await?;
    assert_eq!(sold.operator().get(&payment).await?.body["amount"], money("100.00"));
    let note = story::expect(sold.credits(WHOLE).await?, 201)?;
    assert_eq!(settled(&note.body), ["0.00", "19.00", "100.00"]);
    sold.goes_back(&payment, "100.00").await?;
    assert_eq!((sold.standing().await?, sold.balance().await?), ("0.00".to_owned(), money("19.00")));
    sold.holds().await
}

#[tokio::test]
async fn what_was_paid_beyond_an_invoice_goes_back_on_request() -> anyhow::Result<()> {
    let sold = Sold::open().await?;
    let pending = json!({ "fault": "outcome:pending", "match": { "method": "POST", "path": "/v1/payment-requests" } });
    payments_go_wrong(&sold.books.world, &pending).await?;
    let payment = sold.is_asked_for().await?;
    let open = sold.refunds(&payment, None).await?;
    story::refused(sold.operator(), &open, 409, "invalid-state").await?;
    sold.books.pay(sold.bill, 10_000).await?;
    confirms(&sold).await?;
    sold.sees(&payment, "status", &json!("succeeded")).await?;
    assert_eq!(sold.balance().await?, money("100.00"));

    story::expect(sold.refunds(&payment, Some("60.00")).await?, 202)?;
    assert_eq!((sold.balance().await?, sold.notes().await?), (money("40.00"), Vec::new()));
    let above = sold.refunds(&payment, Some("59.01")).await?;
    story::refused(sold.operator(), &above, 422, "refund-limit").await?;
    story::expect(sold.refunds(&payment, None).await?, 202)?;
    let seen = sold.goes_back(&payment, WHOLE).await?;
    let amounts: Vec<&str> =
        seen["refunds"].as_array().unwrap().iter().map(|refund| refund["amount"]["amount"].as_str().unwrap()).collect();
    assert_eq!(amounts, ["60.00", "40.00", "19.00"]);
    assert_eq!((sold.standing().await?, sold.balance().await?), ("0.00".to_owned(), money("0.00")));
    let expected = [
        "invoice 119.00",
        "payment -100.00",
        "payment -19.00",
        "overpayment -100.00",
        "refund 60.00",
        "refund 40.00",
        "refund 19.00",
        "credit_note -19.00",
    ];
    assert_eq!(sold.statement().await?, (expected.map(str::to_owned).to_vec(), money("0.00")));
    let nothing = sold.refunds(&payment, None).await?;
    story::refused(sold.operator(), &nothing, 422, "refund-limit").await?;
    sold.holds().await
}

/// Somebody confirms the charge in the wallet, once it is there.
async fn confirms(sold: &Sold) -> anyhow::Result<()> {
    let reference = sold.bill.invoice_id().to_string();
    let gateways = sold.books.world.settings.gateways.as_ref().unwrap();
    let wallet = Client::new(&gateways.url(), &gateways.wallet_key)?;
    wallet.wait_until(&format!("/v1/payment-requests?reference={reference}"), |_| true).await?;
    wallet_ends(&sold.books.world, &reference, "succeeded").await
}

#[tokio::test]
async fn what_does_not_arrive_is_to_the_customers_credit() -> anyhow::Result<()> {
    let sold = Sold::open().await?;
    let payment = sold.is_paid().await?;
    let fails = json!({ "fault": "outcome:failed", "match": { "method": "POST", "path": REFUNDS } });
    payments_go_wrong(&sold.books.world, &fails).await?;
    story::expect(sold.credits("50.00").await?, 201)?;
    let seen = sold.ends(&payment, "failed").await?;
    assert_eq!(seen["refunded"], money("0.00"));
    assert_eq!((sold.standing().await?, sold.balance().await?), (WHOLE.to_owned(), money("50.00")));
    let expected = ["invoice 119.00", "payment -119.00", "credit_note -50.00", "refund 50.00", "refund_failed -50.00"];
    assert_eq!(sold.statement().await?, (expected.map(str::to_owned).to_vec(), money("-50.00")));
    sold.holds().await?;

    // All of it, once the gateway does that again: from the balance what is there, the rest from the invoice.
    payments_heal(&sold.books.world).await?;
    story::expect(sold.refunds(&payment, None).await?, 202)?;
    sold.goes_back(&payment, WHOLE).await?;
    assert_eq!((sold.standing().await?, sold.balance().await?), ("0.00".to_owned(), money("0.00")));
    assert_eq!(sold.statement().await?.1, money("0.00"));
    sold.holds().await
}

#[tokio::test]
async fn what_nobody_knows_of_is_asked_and_found() -> anyhow::Result<()> {
    let sold = Sold::open().await?;
    let payment = sold.is_paid().await?;
    let world = &sold.books.world;
    let unanswered = json!({ "fault": "500_after", "match": { "method": "POST", "path": REFUNDS } });
    payments_go_wrong(world, &unanswered).await?;
    let untold = json!({ "fault": "webhook_lost", "times": 9, "match": { "path": "refund." } });
    payments_go_wrong(world, &untold).await?;
    story::expect(sold.credits("50.00").await?, 201)?;
    let seen = sold.ends(&payment, "unknown").await?;
    assert_eq!((&seen["refunded"], sold.balance().await?), (&money("0.00"), money("0.00")));
    sold.holds().await?;
    DevClock::new(&world.settings.api_url())?.advance("PT1H").await?;
    sold.goes_back(&payment, "50.00").await?;
    let reference = sold.bill.invoice_id().to_string();
    assert_eq!(ledger(world).await?.refunds(&reference).len(), 1, "it was sent once");
    sold.holds().await
}

#[tokio::test]
async fn a_payment_is_refunded_in_parts_and_its_invoice_credited() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let bill = books.agency(0);
    let sold = Sold::of(books, bill).await?;
    let payment = sold.is_paid().await?;
    let version = story::header(&sold.operator().get(&payment).await?, "etag").unwrap().to_owned();
    let (key, path) = (new_key(), format!("{payment}/refunds"));
    let asks = async |key: &str, version: &str| {
        let request = sold.operator().request(Method::POST, &path).header("Idempotency-Key", key);
        let body = json!({ "amount": money("59.50") });
        sold.operator().send(request.header("If-Match", version).json(&body)).await
    };
    let first = story::expect(asks(&key, &version).await?, 202)?;
    assert_eq!(each(first.body["refunds"].as_array().unwrap(), "status"), ["started"]);
    let at = sold.operator().get_at(&payment, first.position()?).await?;
    assert_eq!(at.body["refunds"][0]["amount"], first.body["refunds"][0]["amount"]);
    let again = story::expect(asks(&key, &version).await?, 202)?;
    assert_eq!((&again.body, story::header(&again, "idempotency-replayed")), (&first.body, Some("true")));
    story::refused(sold.operator(), &asks(&new_key(), &version).await?, 412, "precondition-failed").await?;
    let francs = json!({ "amount": { "amount": "1.00", "currency": "CHF" } });
    let other = story::ask(sold.operator(), Method::POST, &path, Some(&new_key()), Some(&francs)).await?;
    story::refused(sold.operator(), &other, 422, "currency-mismatch").await?;
    assert_eq!(other.body["errors"][0]["pointer"], "/amount/currency");

    let notes = sold.notes().await?;
    assert_eq!((each(&notes, "reason"), each(&notes, "settle")), (vec!["Refund".into()], vec!["refund".into()]));
    assert_eq!(settled(&notes[0]), ["0.00", "0.00", "59.50"]);
    let invoice = sold.operator().get(&sold.invoice).await?.body;
    assert_eq!((&invoice["status"], invoice["credit_notes"].as_array().unwrap().len()), (&json!("paid"), 1));
    let commission = sold.books.cast.reseller.get_at("/v1/commissions", story::head(&sold.books.world).await?).await?;
    let mut earned = story::data(&commission);
    earned.reverse();
    let amounts: Vec<&str> = earned.iter().map(|entry| entry["amount"]["amount"].as_str().unwrap()).collect();
    assert_eq!((each(&earned, "kind"), amounts), (vec!["accrued".into(), "reversed".into()], vec!["10.00", "-5.00"]));

    story::expect(sold.refunds(&payment, Some("59.50")).await?, 202)?;
    sold.goes_back(&payment, WHOLE).await?;
    let above = sold.refunds(&payment, Some("0.01")).await?;
    story::refused(sold.operator(), &above, 422, "refund-limit").await?;
    assert_eq!((sold.standing().await?, sold.notes().await?.len()), ("0.00".to_owned(), 2));
    assert_eq!(sold.statement().await?.1, money("0.00"));
    sold.holds().await
}

#[tokio::test]
async fn the_token_gateway_gives_nothing_back() -> anyhow::Result<()> {
    let sold = Sold::open().await?;
    let terms = json!({ "currency": "EUR", "gateway": "token" });
    let path = format!("/v1/customers/{}/terms", sold.customer());
    let set = story::ask(sold.operator(), Method::PUT, &path, None, Some(&terms)).await?;
    story::expect(set, 200)?;
    let payment = sold.is_paid().await?;
    assert_eq!(sold.operator().get(&payment).await?.body["gateway"], "token");
    for refused in [sold.refunds(&payment, None).await?, sold.credits("50.00").await?] {
        story::refused(sold.operator(), &refused, 409, "refund-not-supported").await?;
    }
    assert_eq!(sold.notes().await?, Vec::<Value>::new());
    let outside = sold.books.others(1);
    let invoice = sold.books.issue(outside, "2026-02-02").await?;
    sold.books.pay(outside, 11_900).await?;
    let paid = sold.operator().get_at(&invoice, story::head(&sold.books.world).await?).await?.body;
    let transfer = format!("/v1/payments/{}", paid["payments"][0]["id"].as_str().unwrap());
    let refused = sold.refunds(&transfer, None).await?;
    story::refused(sold.operator(), &refused, 409, "refund-not-supported").await?;
    sold.holds().await
}

#[tokio::test]
async fn money_for_what_is_paid_or_void_goes_back_by_itself() -> anyhow::Result<()> {
    let sold = Sold::open().await?;
    let pending = json!({ "fault": "outcome:pending", "match": { "method": "POST", "path": "/v1/payment-requests" } });
    payments_go_wrong(&sold.books.world, &pending).await?;
    let late = sold.is_asked_for().await?;
    sold.books.pay(sold.bill, 11_900).await?;
    confirms(&sold).await?;
    let seen = sold.goes_back(&late, WHOLE).await?;
    assert_eq!(seen["status"], "succeeded");
    let invoice = sold.operator().get(&sold.invoice).await?.body;
    assert_eq!((&invoice["status"], &invoice["payment_status"]), (&json!("paid"), &json!("paid")));
    let expected = ["invoice 119.00", "payment -119.00", "overpayment -119.00", "refund 119.00"];
    assert_eq!(sold.statement().await?, (expected.map(str::to_owned).to_vec(), money("0.00")));
    assert_eq!((sold.standing().await?, sold.balance().await?), ("0.00".to_owned(), money("0.00")));

    // Declined first, so that the invoice could be voided; then it turns out to have been charged.
    let bill = sold.books.others(1);
    let void = Sold::of(sold.books, bill).await?;
    let declined =
        json!({ "fault": "outcome:declined", "match": { "method": "POST", "path": "/v1/payment-requests" } });
    payments_go_wrong(&void.books.world, &declined).await?;
    let payment = void.is_asked_for().await?;
    void.sees(&payment, "status", &json!("declined")).await?;
    void.operator().post(&format!("{}/void", void.invoice), &new_key(), &json!({}), 200).await?;
    confirms(&void).await?;
    let seen = void.goes_back(&payment, WHOLE).await?;
    assert_eq!((&seen["status"], void.standing().await?), (&json!("succeeded"), "0.00".to_owned()));
    assert_eq!(void.statement().await?.1, money("0.00"));
    void.holds().await
}
