//! Commission as resellers and the seller's staff see it, and what corrections, months and operators do to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{Days, Months, NaiveDate};
use domain::billing::{Period, Route};
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::demo::month::{Customer, Month, Rules, Variant};
use tests::invariants::{self, System};
use tests::log_world::{Bill, IssueStatement, LogProcess, WriteInvoice, persist, system};
use tests::story::{self, Cast, all_pages, cast, each, new_key};
use tests::world::World;
use uuid::Uuid;

const STATEMENTS: &str = "/v1/commission-statements";

fn january() -> Period {
    Period::parse("2026-01").unwrap()
}

fn texts<const N: usize>(body: &Value, members: [&str; N]) -> [String; N] {
    members.map(|member| body[member].as_str().map_or_else(|| body[member].to_string(), str::to_owned))
}

fn amounts<const N: usize>(body: &Value, members: [&str; N]) -> [String; N] {
    members.map(|member| body[member]["amount"].as_str().unwrap_or_default().to_owned())
}

/// A running world, and a hand in its log.
struct Books {
    world: World,
    cast: Cast,
    log: LogProcess,
    reseller_id: Uuid,
}

impl Books {
    async fn open() -> anyhow::Result<Self> {
        let world = World::start_at("2026-02-16T09:30:00Z").await?;
        let app = &world.settings.databases.app;
        let (log, reseller_id) = (LogProcess::start(app, app).await?, world.sample.reseller_id.parse()?);
        Ok(Self { log, cast: cast(&world)?, reseller_id, world })
    }

    /// 100.00 net, of which the reseller earns 10.00. Answers the invoice's id and its position.
    async fn earns(&self, n: u32) -> anyhow::Result<(Uuid, i64)> {
        let sample = &self.world.sample;
        let (customer_id, account_id) = (sample.customer_id.parse()?, sample.account_id.parse()?);
        let route = Route::Agency { reseller_id: self.reseller_id };
        let bill = Bill { customer_id, account_id, route, period: january(), n };
        let write = WriteInvoice { bill, issued_on: Some(january().end()) };
        let receipt = persist(&self.log.bus, &system(&new_key()), &write).await?;
        Ok((bill.invoice_id(), receipt.last_position))
    }

    /// Answers the statement's path and its position.
    async fn states(&self, period: Period) -> anyhow::Result<(String, i64)> {
        let issue = IssueStatement { reseller_id: self.reseller_id, period };
        let receipt = persist(&self.log.bus, &system(&new_key()), &issue).await?;
        let id = domain::ids::commission_statement(self.reseller_id, domain::Currency::EUR, period);
        Ok((format!("{STATEMENTS}/{id}"), receipt.last_position))
    }
}

async fn settles(client: &Client, path: &str, key: &str, how: &str, reference: &str) -> anyhow::Result<Answer> {
    let body = json!({ "how": how, "reference": reference });
    story::ask(client, Method::POST, &format!("{path}/settle"), Some(key), Some(&body)).await
}

#[tokio::test]
async fn a_reseller_sees_its_own_and_nobody_else_does() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let Cast { operator, auditor, service, reseller, customer, other } = &books.cast;
    let (invoice_id, _) = books.earns(0).await?;
    let (path, position) = books.states(january()).await?;

    let mut stranger = story::new_customer("Another reseller");
    stranger["kind"] = json!("reseller");
    let stranger = operator.post("/v1/customers", &new_key(), &stranger, 201).await?.id()?;
    let stranger = operator.with_token(&books.world.site().token("reseller", Some(&stranger)).await?);
    for list in ["/v1/commissions".to_owned(), STATEMENTS.to_owned()] {
        for client in [reseller, operator, auditor] {
            assert_eq!(story::data(&client.get_at(&list, position).await?).len(), 1, "{list}");
        }
        for query in [String::new(), format!("?reseller_id={}", books.reseller_id)] {
            let seen = stranger.get(&format!("{list}{query}")).await?;
            assert_eq!(story::data(&seen), Vec::<Value>::new(), "{list}{query}");
        }
        for client in [customer, other, service] {
            story::refused(client, &story::look(client, &list).await?, 403, "forbidden").await?;
        }
    }
    for client in [reseller, operator, auditor] {
        assert_eq!(client.get(&path).await?.body["number"], "CS-2026-000001");
    }
    story::refused(&stranger, &story::look(&stranger, &path).await?, 404, "not-found").await?;
    for client in [customer, other, service] {
        story::refused(client, &story::look(client, &path).await?, 403, "forbidden").await?;
    }

    let entry = story::data(&reseller.get("/v1/commissions").await?).remove(0);
    let expected = json!({
        "reseller_id": books.reseller_id, "end_customer_id": books.world.sample.customer_id, "invoice_id": invoice_id,
        "line": 1, "kind": "accrued", "period": "2026-01", "base": { "amount": "100.00", "currency": "EUR" },
        "amount": { "amount": "10.00", "currency": "EUR" }, "statement_id": path.rsplit_once('/').unwrap().1,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&entry[name], value, "{name}: {entry}");
    }
    assert!(entry.get("created_by").is_none() && entry.get("credit_note_id").is_none(), "{entry}");
    let of_staff = story::data(&auditor.get("/v1/commissions").await?).remove(0);
    assert_eq!(of_staff["created_by"], "test", "{of_staff}");
    Ok(())
}

