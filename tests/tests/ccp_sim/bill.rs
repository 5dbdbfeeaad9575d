//! The provider's bill, to the cent, as the worked month has it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Provider;

/// Charge, quantity, from, to, amount of each line.
async fn bill(provider: &Provider, account: &str, period: &str) -> Vec<(String, i64, String, String, String)> {
    let bill = provider.seen(&format!("/v1/billing?account_id={account}&period={period}")).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |line: &Value| {
        let (from, to) = (text(&line["from"]), text(&line["to"]));
        (text(&line["charge"]), line["quantity"].as_i64().unwrap(), from, to, text(&line["amount"]))
    };
    bill["lines"].as_array().unwrap().iter().map(line).collect()
}

fn line(charge: &str, quantity: i64, from: &str, to: &str, amount: &str) -> (String, i64, String, String, String) {
    (charge.to_owned(), quantity, from.to_owned(), to.to_owned(), amount.to_owned())
}

#[tokio::test]
async fn the_worked_month() {
    let provider = Provider::at("2026-10-03T09:00:00Z").await;
    let account = provider.account().await;
    let office = provider.subscribe(&account, "office-business", 25).await;
    provider.clock("2026-10-15T09:00:00Z").await;
    let cost = json!({"amount": "15.00", "currency": "EUR"});
    provider.control(Method::POST, "catalogue", json!({"sku": "office-business", "unit_cost": cost})).await;
    let archive = provider.subscribe(&account, "archive-storage", 10).await;
    provider.clock("2026-10-18T09:00:00Z").await;
    provider.change(Method::POST, &format!("{archive}/cancel"), json!({})).await;
    provider.clock("2026-10-19T09:00:00Z").await;
    provider.quantity(&office, 40).await;
    provider.clock("2026-10-20T09:00:00Z").await;
    provider.subscribe(&account, "mail-guard", 7).await;
    provider.clock("2026-10-22T09:00:00Z").await;
    provider.quantity(&office, 37).await;

    let october = bill(&provider, &account, "2026-10").await;
    let expected = [
        line("new", 25, "2026-10-03", "2026-11-03", "350.00"),
        line("new", 10, "2026-10-15", "2027-10-15", "1200.00"),
        line("cancel", -10, "2026-10-18", "2027-10-15", "-1190.14"),
        line("add", 15, "2026-10-19", "2026-11-03", "101.61"),
        line("new", 7, "2026-10-20", "2026-11-20", "59.01"),
        line("remove", -3, "2026-10-22", "2026-11-03", "-16.26"),
    ];
    assert_eq!(october, expected);
    let path = format!("/v1/billing?account_id={account}&period=2026-10");
    assert_eq!(provider.seen(&path).await["closed"], false);
    provider.clock("2026-12-01T00:00:00Z").await;
    assert_eq!(provider.seen(&path).await["closed"], true);
    assert_eq!(bill(&provider, &account, "2026-10").await, expected);
    let november = [
        line("renew", 37, "2026-11-03", "2026-12-03", "555.00"),
        line("renew", 7, "2026-11-20", "2026-12-20", "59.01"),
    ];
    assert_eq!(bill(&provider, &account, "2026-11").await, november);
}

#[tokio::test]
async fn a_long_term_is_charged_by_its_cycles_and_an_extension_is_cut() {
    let provider = Provider::at("2026-01-31T09:00:00Z").await;
    let account = provider.account().await;
    provider.subscribe(&account, "office-enterprise", 2).await;
    let desk = provider.subscribe(&account, "office-business", 3).await;
    provider.change(Method::POST, &format!("{desk}/extend"), json!({"ends_on": "2026-03-10"})).await;
    provider.clock("2026-03-31T09:00:00Z").await;
    let february =
        [line("cycle", 2, "2026-02-28", "2026-03-31", "63.00"), line("cycle", 3, "2026-02-28", "2026-03-10", "13.55")];
    assert_eq!(bill(&provider, &account, "2026-02").await, february);
    let march =
        [line("renew", 3, "2026-03-10", "2026-04-10", "42.00"), line("cycle", 2, "2026-03-31", "2026-04-30", "63.00")];
    assert_eq!(bill(&provider, &account, "2026-03").await, march);
}

