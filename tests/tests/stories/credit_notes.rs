//! What is given back: by line or by amount, off what is left to pay or to the balance, and who is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::billing::Route;
use domain::{Currency, ids};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Answer;
use tests::log_world::euro;
use tests::story::{self, Cast, each, header, new_key};

use crate::accounted::{Books, InsteadOfInvoice, january, money};

fn by_line(cents: &str) -> Value {
    json!({ "lines": [{ "line": 1, "net": money(cents) }], "reason": "Two seats were never used." })
}

fn by_amount(amount: &str) -> Value {
    json!({ "amount": money(amount), "reason": "Goodwill." })
}

/// The parts of a settlement.
fn settled(note: &Value) -> [String; 3] {
    ["invoice", "balance", "refund"].map(|part| note["settlement"][part]["amount"].as_str().unwrap().to_owned())
}

/// What the answer says is what anybody of the staff reads at its position, and what the key answers again.
async fn reads_the_same(books: &Books, invoice: &str, body: &Value) -> anyhow::Result<Answer> {
    let (operator, key, path) = (&books.cast.operator, new_key(), format!("{invoice}/credit-notes"));
    let written = operator.post(&path, &key, body, 201).await?;
    let location = header(&written, "location").unwrap().to_owned();
    assert_eq!(location, format!("/v1/credit-notes/{}", written.id()?));
    for staff in [operator, &books.cast.auditor] {
        let read = staff.get_at(&location, written.position()?).await?;
        assert_eq!(read.body, written.body);
        assert_eq!(header(&read, "etag"), header(&written, "etag"));
    }
    let again = operator.post(&path, &key, body, 201).await?;
    assert_eq!((&again.text, header(&again, "idempotency-replayed")), (&written.text, Some("true")));
    Ok(written)
}

#[tokio::test]
async fn a_line_is_credited_off_what_is_left_to_pay() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let bill = books.others(0);
    let invoice = books.issue(bill, "2026-02-01").await?;
    let note = reads_the_same(&books, &invoice, &by_line("38.00")).await?.body;
    let expected = json!({
        "number": "CN-2026-000001", "customer_id": bill.customer_id, "invoice_id": bill.invoice_id(),
        "invoice_number": "INV-2026-000001", "period": "2026-01", "reason": "Two seats were never used.",
        "status": "settled", "issued_on": "2026-02-16", "currency": "EUR", "net": money("38.00"),
        "taxes": [{ "category": "S", "rate": "19", "base": money("38.00"), "amount": money("7.22"), "note": null }],
        "total": money("45.22"), "settle": "balance",
        "settlement": { "invoice": money("45.22"), "balance": money("0.00"), "refund": money("0.00") },
        "lines": [{
            "line": 1, "invoice_line": 1, "service_name": "Office", "order_id": ids::derived(&["test", "order"]),
            "subscription_id": ids::derived(&["test", "subscription"]), "account_id": bill.account_id, "charge": "new",
            "from": "2026-01-01", "to": "2026-02-01", "net": money("38.00"),
        }],
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&note[name], value, "{name}: {note}");
    }
    let seen = books.cast.operator.get_at(&invoice, story::head(&books.world).await?).await?.body;
    assert_eq!((&seen["balance"], &seen["status"]), (&money("73.78"), &json!("issued")));
    let credit = json!([{ "id": note["id"], "total": money("45.22"), "applied": money("45.22") }]);
    assert_eq!(seen["credit_notes"], credit);

    // The rest by an amount, which leaves nothing to pay.
    let rest = reads_the_same(&books, &invoice, &by_amount("73.78")).await?.body;
    assert_eq!((&rest["number"], &rest["net"]), (&json!("CN-2026-000002"), &money("62.00")));
    assert_eq!(settled(&rest), ["73.78", "0.00", "0.00"]);
    let seen = books.cast.operator.get_at(&invoice, story::head(&books.world).await?).await?.body;
    assert_eq!((&seen["balance"], &seen["status"]), (&money("0.00"), &json!("paid")));
    Ok(())
}