#[tokio::test]
async fn entries_are_found_page_by_page() -> anyhow::Result<()> {
    let books = Books::open().await?;
    for n in 0..4 {
        books.earns(n).await?;
    }
    let (statement, _) = books.states(january()).await?;
    let (_, position) = books.earns(4).await?;
    let reseller = &books.cast.reseller;
    reseller.get_at("/v1/commissions", position).await?;
    let all = all_pages(reseller, "/v1/commissions", 2).await?;
    assert_eq!(
        each(&all, "period"),
        ["2026-02", "2026-01", "2026-01", "2026-01", "2026-01"],
        "January has its statement"
    );
    let found =
        async |query: String| anyhow::Ok(story::data(&reseller.get(&format!("/v1/commissions?{query}")).await?).len());
    let (sample, statement_id) = (&books.world.sample, statement.rsplit_once('/').unwrap().1);
    for (query, expected) in [
        ("period=2026-01".to_owned(), 4),
        ("period=2026-03".to_owned(), 0),
        ("kind=accrued".to_owned(), 5),
        ("kind=reversed".to_owned(), 0),
        (format!("statement_id={statement_id}"), 4),
        (format!("customer_id={}", sample.customer_id), 5),
        (format!("customer_id={}", sample.reseller_id), 5),
        (format!("customer_id={}", sample.other_customer_id), 0),
        (format!("reseller_id={}&period=2026-02", sample.reseller_id), 1),
    ] {
        assert_eq!(found(query.clone()).await?, expected, "{query}");
    }
    for query in ["period=january", "kind=earned", "reseller_id=nobody", "status=issued"] {
        let answer = story::look(reseller, &format!("/v1/commissions?{query}")).await?;
        story::refused(reseller, &answer, 400, "invalid-query").await?;
    }
    let answer = story::look(reseller, &format!("{STATEMENTS}?status=open")).await?;
    story::refused(reseller, &answer, 400, "invalid-query").await
}

#[tokio::test]
async fn an_operator_settles_a_statement() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let Cast { operator, auditor, reseller, .. } = &books.cast;
    books.earns(0).await?;
    let (path, position) = books.states(january()).await?;
    let open = reseller.get_at(&path, position).await?.body;
    assert_eq!(amounts(&open, ["net", "total"]), ["10.00", "11.90"], "{open}");
    assert_eq!((&open["status"], &open["settlement"]), (&json!("issued"), &json!(null)));
    for client in [reseller, auditor] {
        let answer = settles(client, &path, &new_key(), "payout", "SEPA 17").await?;
        story::refused(client, &answer, 403, "forbidden").await?;
    }
    let absent = format!("{STATEMENTS}/{}", Uuid::nil());
    let answer = settles(operator, &absent, &new_key(), "payout", "SEPA 17").await?;
    story::refused(operator, &answer, 404, "not-found").await?;
    let answer = settles(operator, &path, &new_key(), "cash", "SEPA 17").await?;
    story::refused(operator, &answer, 422, "invalid-value").await?;

    let key = new_key();
    let settled = story::expect(settles(operator, &path, &key, "payout", "SEPA 17").await?, 200)?;
    assert_eq!(settled.body["settlement"], json!({ "how": "payout", "reference": "SEPA 17" }));
    for staff in [operator, auditor] {
        let read = staff.get_at(&path, settled.position()?).await?;
        assert_eq!((&read.body, story::header(&read, "etag")), (&settled.body, story::header(&settled, "etag")));
    }
    let again = settles(operator, &path, &key, "payout", "SEPA 17").await?;
    assert_eq!((again.status, &again.text), (200, &settled.text));
    assert_eq!(story::header(&again, "idempotency-replayed"), Some("true"));
    story::expect(settles(operator, &path, &new_key(), "payout", "SEPA 17").await?, 200)?;
    let answer = settles(operator, &path, &new_key(), "offset", "INV-2026-000001").await?;
    story::refused(operator, &answer, 409, "invalid-state").await?;
    let listed = reseller.get_at(&format!("{STATEMENTS}?status=settled"), settled.position()?).await?;
    assert_eq!(story::data(&listed).len(), 1);
    assert_eq!(story::data(&reseller.get(&format!("{STATEMENTS}?status=issued")).await?), Vec::<Value>::new());
    let events = "select event_type from events where event_type = 'CommissionSettled'";
    assert_eq!(story::texts(&books.world, events).await?.len(), 1);
    Ok(())
}

/// A reseller's statement of a period, as it sees it.
async fn statement_of(reseller: &Customer, period: &str) -> anyhow::Result<Option<Value>> {
    let listed = reseller.client.get(&format!("{STATEMENTS}?period={period}")).await?;
    Ok(story::data(&listed).pop())
}

