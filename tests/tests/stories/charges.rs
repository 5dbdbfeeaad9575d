//! What a reseller bills on where its month brought more credits than charges: there is no invoice then, and every line is
//! told all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::billing::Route;
use domain::{Currency, ids};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::client::{Answer, PATIENCE};
use tests::log_world::Bill;
use tests::story::{self, ask, data, each, expect, new_key};
use uuid::Uuid;

use crate::accounted::{Books, InsteadOfInvoice, january, money};
use crate::billing_operations::Month;
use crate::subscription_changes::{does, has};

/// What each line is for, its day and seats; its price, discount and amount; and what the reseller was billed for it.
fn rows(charges: &Value) -> Vec<[String; 8]> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |line: &Value| {
        let [charge, from, quantity, factor] = ["charge", "from", "quantity", "factor"].map(|name| text(&line[name]));
        let [price, discount, amount, billed] =
            ["unit_price", "discount", "amount", "reseller_amount"].map(|name| text(&line[name]["amount"]));
        [charge, from, quantity, factor, price, discount, amount, billed]
    };
    charges["lines"].as_array().unwrap().iter().map(row).collect()
}

fn sum(charges: &Value, member: &str) -> Decimal {
    let amount = |line: &Value| line[member]["amount"].as_str().unwrap().parse::<Decimal>().unwrap();
    charges["lines"].as_array().unwrap().iter().map(amount).sum()
}

/// Its reseller is billed for the customer, which has a discount of its own. Bought late in October and billed with it,
/// most was cancelled in November.
async fn turned_month() -> anyhow::Result<Month> {
    let month = Month::with(&[]).await?;
    let customer = &month.cast.customer;
    let terms = json!({ "currency": "EUR", "bill_to": "reseller", "discount_percent": "10" });
    let path = format!("/v1/customers/{}/terms", month.world.sample.customer_id);
    expect(ask(&month.cast.operator, Method::PUT, &path, None, Some(&terms)).await?, 200)?;
    month.clock.advance_to("2026-10-29".parse()?).await?;
    let office = has(&month.world, customer, "office-business", 5).await?;
    let guard = has(&month.world, customer, "mail-guard", 2).await?;
    month.ends().await?;
    does(customer, &office, "cancel", Some(json!({ "effective": "now" })), 202).await?;
    does(customer, &guard, "quantity", Some(json!({ "quantity": 3 })), 202).await?;
    month.clock.advance_to("2026-12-01".parse()?).await?;
    Ok(month)
}

#[tokio::test]
async fn a_month_of_more_credits_than_charges_is_billed_on_line_by_line() -> anyhow::Result<()> {
    let month = turned_month().await?;
    let (cast, sample) = (&month.cast, &month.world.sample);
    let head = story::head(&month.world).await?;
    let invoices = format!("/v1/invoices?customer_id={}&period=2026-11", sample.reseller_id);
    assert_eq!(data(&cast.operator.get_at(&invoices, head).await?), Vec::<Value>::new());
    let notes = format!("/v1/credit-notes?customer_id={}", sample.reseller_id);
    let [note] = <[Value; 1]>::try_from(data(&cast.reseller.get_at(&notes, head).await?)).expect("one credit note");
    assert_eq!((&note["invoice_id"], &note["net"]), (&Value::Null, &money("43.48")), "{note}");

    // November is the last month that is over.
    let path = format!("/v1/customers/{}/charges", sample.customer_id);
    for (client, query) in [(&cast.reseller, ""), (&cast.operator, "?period=2026-11"), (&cast.auditor, "")] {
        let seen = client.get_at(&format!("{path}{query}"), head).await?;
        assert!(story::read_position(&seen)? >= head);
        is_turned_back(&seen, &note);
    }
    let october = cast.reseller.get_at(&format!("{path}?period=2026-10"), head).await?.body;
    assert_eq!(october["net"], money("111.60"), "{october}");
    for line in october["lines"].as_array().unwrap() {
        assert!(line["invoice_id"].is_string() && line.get("credit_note_id").is_none(), "{line}");
    }
    moved(&month, &path).await
}