#[tokio::test]
async fn what_was_paid_already_goes_to_the_balance_and_pays_the_next_invoice() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let bill = books.others(0);
    let invoice = books.issue(bill, "2026-02-01").await?;
    books.pay(bill, 10_000).await?;
    let note = reads_the_same(&books, &invoice, &by_amount("59.50")).await?.body;
    assert_eq!(settled(&note), ["19.00", "40.50", "0.00"]);
    let customer = bill.customer_id.to_string();
    let balance = books.balance(&customer).await?;
    let own = json!({ "currency": "EUR", "balance": money("40.50"), "open": money("0.00"), "overdue": money("0.00") });
    for (name, value) in own.as_object().unwrap() {
        assert_eq!(&balance[name], value, "{name}: {balance}");
    }
    assert_eq!((&balance["customer_id"], &balance["balances"]), (&json!(customer), &json!([own])));

    let next = books.issue(books.others(1), "2026-02-16").await?;
    let seen = books.cast.other.get_at(&next, story::head(&books.world).await?).await?.body;
    assert_eq!((&seen["applied_credit"], &seen["balance"]), (&money("40.50"), &money("78.50")));
    let balance = books.balance(&customer).await?;
    assert_eq!((&balance["balance"], &balance["open"]), (&money("0.00"), &money("78.50")));
    Ok(())
}

#[tokio::test]
async fn money_goes_back_only_where_some_came_in() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let operator = &books.cast.operator;
    let refund = |amount: &str| {
        let mut body = by_amount(amount);
        body["settle"] = json!("refund");
        body
    };
    let (paid, unpaid) = (books.others(0), books.others(1));
    let path = format!("{}/credit-notes", books.issue(paid, "2026-02-01").await?);
    books.pay(paid, 11_900).await?;
    let answer = story::ask(operator, Method::POST, &path, Some(&new_key()), Some(&refund("10.00"))).await?;
    story::refused(operator, &answer, 409, "refund-not-supported").await?;

    let note = operator.post(&path, &new_key(), &by_amount("119.00"), 201).await?.body;
    assert_eq!(settled(&note), ["0.00", "119.00", "0.00"]);
    // The balance pays the next one: what is credited there goes where it came from.
    let invoice = books.issue(unpaid, "2026-02-16").await?;
    let path = format!("{invoice}/credit-notes");
    let answer = story::ask(operator, Method::POST, &path, Some(&new_key()), Some(&refund("20.00"))).await?;
    story::refused(operator, &answer, 409, "refund-not-supported").await?;
    let note = operator.post(&path, &new_key(), &by_amount("20.00"), 201).await?.body;
    assert_eq!(settled(&note), ["0.00", "20.00", "0.00"]);
    Ok(())
}

