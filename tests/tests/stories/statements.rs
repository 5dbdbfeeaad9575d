//! Statements of account: what was billed, given back and paid adds up, on every page and in every generation of rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::story::{self, Cast, all_pages, new_key};

use crate::accounted::{Books, money};

fn amount(value: &Value) -> Decimal {
    value["amount"].as_str().unwrap().parse().unwrap()
}

/// A year in which everything happens: two invoices paid in part and credited, one void, one given up, and the balance
/// pays another.
async fn year(books: &Books) -> anyhow::Result<()> {
    let operator = &books.cast.operator;
    let act = async |invoice: &str, what: &str, body: Value, status: u16| {
        operator.post(&format!("{invoice}/{what}"), &new_key(), &body, status).await
    };
    let credit = |amount: &str| json!({ "amount": money(amount), "reason": "Goodwill." });
    let first = books.issue(books.others(0), "2025-12-01").await?;
    books.pay(books.others(0), 10_000).await?;
    act(&first, "credit-notes", credit("59.50"), 201).await?;
    let taken = books.issue(books.others(1), "2026-02-01").await?;
    act(&taken, "void", json!({}), 200).await?;
    let again = books.issue(books.others(2), "2026-02-02").await?;
    act(&again, "credit-notes", credit("23.80"), 201).await?;
    let lost = books.issue(books.others(3), "2026-02-03").await?;
    act(&lost, "uncollectible", json!({}), 200).await?;
    act(&lost, "credit-notes", credit("11.90"), 201).await?;
    books.pay(books.others(3), 12_000).await
}

/// Every entry follows from the one before, and the sums at both ends from all of them.
fn adds_up(statement: &Value, entries: &[Value]) {
    let mut balance = amount(&statement["opening_balance"]);
    for entry in entries {
        balance += amount(&entry["amount"]);
        assert_eq!(amount(&entry["balance"]), balance, "{entry}");
    }
    assert_eq!(amount(&statement["closing_balance"]), balance, "{statement}");
}

#[tokio::test]
async fn a_statement_adds_up_to_what_is_owed() -> anyhow::Result<()> {
    let books = Books::open().await?;
    year(&books).await?;
    let (operator, sample) = (&books.cast.operator, &books.world.sample);
    let path = format!("/v1/customers/{}/statement", sample.other_customer_id);
    let position = story::head(&books.world).await?;

    let whole = operator.get_at(&format!("{path}?from=2025-12-01&to=2026-12-01&limit=100"), position).await?;
    let entries = story::data(&whole);
    assert_eq!(amount(&whole.body["opening_balance"]), Decimal::ZERO);
    adds_up(&whole.body, &entries);
    let told = |entry: &Value| format!("{} {}", entry["kind"].as_str().unwrap(), amount(&entry["amount"]));
    let expected = [
        "invoice 119.00",
        "invoice 119.00",
        "balance_applied 0.00",
        "invoice 119.00",
        "balance_applied 0.00",
        "invoice 119.00",
        "payment -100.00",
        "recovered 107.10",
        "payment -107.10",
        "credit_note -59.50",
        "void -119.00",
        "credit_note -23.80",
        "uncollectible -119.00",
        "recovered 11.90",
        "credit_note -11.90",
        "overpayment -12.90",
    ];
    assert_eq!(entries.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(entries[2]["applied"], money("40.50"), "moved, and owed in sum as before");
    let standing = books.balance(&sample.other_customer_id).await?;
    let net = amount(&standing["open"]) - amount(&standing["balance"]);
    assert_eq!(amount(&whole.body["closing_balance"]), net, "{standing}");

    // Cut in two at any day, the second half opens with what the first closes with.
    for day in ["2025-12-02", "2026-02-01", "2026-02-10", "2026-02-11", "2026-03-01"] {
        let until = operator.get(&format!("{path}?from=2025-12-01&to={day}&limit=100")).await?;
        let since = operator.get(&format!("{path}?from={day}&to=2026-12-01&limit=100")).await?;
        for half in [&until, &since] {
            adds_up(&half.body, &story::data(half));
        }
        assert_eq!(until.body["closing_balance"], since.body["opening_balance"], "{day}");
        assert_eq!([story::data(&until), story::data(&since)].concat(), entries, "{day}");
    }
    for limit in [1, 2, 5] {
        assert_eq!(all_pages(operator, &format!("{path}?from=2025-12-01&to=2026-12-01"), limit).await?, entries);
    }
    rebuilt(&books, &path, &entries).await
}

/// Rows made anew from the log are the same.
async fn rebuilt(books: &Books, path: &str, entries: &[Value]) -> anyhow::Result<()> {
    let operator = &books.cast.operator;
    let balance = books.balance(&books.world.sample.other_customer_id).await?;
    let generation = "select generation::text from readers where name = 'billing'";
    let before = story::texts(&books.world, generation).await?;
    operator.post("/v1/admin/projections/billing/rebuild", &new_key(), &json!({}), 202).await?;
    let deadline = tokio::time::Instant::now() + tests::client::PATIENCE;
    while story::texts(&books.world, generation).await? == before {
        anyhow::ensure!(tokio::time::Instant::now() < deadline, "billing is never rebuilt");
        tests::log_world::look_again().await;
    }
    let again = operator.get(&format!("{path}?from=2025-12-01&to=2026-12-01&limit=100")).await?;
    assert_eq!(story::data(&again), entries);
    assert_eq!(books.balance(&books.world.sample.other_customer_id).await?, balance);
    Ok(())
}

#[tokio::test]
async fn a_statement_is_that_of_this_year_in_the_customers_currency() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let Cast { operator, auditor, service, reseller, customer, other } = &books.cast;
    let sample = &books.world.sample;
    books.issue(books.agency(0), "2026-02-01").await?;
    let position = story::head(&books.world).await?;
    let at = |path: &str| format!("/v1/customers/{}/{path}", sample.customer_id);
    for (client, status) in
        [(customer, 200), (reseller, 200), (operator, 200), (auditor, 200), (other, 404), (service, 403)]
    {
        for path in ["statement", "balance"] {
            let seen = story::look(client, &format!("{}?min_position={position}", at(path))).await?;
            assert_eq!(seen.status, status, "{path}: {}", seen.text);
            if status == 200 {
                assert_eq!(
                    (&seen.body["currency"], &seen.body["customer_id"]),
                    (&json!("EUR"), &json!(sample.customer_id))
                );
                assert!(story::read_position(&seen)? >= position);
            }
        }
    }
    let statement = customer.get(&at("statement")).await?.body;
    let span = (&statement["from"], &statement["to"], &statement["currencies"]);
    assert_eq!(span, (&json!("2026-01-01"), &json!("2027-01-01"), &json!(["EUR"])));
    assert_eq!((&statement["opening_balance"], &statement["closing_balance"]), (&money("0.00"), &money("119.00")));
    let francs = customer.get(&at("statement?currency=CHF")).await?.body;
    assert_eq!((&francs["data"], &francs["currency"]), (&json!([]), &json!("CHF")));
    for query in
        ["from=2026-02-01&to=2026-02-01", "from=2026-02-01&to=2028-02-02", "from=soon", "currency=XAU", "kind=payment"]
    {
        let answer = story::look(customer, &at(&format!("statement?{query}"))).await?;
        story::refused(customer, &answer, 400, "invalid-query").await?;
    }
    Ok(())
}
