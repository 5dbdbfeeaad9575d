//! Invoices as each caller sees them, and what an operator does about them. They are written straight into the log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::NaiveDate;
use domain::billing::{Period, Route};
use reqwest::Method;
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::{Answer, Client};
use tests::log_world::{Bill, Deposit, END_CUSTOMER, LogProcess, WriteInvoice, euro, persist, system};
use tests::story::{self, Cast, cast, each, new_key};
use tests::world::World;
use uuid::Uuid;

const BEGINS: &str = "2026-02-16T09:30:00Z";
/// Not on the parties it is hidden from.
const STAFFS: [&str; 4] = ["unit_cost", "cost", "created_by", "updated_by"];
const RESELLERS: [&str; 2] = ["reseller_amount", "commission"];

fn january() -> Period {
    Period::parse("2026-01").unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A running world, and a hand in its log.
struct Books {
    world: World,
    cast: Cast,
    log: LogProcess,
}

impl Books {
    async fn open() -> anyhow::Result<Self> {
        let world = World::start_at(BEGINS).await?;
        let app = &world.settings.databases.app;
        Ok(Self { log: LogProcess::start(app, app).await?, cast: cast(&world)?, world })
    }

    fn id(text: &str) -> Uuid {
        text.parse().unwrap()
    }

    fn reseller(&self) -> Uuid {
        Self::id(&self.world.sample.reseller_id)
    }

    /// For the end customer's seats.
    fn bill(&self, route: Route, n: u32) -> Bill {
        let sample = &self.world.sample;
        let (customer_id, account_id) = (Self::id(&sample.customer_id), Self::id(&sample.account_id));
        Bill { customer_id, account_id, route, period: january(), n }
    }

    fn agency(&self, n: u32) -> Bill {
        self.bill(Route::Agency { reseller_id: self.reseller() }, n)
    }

    fn resale(&self) -> Bill {
        self.bill(Route::Resale { reseller_id: self.reseller() }, 0)
    }

    /// For the customer that has nothing to do with the others.
    fn others(&self, n: u32) -> Bill {
        Bill::own(Self::id(&self.world.sample.other_customer_id), january(), n)
    }

    async fn write(&self, bill: Bill, issued_on: Option<&str>) -> anyhow::Result<Invoice> {
        let write = WriteInvoice { bill, issued_on: issued_on.map(day) };
        let receipt = persist(&self.log.bus, &system(&new_key()), &write).await?;
        Ok(Invoice { path: format!("/v1/invoices/{}", bill.invoice_id()), position: receipt.last_position })
    }

    async fn issue(&self, bill: Bill) -> anyhow::Result<Invoice> {
        self.write(bill, Some("2026-02-01")).await
    }

    async fn act(&self, method: Method, path: &str) -> anyhow::Result<Answer> {
        story::ask(&self.cast.operator, method, path, Some(&new_key()), None).await
    }
}

struct Invoice {
    path: String,
    position: i64,
}

impl Invoice {
    /// What this caller sees of it, once everybody can.
    async fn seen(&self, client: &Client) -> anyhow::Result<Answer> {
        let joint = if self.path.contains('?') { '&' } else { '?' };
        story::look(client, &format!("{}{joint}min_position={}", self.path, self.position)).await
    }
}

fn never(answer: &Answer, names: &[&str]) {
    let seen = names.iter().find(|name| story::mentions(&answer.body, name));
    assert_eq!(seen, None, "{}", answer.text);
}

fn always(answer: &Answer, names: &[&str]) {
    let missed = names.iter().find(|name| !story::mentions(&answer.body, name));
    assert_eq!(missed, None, "{}", answer.text);
}

#[tokio::test]
async fn each_sees_the_invoices_that_are_theirs() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let Cast { operator, auditor, service, reseller, customer, other } = &books.cast;
    let (agency, resale) = (books.issue(books.agency(0)).await?, books.issue(books.resale()).await?);
    let (others, draft) = (books.issue(books.others(0)).await?, books.write(books.agency(1), None).await?);

    let may: [(&Client, [bool; 4]); 6] = [
        (customer, [true, false, false, false]),
        (reseller, [true, true, false, false]),
        (other, [false, false, true, false]),
        (operator, [true; 4]),
        (auditor, [true; 4]),
        (service, [false; 4]),
    ];
    for (client, may) in may {
        let mut visible = Vec::new();
        for (invoice, may) in [&agency, &resale, &others, &draft].into_iter().zip(may) {
            let seen = invoice.seen(client).await?;
            let absent = if std::ptr::eq(client, service) { 403 } else { 404 };
            assert_eq!(seen.status, if may { 200 } else { absent }, "{}: {}", invoice.path, seen.text);
            visible.extend(seen.body["id"].as_str().filter(|_| may).map(str::to_owned));
        }
        if !std::ptr::eq(client, service) {
            let listed = client.get_at("/v1/invoices", draft.position).await?;
            visible.reverse();
            assert_eq!(each(&story::data(&listed), "id"), visible);
        }
    }

    let seen = agency.seen(customer).await?;
    never(&seen, &[&STAFFS[..], &RESELLERS, &["end_customer_id"]].concat());
    always(&seen, &["payments", "credit_notes"]);
    let seen = agency.seen(reseller).await?;
    always(&seen, &RESELLERS);
    never(&seen, &[&STAFFS[..], &["payments"]].concat());
    for staff in [operator, auditor] {
        always(&agency.seen(staff).await?, &[&STAFFS[..], &RESELLERS, &["payments"]].concat());
    }
    let seen = resale.seen(reseller).await?;
    never(&seen, &[&STAFFS[..], &RESELLERS].concat());
    let line = &seen.body["lines"][0];
    assert_eq!(
        (&line["end_customer_id"], &line["end_customer_name"]),
        (&json!(books.world.sample.customer_id), &json!(END_CUSTOMER))
    );
    filters(&books, &draft).await?;
    moved(&books, &agency).await
}