#[tokio::test]
async fn no_more_is_credited_than_is_left() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let operator = &books.cast.operator;
    let path = format!("{}/credit-notes", books.issue(books.others(0), "2026-02-01").await?);
    let refused = async |body: &Value, status: u16, slug: &str, pointer: Option<&str>| {
        let answer = story::ask(operator, Method::POST, &path, Some(&new_key()), Some(body)).await?;
        story::refused(operator, &answer, status, slug).await?;
        if let Some(pointer) = pointer {
            assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.text);
        }
        anyhow::Ok(answer)
    };
    operator.post(&path, &new_key(), &by_line("60.00"), 201).await?;
    let written = "select count(*)::text from events \
        where aggregate_type in ('invoice', 'credit_note', 'balance', 'number_series')";
    let before = story::texts(&books.world, written).await?;
    for body in [by_line("40.01"), by_amount("47.61")] {
        let answer = refused(&body, 422, "credit-limit", None).await?;
        assert!(answer.text.contains("is left to be credited"), "{}", answer.text);
    }
    let mut twice = by_line("20.01");
    twice["lines"] = json!([twice["lines"][0], twice["lines"][0]]);
    refused(&twice, 422, "credit-limit", None).await?;
    let line = |line: Value, net: Value| json!({ "lines": [{ "line": line, "net": net }], "reason": "No." });
    let both = json!({ "lines": [{ "line": 1, "net": money("1.00") }], "amount": money("1.00"), "reason": "No." });
    let many: Vec<Value> = (0..201).map(|_| json!({ "line": 1, "net": money("0.01") })).collect();
    let bad = [
        (json!({ "reason": "No." }), "missing-field", "/lines"),
        (json!({ "amount": money("1.00") }), "missing-field", "/reason"),
        (json!({ "lines": [], "reason": "No." }), "missing-field", "/lines"),
        (json!({ "lines": [{ "net": money("1.00") }], "reason": "No." }), "missing-field", "/lines/0/line"),
        (
            json!({ "lines": [{ "line": null, "net": money("1.00") }], "reason": "No." }),
            "missing-field",
            "/lines/0/line",
        ),
        (json!({ "lines": many, "reason": "No." }), "too-many-items", "/lines"),
        (both, "invalid-value", "/amount"),
        (line(json!(0), money("1.00")), "invalid-value", "/lines/0/line"),
        (line(json!("1"), money("1.00")), "invalid-type", "/lines/0/line"),
        (line(json!(1), json!("1.00")), "invalid-type", "/lines/0/net"),
        (line(json!(1), json!({ "amount": 1, "currency": "EUR" })), "invalid-amount", "/lines/0/net/amount"),
        (line(json!(1), money("-1.00")), "invalid-amount", "/lines/0/net/amount"),
        (line(json!(1), money("1.001")), "invalid-amount", "/lines/0/net/amount"),
        (json!({ "amount": money("1.00"), "reason": "No.", "settle": "cash" }), "invalid-value", "/settle"),
        (json!({ "amount": money("1.00"), "reason": " " }), "invalid-text", "/reason"),
        (json!({ "amount": money("1.00"), "reason": "No.", "customer_id": "x" }), "unknown-field", "/customer_id"),
    ];
    for (body, slug, pointer) in &bad {
        refused(body, 422, slug, Some(pointer)).await?;
    }
    for (body, slug) in [
        (line(json!(2), money("1.00")), "invalid-value"),
        (by_amount("0.00"), "invalid-amount"),
        (line(json!(1), json!({ "amount": "1.00", "currency": "CHF" })), "currency-mismatch"),
    ] {
        refused(&body, 422, slug, None).await?;
    }
    let francs = json!({ "amount": { "amount": "1.00", "currency": "CHF" }, "reason": "No." });
    refused(&francs, 422, "currency-mismatch", Some("/amount/currency")).await?;
    for client in [&books.cast.other, &books.cast.reseller, &books.cast.auditor, &books.cast.service] {
        let answer = story::ask(client, Method::POST, &path, Some(&new_key()), Some(&by_amount("1.00"))).await?;
        story::refused(client, &answer, 403, "forbidden").await?;
    }
    assert_eq!(story::texts(&books.world, written).await?, before, "what is refused leaves nothing");
    Ok(())
}

#[tokio::test]
async fn only_what_stands_is_credited() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let operator = &books.cast.operator;
    let draft = books.draft(books.others(0)).await?;
    let issued = books.issue(books.others(1), "2026-02-01").await?;
    // Of another version, also what could not be credited of this one.
    let stale = async |invoice: &str, amount: &str| {
        let path = format!("{invoice}/credit-notes");
        let stale = operator.request(Method::POST, &path).header("Idempotency-Key", new_key());
        let stale = operator.send(stale.header("If-Match", "\"7\"").json(&by_amount(amount))).await?;
        story::refused(operator, &stale, 412, "precondition-failed").await
    };
    stale(&issued, "1.00").await?;
    stale(&issued, "1000.00").await?;
    operator.post(&format!("{issued}/void"), &new_key(), &json!({}), 200).await?;
    for invoice in [&draft, &issued] {
        stale(invoice, "1.00").await?;
        let path = format!("{invoice}/credit-notes");
        let answer = story::ask(operator, Method::POST, &path, Some(&new_key()), Some(&by_amount("1.00"))).await?;
        story::refused(operator, &answer, 409, "invalid-state").await?;
    }
    let lost = books.issue(books.others(2), "2026-02-01").await?;
    operator.post(&format!("{lost}/uncollectible"), &new_key(), &json!({}), 200).await?;
    let note = operator.post(&format!("{lost}/credit-notes"), &new_key(), &by_amount("119.00"), 201).await?.body;
    assert_eq!(settled(&note), ["119.00", "0.00", "0.00"]);
    let answer = story::ask(operator, Method::POST, &format!("{lost}/void"), Some(&new_key()), None).await?;
    story::refused(operator, &answer, 409, "invalid-state").await
}