/// With the signs of an invoice: 5 of 20.00 less, 1 of 12.00 more for 28 days of 31, and the next term of the 3.
fn is_turned_back(seen: &Answer, note: &Value) {
    let charges = &seen.body;
    let mut told = rows(charges);
    told.sort();
    let expected = [
        ["cancel", "2026-11-01", "-5", "28/31", "20.00", "-9.03", "-81.29", "-90.32"],
        ["increase", "2026-11-01", "1", "28/31", "12.00", "1.09", "9.75", "10.84"],
        ["renew", "2026-11-29", "3", "30/30", "12.00", "3.60", "32.40", "36.00"],
    ];
    assert_eq!(told, expected.map(|row| row.map(str::to_owned)), "{}", seen.text);
    assert_eq!((&charges["period"], &charges["net"]), (&json!("2026-11"), &money("-39.14")), "{}", seen.text);
    assert_eq!(sum(charges, "amount"), Decimal::new(-3914, 2));
    let given: Decimal = note["net"]["amount"].as_str().unwrap().parse().unwrap();
    assert_eq!(sum(charges, "reseller_amount"), -given, "what the reseller got, the other way");
    let lines = charges["lines"].as_array().unwrap();
    assert_eq!(each(lines, "line"), ["1", "2", "3"]);
    for line in lines {
        assert_eq!((line.get("invoice_id"), &line["credit_note_id"]), (Some(&Value::Null), &note["id"]), "{line}");
    }
    assert_eq!(charges["data"], json!([{ "currency": "EUR", "net": charges["net"], "lines": lines }]));
}

/// What the reseller before was credited is not the next one's to bill on.
async fn moved(month: &Month, path: &str) -> anyhow::Result<()> {
    let operator = &month.cast.operator;
    let mut next = story::new_customer("Next reseller");
    next["kind"] = json!("reseller");
    let next = operator.post("/v1/customers", &new_key(), &next, 201).await?.id()?;
    let customer = format!("/v1/customers/{}", month.world.sample.customer_id);
    let patch = json!({ "reseller_id": next });
    let position = expect(ask(operator, Method::PATCH, &customer, None, Some(&patch)).await?, 200)?.position()?;
    let left = story::look(&month.cast.reseller, &format!("{path}?min_position={position}")).await?;
    story::refused(&month.cast.reseller, &left, 404, "not-found").await?;
    let next = operator.with_token(&month.world.site().token("reseller", Some(&next)).await?);
    let seen = next.get_at(path, position).await?;
    assert_eq!((&seen.body["data"], &seen.body["lines"]), (&json!([]), &json!([])), "{}", seen.text);
    assert_eq!(rows(&operator.get_at(path, position).await?.body).len(), 3);
    Ok(())
}

#[tokio::test]
async fn credit_notes_without_invoice_stand_among_the_invoices_of_their_month() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let (operator, reseller) = (&books.cast.operator, &books.cast.reseller);
    let reseller_id: Uuid = books.world.sample.reseller_id.parse()?;
    let resale = |n| Bill { route: Route::Resale { reseller_id }, ..books.agency(n) };
    let first = books.issue(resale(0), "2026-02-01").await?;
    books.write(&InsteadOfInvoice { bill: resale(1), issued_on: "2026-02-01".parse()? }).await?;
    let last = books.issue(resale(2), "2026-02-01").await?;
    // What corrects an invoice is between seller and reseller: it is no charge.
    let goodwill = json!({ "amount": money("11.90"), "reason": "Goodwill." });
    operator.post(&format!("{last}/credit-notes"), &new_key(), &goodwill, 201).await?;

    let path = format!("/v1/customers/{}/charges", books.world.sample.customer_id);
    let shown = async || {
        let charges = reseller.get_at(&path, story::head(&books.world).await?).await?.body;
        let lines = charges["lines"].as_array().unwrap().iter();
        let lines = lines.map(|line| json!([line["invoice_id"], line["credit_note_id"], line["amount"]["amount"]]));
        anyhow::Ok((lines.collect::<Vec<_>>(), charges["net"]["amount"].clone()))
    };
    let billed = |n| json!([resale(n).invoice_id(), null, "100.00"]);
    let note = ids::period_credit_note(reseller_id, Currency::EUR, january(), 1);
    let credited = json!([null, note, "-100.00"]);
    assert_eq!(shown().await?, (vec![billed(0), credited.clone(), billed(2)], json!("100.00")));

    operator.post(&format!("{first}/void"), &new_key(), &json!({}), 200).await?;
    let left = (vec![credited, billed(2)], json!("0.00"));
    assert_eq!(shown().await?, left, "what is void is nobody's to bill on");
    rebuilt(&books).await?;
    assert_eq!(shown().await?, left, "and the rows made anew say the same");
    Ok(())
}

/// The rows are made of the log once more.
async fn rebuilt(books: &Books) -> anyhow::Result<()> {
    let generation = "select generation::text from readers where name = 'billing'";
    let before = story::texts(&books.world, generation).await?;
    let path = "/v1/admin/projections/billing/rebuild";
    books.cast.operator.post(path, &new_key(), &json!({}), 202).await?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while story::texts(&books.world, generation).await? == before {
        anyhow::ensure!(tokio::time::Instant::now() < deadline, "it is never rebuilt");
        books.cast.operator.get("/v1/admin/projections").await?;
    }
    Ok(())
}