async fn filters(books: &Books, last: &Invoice) -> anyhow::Result<()> {
    let sample = &books.world.sample;
    let found = async |client: &Client, query: &str| {
        anyhow::Ok(story::data(&client.get_at(&format!("/v1/invoices?{query}"), last.position).await?).len())
    };
    let operator = &books.cast.operator;
    for (query, expected) in [
        ("status=draft", 1),
        ("status=draft,issued", 4),
        ("status=paid", 0),
        ("period=2026-01", 4),
        ("period=2025-12", 0),
        ("overdue=true", 0),
        ("overdue=false&status=issued", 3),
        (&format!("customer_id={}", sample.customer_id), 2),
        (&format!("customer_id={}", sample.reseller_id), 1),
    ] {
        assert_eq!(found(operator, query).await?, expected, "{query}");
    }
    let foreign = format!("customer_id={}", sample.other_customer_id);
    assert_eq!(found(&books.cast.reseller, &foreign).await?, 0);
    assert_eq!(found(&books.cast.customer, "status=draft").await?, 0);
    for query in ["period=2026-1", "period=october", "overdue=yes", "status=open", "due_on=2026-03-03"] {
        let answer = story::look(operator, &format!("/v1/invoices?{query}")).await?;
        story::refused(operator, &answer, 400, "invalid-query").await?;
    }
    Ok(())
}

/// The next reseller of a customer sees its invoices, but not what the one before earned on them.
async fn moved(books: &Books, agency: &Invoice) -> anyhow::Result<()> {
    let mut next = story::new_customer("Next reseller");
    next["kind"] = json!("reseller");
    let operator = &books.cast.operator;
    let next = operator.post("/v1/customers", &new_key(), &next, 201).await?.id()?;
    let path = format!("/v1/customers/{}", books.world.sample.customer_id);
    let patch = json!({ "reseller_id": next });
    let patched = story::expect(story::ask(operator, Method::PATCH, &path, None, Some(&patch)).await?, 200)?;
    let invoice = Invoice { path: agency.path.clone(), position: patched.position()? };
    assert_eq!(invoice.seen(&books.cast.reseller).await?.status, 404);
    let next = operator.with_token(&books.world.site().token("reseller", Some(&next)).await?);
    let seen = story::expect(invoice.seen(&next).await?, 200)?;
    never(&seen, &[&STAFFS[..], &RESELLERS, &["payments"]].concat());
    Ok(())
}