/// Kind, period and amount of each line.
fn lines(statement: &Value) -> Vec<[String; 3]> {
    let lines = statement["lines"].as_array().unwrap().iter();
    let told = lines.map(|line| {
        let [kind, period] = texts(line, ["kind", "period"]);
        let [amount] = amounts(line, ["amount"]);
        [kind, period, amount]
    });
    let mut told: Vec<[String; 3]> = told.collect();
    told.sort();
    told
}

fn line(kind: &str, period: &str, amount: &str) -> [String; 3] {
    [kind, period, amount].map(str::to_owned)
}

async fn moves_to(month: &Month, day: NaiveDate) -> anyhow::Result<i64> {
    Ok(month.clock.advance_to(day).await?.position)
}

#[tokio::test]
async fn what_is_void_or_given_up_earns_nothing_and_a_negative_sum_waits() -> anyhow::Result<()> {
    let world = World::start_at("2026-10-01T09:00:00Z").await?;
    let variants = [Variant::Difference, Variant::Percent, Variant::Difference];
    let mut month = Month::begin(&world.site(), Rules::OfSeller, &variants).await?;
    for pair in &month.pairs {
        story::pays_by_hand(&month.seller.operator, &pair.customer.id).await?;
    }
    month.lives().await?;
    month.is_billed().await?;
    let [voided, given_up, untouched] = [0, 1, 2].map(|n: usize| month.pairs[n].clone());
    for (pair, net) in [(&voided, "26.01"), (&given_up, "20.45"), (&untouched, "26.01")] {
        let statement = statement_of(&pair.reseller, "2026-10").await?.unwrap();
        assert_eq!(amounts(&statement, ["net"]), [net], "{statement}");
    }

    // On the tenth one invoice is void and made anew, the other is given up.
    let operator = month.seller.operator.clone();
    moves_to(&month, month.first + Months::new(1) + Days::new(9)).await?;
    for (pair, what) in [(&voided, "void"), (&given_up, "uncollectible")] {
        let invoice = month.invoice_of(&pair.customer, month.first).await?;
        let path = format!("/v1/invoices/{}/{what}", invoice["id"].as_str().unwrap());
        operator.post(&path, &new_key(), &json!({}), 200).await?;
    }
    let again = json!({ "period": "2026-10", "customer_id": voided.customer.id });
    operator.post("/v1/invoices/generate", &new_key(), &again, 202).await?;
    month.settles().await?;
    let made = month.invoices_of(&voided.customer, month.first).await?;
    assert_eq!(each(&made, "status"), ["issued", "void"]);

    moves_to(&month, month.first + Months::new(2)).await?;
    let november = statement_of(&voided.reseller, "2026-11").await?.unwrap();
    let both = [("-2.81", "2.81"), ("-23.20", "23.20")];
    let mut expected: Vec<[String; 3]> = both
        .iter()
        .flat_map(|(back, anew)| [line("reversed", "2026-11", back), line("accrued", "2026-11", anew)])
        .chain([line("accrued", "2026-11", "17.50")])
        .collect();
    expected.sort();
    assert_eq!(lines(&november), expected);
    assert_eq!(amounts(&november, ["net", "total"]), ["17.50", "20.83"]);

    // 22.80 earned, 20.45 given back.
    let november = statement_of(&given_up.reseller, "2026-11").await?.unwrap();
    assert_eq!(amounts(&november, ["net", "total"]), ["2.35", "2.80"], "{november}");
    carried(&month, &untouched).await?;
    let report = invariants::check(&System::of(&world, None)).await?;
    assert_eq!(report.violations(), 0, "{}", report.complaints());
    Ok(())
}

/// Both invoices of this pair are given up: more goes back in December than is earned.
async fn carried(month: &Month, pair: &tests::demo::month::Pair) -> anyhow::Result<()> {
    let operator = &month.seller.operator;
    for first in [month.first, month.first + Months::new(1)] {
        let invoice = month.invoice_of(&pair.customer, first).await?;
        let path = format!("/v1/invoices/{}/uncollectible", invoice["id"].as_str().unwrap());
        operator.post(&path, &new_key(), &json!({}), 200).await?;
    }
    // December renews and earns 17.50 once more, and 43.51 go back.
    let position = moves_to(month, month.first + Months::new(3)).await?;
    assert_eq!(statement_of(&pair.reseller, "2026-12").await?, None);
    let waiting = pair.reseller.client.get_at("/v1/commissions?period=2026-12", position).await?;
    let waiting = story::data(&waiting);
    assert!(waiting.iter().all(|entry| entry["statement_id"].is_null()), "{waiting:?}");
    let mut told: Vec<String> = waiting.iter().map(|entry| amounts(entry, ["amount"]).concat()).collect();
    told.sort();
    assert_eq!(told, ["-17.50", "-2.81", "-23.20", "17.50"]);
    Ok(())
}