#[tokio::test]
async fn yen_have_no_digits_and_a_console_change_is_billed() {
    let provider = Provider::at("2026-10-01T09:00:00Z").await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-japan", 3).await;
    provider.clock("2026-10-22T09:00:00Z").await;
    provider.control(Method::PATCH, &format!("subscriptions/{id}"), json!({"quantity": 6})).await;
    let expected =
        [line("new", 3, "2026-10-01", "2026-11-01", "4950"), line("add", 3, "2026-10-22", "2026-11-01", "1597")];
    assert_eq!(bill(&provider, &account, "2026-10").await, expected);
}

#[tokio::test]
async fn a_credit_out_of_nowhere() {
    let provider = Provider::at("2026-10-01T09:00:00Z").await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-business", 3).await;
    let credit = json!({
        "subscription_id": id, "charge": "credit", "quantity": -1, "from": "2026-10-01", "to": "2026-11-01", "amount": "-5.00",
    });
    provider.control(Method::POST, "billing", credit).await;
    let lines = bill(&provider, &account, "2026-10").await;
    assert_eq!(lines[1], line("credit", -1, "2026-10-01", "2026-11-01", "-5.00"));
    assert_eq!(provider.get("/v1/billing?account_id=acc-nobody&period=2026-10").await.0, 404);
    assert_eq!(provider.get(&format!("/v1/billing?account_id={account}&period=2026")).await.0, 400);
}

/// The ids of the lines as the provider itself has them.
async fn line_ids(provider: &Provider, account: &str, period: &str) -> Vec<String> {
    let bill = provider.seen(&format!("/sim/billing?account_id={account}&period={period}")).await;
    bill["lines"].as_array().unwrap().iter().map(|line| line["line_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_line_is_wrong_or_forgotten_until_somebody_corrects_it() {
    let provider = Provider::at("2026-10-01T09:00:00Z").await;
    let account = provider.account().await;
    provider.subscribe(&account, "office-business", 3).await;
    provider.subscribe(&account, "mail-guard", 2).await;
    let ids = line_ids(&provider, &account, "2026-10").await;
    let path = |n: usize| format!("billing/{}", ids[n]);
    provider.control(Method::PATCH, &path(0), json!({"withheld": true})).await;
    provider.control(Method::PATCH, &path(1), json!({"quantity": 4, "amount": "33.72"})).await;
    let wrong = [line("new", 4, "2026-10-01", "2026-11-01", "33.72")];
    assert_eq!(bill(&provider, &account, "2026-10").await, wrong);
    let provider = provider.restart().await;
    assert_eq!(bill(&provider, &account, "2026-10").await, wrong);
    provider.control(Method::PATCH, &path(0), json!({"withheld": false})).await;
    provider.control(Method::PATCH, &path(1), json!({"quantity": 2, "amount": "16.86"})).await;
    let right =
        [line("new", 3, "2026-10-01", "2026-11-01", "42.00"), line("new", 2, "2026-10-01", "2026-11-01", "16.86")];
    assert_eq!(bill(&provider, &account, "2026-10").await, right);
    provider.control(Method::PATCH, &path(1), json!({"currency": "XXQ"})).await;
    let seen = provider.seen(&format!("/v1/billing?account_id={account}&period=2026-10")).await;
    assert_eq!(seen["lines"][1]["currency"], "XXQ");
    assert_eq!(line_ids(&provider, &account, "2026-10").await, ids);
}

#[tokio::test]
async fn a_month_closes_late_when_a_script_says_so() {
    let provider = Provider::at("2026-10-20T09:00:00Z").await;
    let account = provider.account().await;
    provider.subscribe(&account, "office-business", 3).await;
    provider.control(Method::PUT, "billing/closings/2026-10", json!({"on": "2026-11-04"})).await;
    let path = format!("/v1/billing?account_id={account}&period=2026-10");
    for (day, closed) in [("2026-11-01", false), ("2026-11-03", false), ("2026-11-04", true)] {
        provider.clock(&format!("{day}T00:00:00Z")).await;
        assert_eq!(provider.seen(&path).await["closed"], closed, "{day}");
    }
    // The next month closes as always, and one that is held back can be let go.
    provider.control(Method::PUT, "billing/closings/2026-12", json!({"on": "2027-02-01"})).await;
    provider.clock("2027-01-02T00:00:00Z").await;
    let closed = async |period: &str| {
        provider.seen(&format!("/v1/billing?account_id={account}&period={period}")).await["closed"].clone()
    };
    assert_eq!((closed("2026-11").await, closed("2026-12").await), (json!(true), json!(false)));
    provider.control(Method::PUT, "billing/closings/2026-12", json!({"on": "2027-01-02"})).await;
    assert_eq!(closed("2026-12").await, true);
}