#[tokio::test]
async fn an_invoice_is_shown_to_the_cent() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let seen = books.issue(books.agency(0)).await?.seen(&books.cast.operator).await?.body;
    let sample = &books.world.sample;
    let euro = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let expected = json!({
        "number": "INV-2026-000001", "kind": "period", "customer_id": sample.customer_id, "period": "2026-01",
        "status": "issued", "payment_status": "unpaid", "payment_reason": null, "overdue": false,
        "issued_on": "2026-02-01", "due_on": "2026-03-03", "next_attempt_on": "2026-03-03", "currency": "EUR",
        "charges": euro("100.00"), "discounts": euro("0.00"), "net": euro("100.00"), "total": euro("119.00"),
        "taxes": [{ "category": "S", "rate": "19", "base": euro("100.00"), "amount": euro("19.00"), "note": null }],
        "applied_credit": euro("0.00"), "balance": euro("119.00"), "payments": [], "credit_notes": [],
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&seen[name], value, "{name}: {seen}");
    }
    let expected = json!({
        "line": 1, "account_id": sample.account_id, "service_name": "Office", "charge": "new", "from": "2026-01-01",
        "to": "2026-02-01", "quantity": 100, "factor": "31/31", "unit_price": euro("1.00"), "discount": euro("0.00"),
        "amount": euro("100.00"), "unit_cost": euro("0.80"), "cost": euro("80.00"), "reseller_amount": euro("90.00"),
        "commission": euro("10.00"),
    });
    let line = &seen["lines"][0];
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&line[name], value, "{name}: {line}");
    }
    Ok(())
}

/// Body and version of both staff's reads at the write's position are those of the write; repeated, it is the same.
async fn reads_the_same(books: &Books, method: &Method, path: &str, noun: &Invoice) -> anyhow::Result<Value> {
    let key = new_key();
    let operator = &books.cast.operator;
    let written = story::expect(story::ask(operator, method.clone(), path, Some(&key), None).await?, 200)?;
    for staff in [operator, &books.cast.auditor] {
        let read = staff.get_at(&noun.path, written.position()?).await?;
        assert_eq!(read.body, written.body, "{path}");
        assert_eq!(story::header(&read, "etag"), story::header(&written, "etag"));
    }
    let again = story::ask(operator, method.clone(), path, Some(&key), None).await?;
    assert_eq!((again.status, &again.text), (200, &written.text), "{path}");
    assert_eq!(story::header(&again, "idempotency-replayed"), Some("true"));
    Ok(written.body)
}

#[tokio::test]
async fn an_operator_issues_discards_voids_and_writes_off() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let operator = &books.cast.operator;
    let deposit = Deposit { customer_id: Books::id(&books.world.sample.other_customer_id), amount: euro(1_900) };
    persist(&books.log.bus, &system(&new_key()), &deposit).await?;
    let (first, second) = (books.write(books.others(0), None).await?, books.write(books.others(1), None).await?);

    let issued = reads_the_same(&books, &Method::POST, &format!("{}/issue", first.path), &first).await?;
    assert_eq!(
        (&issued["number"], &issued["issued_on"]),
        (&json!("INV-2026-000001"), &json!("2026-02-16")),
        "{issued}"
    );
    assert_eq!(
        (&issued["applied_credit"]["amount"], &issued["balance"]["amount"]),
        (&json!("19.00"), &json!("100.00"))
    );
    let discarded = reads_the_same(&books, &Method::DELETE, &second.path, &second).await?;
    assert_eq!((&discarded["status"], &discarded["number"]), (&json!("discarded"), &json!(null)));
    assert_eq!(second.seen(&books.cast.other).await?.status, 404, "what was never issued stays the seller's");

    for (method, path) in [
        (Method::POST, format!("{}/issue", second.path)),
        (Method::POST, format!("{}/void", second.path)),
        (Method::POST, format!("{}/uncollectible", second.path)),
        (Method::DELETE, first.path.clone()),
    ] {
        story::refused(operator, &books.act(method, &path).await?, 409, "invalid-state").await?;
    }
    let stale = operator.request(Method::POST, &format!("{}/void", first.path)).header("Idempotency-Key", new_key());
    let stale = operator.send(stale.header("If-Match", "\"1\"")).await?;
    story::refused(operator, &stale, 412, "precondition-failed").await?;
    for client in [&books.cast.other, &books.cast.reseller, &books.cast.auditor, &books.cast.service] {
        let path = format!("{}/void", first.path);
        let answer = story::ask(client, Method::POST, &path, Some(&new_key()), None).await?;
        story::refused(client, &answer, 403, "forbidden").await?;
    }

    let voided = reads_the_same(&books, &Method::POST, &format!("{}/void", first.path), &first).await?;
    assert_eq!((&voided["status"], &voided["number"]), (&json!("void"), &json!("INV-2026-000001")));
    assert_eq!((&voided["applied_credit"]["amount"], &voided["balance"]["amount"]), (&json!("0.00"), &json!("0.00")));
    let third = books.write(books.others(2), None).await?;
    reads_the_same(&books, &Method::POST, &format!("{}/issue", third.path), &third).await?;
    let lost = reads_the_same(&books, &Method::POST, &format!("{}/uncollectible", third.path), &third).await?;
    assert_eq!((&lost["status"], &lost["number"]), (&json!("uncollectible"), &json!("INV-2026-000002")));
    assert_eq!(lost["applied_credit"]["amount"], "19.00", "it was given back and paid the next");
    Ok(())
}