#[tokio::test]
async fn racing_credits_never_give_back_more_than_there_was() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let operator = &books.cast.operator;
    let invoice = books.issue(books.others(0), "2026-02-01").await?;
    let path = format!("{invoice}/credit-notes");
    let bodies: Vec<Value> = (0..8).map(|n| if n % 2 == 0 { by_amount("23.80") } else { by_line("20.00") }).collect();
    let asked = bodies.iter().map(|body| async {
        // Who loses too many races asks again under the same key, as a good client does.
        operator.post_surely(&path, &new_key(), body).await
    });
    let (given, refused): (Vec<_>, Vec<_>) = join_all(asked).await.into_iter().partition(Result::is_ok);
    assert_eq!((given.len(), refused.len()), (5, 3));
    for refusal in refused {
        let told = refusal.unwrap_err().to_string();
        assert!(told.contains("/problems/credit-limit"), "{told}");
    }
    let seen = operator.get_at(&invoice, story::head(&books.world).await?).await?.body;
    assert_eq!((&seen["status"], seen["credit_notes"].as_array().unwrap().len()), (&json!("paid"), 5));
    let mut numbers = each(&story::data(&operator.get("/v1/credit-notes").await?), "number");
    numbers.sort();
    assert_eq!(numbers, (1..=5).map(|n| format!("CN-2026-{n:06}")).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn each_sees_the_credit_notes_that_are_theirs() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let Cast { operator, auditor, service, reseller, customer, other } = &books.cast;
    let sample = &books.world.sample;
    let agency = books.agency(0);
    let invoice = books.issue(agency, "2026-02-01").await?;
    let note = reads_the_same(&books, &invoice, &by_line("38.00")).await?;
    let (path, position) = (format!("/v1/credit-notes/{}", note.id()?), note.position()?);
    for (client, status) in
        [(customer, 200), (reseller, 200), (operator, 200), (auditor, 200), (other, 404), (service, 403)]
    {
        let seen = story::look(client, &format!("{path}?min_position={position}")).await?;
        assert_eq!(seen.status, status, "{}", seen.text);
        if status == 200 {
            let staff = std::ptr::eq(client, operator) || std::ptr::eq(client, auditor);
            assert_eq!(story::mentions(&seen.body, "created_by"), staff);
            for hidden in ["cost", "unit_cost", "commission", "reseller_amount"] {
                assert!(!story::mentions(&seen.body, hidden), "{hidden} in {}", seen.text);
            }
            assert_eq!(seen.body["reason"], "Two seats were never used.");
        }
        for (query, found) in [
            (String::new(), 1),
            (format!("&invoice_id={}", agency.invoice_id()), 1),
            (format!("&customer_id={}&status=settled", sample.customer_id), 1),
            ("&status=issued".to_owned(), 0),
            (format!("&customer_id={}", sample.other_customer_id), 0),
        ] {
            let listed = story::look(client, &format!("/v1/credit-notes?min_position={position}{query}")).await?;
            let expected = if status == 200 { found } else { 0 };
            assert_eq!(story::data(&listed).len(), expected, "{query}: {}", listed.text);
        }
    }
    let wrong = story::look(operator, "/v1/credit-notes?status=paid").await?;
    story::refused(operator, &wrong, 400, "invalid-query").await?;
    // In proportion: 38 of 100, of a commission of 10.
    let reversed = "select payload #>> '{CommissionReversed,entries,0,amount,amount}' from events \
         where event_type = 'CommissionReversed'";
    assert_eq!(story::texts(&books.world, reversed).await?, ["3.80"]);
    Ok(())
}