#[tokio::test]
async fn an_invoice_not_paid_in_time_is_overdue_the_day_after() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let clock = DevClock::new(&books.world.settings.api_url())?;
    story::pays_by_hand(&books.cast.operator, &books.world.sample.customer_id).await?;
    // Thirty days to pay.
    let due_today = books.write(books.agency(0), Some("2026-01-17")).await?;
    let due_later = books.write(books.agency(1), Some("2026-01-19")).await?;
    let moved = clock.advance("PT1H").await?;
    let overdue = format!("/v1/invoices?overdue=true&min_position={}", moved.position);
    assert_eq!(story::data(&books.cast.customer.get(&overdue).await?), Vec::<Value>::new());
    let moved = clock.advance("P1D").await?;
    let overdue = Invoice { path: "/v1/invoices?overdue=true".to_owned(), position: moved.position };
    for client in [&books.cast.customer, &books.cast.reseller, &books.cast.operator] {
        let listed = story::data(&overdue.seen(client).await?);
        assert_eq!(each(&listed, "due_on"), ["2026-02-16"]);
        assert_eq!((&listed[0]["overdue"], &listed[0]["status"]), (&json!(true), &json!("issued")));
    }
    let void = books.act(Method::POST, &format!("{}/void", due_today.path)).await?;
    assert_eq!((void.status, &void.body["overdue"]), (200, &json!(false)));
    assert_eq!(due_later.seen(&books.cast.operator).await?.body["overdue"], false);
    let told = "select aggregate_id from events where event_type = 'InvoiceOverdue'";
    assert_eq!(story::texts(&books.world, told).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_reseller_reads_what_to_bill_on() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let sample = &books.world.sample;
    let last = books.issue(books.resale()).await?;
    let charges = |customer: &str, query: &str| Invoice {
        path: format!("/v1/customers/{customer}/charges{query}"),
        position: last.position,
    };
    let cast = &books.cast;
    for client in [&cast.reseller, &cast.operator, &cast.auditor] {
        // By default of the last month that is over.
        for query in ["", "?period=2026-01"] {
            let seen = story::expect(charges(&sample.customer_id, query).seen(client).await?, 200)?.body;
            let euro = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
            assert_eq!((&seen["customer_id"], &seen["period"]), (&json!(sample.customer_id), &json!("2026-01")));
            assert_eq!((&seen["currency"], &seen["net"]), (&json!("EUR"), &euro("100.00")), "{seen}");
            let line = &seen["lines"][0];
            assert_eq!((&line["unit_price"], &line["amount"]), (&euro("1.00"), &euro("100.00")));
            assert_eq!((&line["reseller_amount"], &line["quantity"]), (&euro("90.00"), &json!(100)));
            assert_eq!(seen["data"], json!([{ "currency": "EUR", "net": seen["net"], "lines": seen["lines"] }]));
        }
    }
    for (customer, query) in [(&sample.customer_id, "?period=2025-12"), (&sample.other_customer_id, "?period=2026-01")]
    {
        let seen = story::expect(charges(customer, query).seen(&cast.operator).await?, 200)?.body;
        assert_eq!((&seen["data"], &seen["lines"]), (&json!([]), &json!([])), "{seen}");
    }
    for (client, customer, status) in [
        (&cast.customer, &sample.customer_id, 403),
        (&cast.service, &sample.customer_id, 403),
        (&cast.reseller, &sample.reseller_id, 403),
        (&cast.reseller, &sample.other_customer_id, 404),
    ] {
        assert_eq!(charges(customer, "").seen(client).await?.status, status);
    }

    // What is void is nobody's to bill on.
    let voided = story::expect(books.act(Method::POST, &format!("{}/void", last.path)).await?, 200)?;
    let path = charges(&sample.customer_id, "").path;
    let seen = cast.reseller.get_at(&path, voided.position()?).await?.body;
    assert_eq!((&seen["data"], &seen["net"]["amount"]), (&json!([]), &json!("0.00")));
    Ok(())
}