#[tokio::test]
async fn more_credits_than_charges_are_a_credit_note_without_invoice() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let agency = books.agency(0);
    for _ in 0..2 {
        books.write(&InsteadOfInvoice { bill: agency, issued_on: "2026-02-01".parse()? }).await?;
    }
    let position = story::head(&books.world).await?;
    let id = ids::period_credit_note(agency.customer_id, Currency::EUR, january(), 0);
    let note = books.cast.customer.get_at(&format!("/v1/credit-notes/{id}"), position).await?.body;
    assert_eq!(
        (&note["number"], &note["invoice_id"], &note["reason"]),
        (&json!("CN-2026-000001"), &Value::Null, &Value::Null)
    );
    assert_eq!((&note["issued_on"], &note["total"]), (&json!("2026-02-01"), &money("119.00")));
    assert_eq!(settled(&note), ["0.00", "119.00", "0.00"]);
    let line = &note["lines"][0];
    assert_eq!((&line["invoice_line"], &line["net"]), (&Value::Null, &money("100.00")), "{line}");
    let balance = books.balance(&agency.customer_id.to_string()).await?;
    assert_eq!((&balance["balance"], &balance["open"]), (&money("119.00"), &money("0.00")));
    let Route::Agency { reseller_id } = agency.route else { panic!("{agency:?}") };
    let reversed = format!(
        "select concat_ws(' ', payload #>> '{{CommissionReversed,invoice_id}}', \
            payload #>> '{{CommissionReversed,entries,0,amount,amount}}') from events \
         where event_type = 'CommissionReversed' and customer_id = '{reseller_id}'"
    );
    assert_eq!(story::texts(&books.world, &reversed).await?, ["10.00"]);
    Ok(())
}

#[tokio::test]
async fn the_reason_is_gone_with_the_people_it_names() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let (operator, bill) = (&books.cast.operator, books.others(0));
    let path = format!("{}/credit-notes", books.issue(bill, "2026-02-01").await?);
    let (key, body) = (new_key(), json!({ "amount": money("1.19"), "reason": "Ada Unverwechselbar asked for it." }));
    let written = operator.post(&path, &key, &body, 201).await?;
    let customer = format!("/v1/customers/{}/erase-personal-data", bill.customer_id);
    let erased = operator.post(&customer, &new_key(), &json!({}), 200).await?;
    let note = format!("/v1/credit-notes/{}", written.id()?);
    for client in [operator, &books.cast.auditor, &books.cast.other] {
        for path in [&note, "/v1/credit-notes"] {
            let seen = client.get_at(path, erased.position()?).await?;
            assert!(!seen.text.contains("Unverwechselbar"), "{}", seen.text);
        }
    }
    let seen = operator.get(&note).await?.body;
    assert_eq!((&seen["reason"], &seen["total"]), (&Value::Null, &money("1.19")));
    let again = operator.post(&path, &key, &body, 201).await?;
    assert_eq!((&again.body["reason"], header(&again, "idempotency-replayed")), (&Value::Null, Some("true")));
    let rows = "select count(*)::text from personal_data where fields::text like '%Unverwechselbar%'";
    assert_eq!(story::texts(&books.world, rows).await?, ["0"]);
    let events = "select count(*)::text from events where payload::text like '%Unverwechselbar%'";
    assert_eq!(story::texts(&books.world, events).await?, ["0"]);
    Ok(())
}

#[tokio::test]
async fn nobody_with_a_balance_is_closed() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let operator = &books.cast.operator;
    let customer = story::registers(operator, "Settled").await?.id()?;
    let path = format!("/v1/customers/{customer}");
    let close = async || story::ask(operator, Method::DELETE, &path, None, None).await;
    let bill = books.of(customer.parse()?, 0);
    let invoice = books.issue(bill, "2026-02-01").await?;
    story::refused(operator, &close().await?, 409, "has-balance").await?;
    books.pay(bill, 12_900).await?;
    // Ten more than was asked for.
    let balance = books.balance(&customer).await?;
    assert_eq!((&balance["balance"], &balance["open"]), (&money("10.00"), &money("0.00")));
    story::refused(operator, &close().await?, 409, "has-balance").await?;
    books.take_out(bill.customer_id, euro(1_000)).await?;
    operator.get_at(&invoice, story::head(&books.world).await?).await?;
    story::expect(close().await?, 200)?;
    Ok(())
}
