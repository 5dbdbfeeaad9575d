//! Lists and long answers: whole or not at all, and never without end.

use std::fmt::Write;

use ccp_adapter::outcome::FailureKind;
use domain::billing::Period;
use serde_json::json;

use crate::odd::{Answer, OddProvider, json as answer};

type AnswerMaker = fn() -> Answer;

fn item(sku: &str) -> String {
    json!({
        "sku": sku, "name": "Office", "description": "", "publisher": "Contoso", "revision": 1, "features": [],
        "unit_cost": {"amount": "14.00", "currency": "EUR"}, "list_price": {"amount": "20.00", "currency": "EUR"},
        "term": "P1M", "billing_cycle": "P1M", "min_quantity": 1, "max_quantity": 300,
        "cancellation_window_hours": 72
    })
    .to_string()
}

fn subscription(id: &str, account: &str, revision: u32, licences: &str) -> String {
    format!(
        r#"{{"subscription_id":"{id}","account_id":"{account}","sku":"office-1","quantity":1,"status":"active",
        "starts_on":"2026-10-03","ends_on":"2026-11-03","auto_renew":true,"revision":{revision},
        "changed_on":"2026-10-03","licences":[{licences}]}}"#
    )
}

fn page(items: &[String], next: Option<&str>) -> Answer {
    let next = next.map_or_else(|| "null".to_owned(), |next| format!("\"{next}\""));
    answer(200, &format!(r#"{{"items":[{}],"next_cursor":{next}}}"#, items.join(",")))
}

#[tokio::test]
async fn a_catalogue_is_read_page_by_page() {
    let provider = OddProvider::with_tokens(|asked, _| match asked.line.as_str() {
        "GET /v1/catalogue" => page(&[item("a"), item("b")], Some("p 2&")),
        "GET /v1/catalogue?cursor=p+2%26" => page(&[], Some("p3")),
        "GET /v1/catalogue?cursor=p3" => page(&[item("c")], None),
        _ => answer(400, ""),
    })
    .await;
    let skus: Vec<_> = provider.client().catalogue().await.unwrap().into_iter().map(|item| item.sku).collect();
    assert_eq!(skus, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_catalogue_that_cannot_be_read_whole_is_none() {
    let cases: [(&str, AnswerMaker); 6] = [
        ("a circle", || page(&[], Some("again"))),
        ("one SKU twice", || page(&[item("a"), item("a")], None)),
        ("one item spoilt", || page(&[item("a"), item("")], None)),
        ("no page", || answer(200, "[]")),
        ("refused", || answer(400, r#"{"code":"bad_cursor"}"#)),
        ("not there", || answer(404, "")),
    ];
    for (what, script) in cases {
        let provider = OddProvider::with_tokens(move |_, _| script()).await;
        assert_eq!(provider.client().catalogue().await.unwrap_err().kind, FailureKind::Undecodable, "{what}");
        assert!(provider.calls().len() <= 2, "{what}: {} calls", provider.calls().len());
    }
}

#[tokio::test]
async fn a_list_that_breaks_off_is_no_list() {
    let provider = OddProvider::with_tokens(|asked, _| match asked.line.as_str() {
        "GET /v1/catalogue" => page(&[item("a")], Some("p2")),
        _ => answer(500, ""),
    })
    .await;
    assert_eq!(provider.client().catalogue().await.unwrap_err().kind, FailureKind::ServerError);
}

#[tokio::test]
async fn subscriptions_come_once_each_at_their_highest_revision() {
    let provider = OddProvider::with_tokens(|asked, _| match asked.line.as_str() {
        "GET /v1/subscriptions?account_id=acc-1" => {
            page(&[subscription("s-2", "acc-1", 4, ""), subscription("s-1", "acc-1", 1, "")], Some("p2"))
        }
        "GET /v1/subscriptions?account_id=acc-1&cursor=p2" => page(&[subscription("s-2", "acc-1", 3, "")], None),
        "GET /v1/subscriptions" => page(&[subscription("s-3", "acc-9", 1, "")], None),
        _ => answer(400, ""),
    })
    .await;
    let client = provider.client();
    let found = client.subscriptions(Some("acc-1")).await.unwrap();
    let found: Vec<_> = found.iter().map(|found| (found.id.as_str(), found.revision)).collect();
    assert_eq!(found, [("s-1", 1), ("s-2", 4)]);
    assert_eq!(client.subscriptions(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn subscriptions_of_somebody_else_are_no_answer() {
    let provider = OddProvider::with_tokens(|asked, _| match asked.line.as_str() {
        "GET /v1/subscriptions?account_id=acc-1" => page(&[subscription("s-1", "acc-2", 1, "")], None),
        "GET /v1/subscriptions/s-1" => answer(200, &subscription("s-2", "acc-1", 1, "")),
        _ => answer(404, ""),
    })
    .await;
    let client = provider.client();
    assert_eq!(client.subscriptions(Some("acc-1")).await.unwrap_err().kind, FailureKind::Undecodable);
    assert_eq!(client.subscription("s-1").await.unwrap_err().kind, FailureKind::Undecodable);
    assert!(client.subscription("s-9").await.unwrap().is_none());
}

#[tokio::test]
async fn a_subscription_may_have_a_hundred_thousand_seats() {
    let mut licences = String::new();
    for seat in 1..=100_000 {
        let comma = if seat == 1 { "" } else { "," };
        write!(licences, r#"{comma}{{"seat_id":"seat-{seat}","key":"AAAAA-BBBBB-CCCCC-{seat}"}}"#).unwrap();
    }
    assert!(licences.len() > 4 << 20, "longer than other answers may be");
    let body = subscription("s-1", "acc-1", 1, &licences);
    let provider = OddProvider::with_tokens(move |_, _| answer(200, &body)).await;
    let read = provider.client().subscription("s-1").await.unwrap().unwrap();
    assert_eq!(read.seats.len(), 100_000);
    assert_eq!(read.seats[99_999].key, "AAAAA-BBBBB-CCCCC-100000");
}

fn bill_line(id: &str, amount: &str) -> String {
    json!({
        "line_id": id, "subscription_id": "s-1", "sku": "office-1", "charge": "new", "quantity": 5, "unit_cost": "14.00",
        "from": "2026-10-03", "to": "2026-11-03", "amount": amount, "currency": "EUR"
    })
    .to_string()
}

fn bill(closed: bool, lines: &[String], next: Option<&str>) -> Answer {
    let next = next.map_or_else(|| "null".to_owned(), |next| format!("\"{next}\""));
    answer(200, &format!(r#"{{"closed":{closed},"lines":[{}],"next_cursor":{next}}}"#, lines.join(",")))
}

fn october() -> Period {
    Period::parse("2026-10").unwrap()
}

#[tokio::test]
async fn a_bill_is_read_page_by_page_and_each_line_counts_once() {
    let provider = OddProvider::with_tokens(|asked, _| match asked.line.as_str() {
        "GET /v1/billing?account_id=acc+1&period=2026-10" => {
            bill(true, &[bill_line("b-1", "70.00"), bill_line("b-2", "70.00")], Some("p2"))
        }
        "GET /v1/billing?account_id=acc+1&period=2026-10&cursor=p2" => {
            bill(true, &[bill_line("b-2", "71.00"), bill_line("b-3", "70.00")], None)
        }
        _ => answer(400, ""),
    })
    .await;
    let read = provider.client().bill("acc 1", october()).await.unwrap().unwrap();
    let lines: Vec<_> = read.lines.iter().map(|line| (line.line_id.as_str(), line.amount.to_string())).collect();
    assert_eq!(lines, [("b-1", "70.00 EUR".into()), ("b-2", "71.00 EUR".into()), ("b-3", "70.00 EUR".into())]);
    assert!(read.closed);
}

#[tokio::test]
async fn a_bill_is_closed_when_every_page_says_so() {
    let provider = OddProvider::with_tokens(|asked, _| match asked.line.contains("cursor") {
        false => bill(true, &[], Some("p2")),
        true => bill(false, &[], None),
    })
    .await;
    assert!(!provider.client().bill("acc-1", october()).await.unwrap().unwrap().closed);
}

#[tokio::test]
async fn a_bill_that_cannot_be_read_whole_is_none() {
    let cases: [(&str, AnswerMaker); 6] = [
        ("a circle", || bill(true, &[], Some("again"))),
        ("one line spoilt", || bill(true, &[bill_line("b-1", "70.00"), bill_line("b-2", "70.001")], None)),
        ("a line without name", || bill(true, &[bill_line("", "70.00")], None)),
        ("no word on whether it is closed", || answer(200, r#"{"lines":[],"next_cursor":null}"#)),
        ("another list", || page(&[], None)),
        ("refused", || answer(422, r#"{"code":"invalid_period"}"#)),
    ];
    for (what, script) in cases {
        let provider = OddProvider::with_tokens(move |_, _| script()).await;
        let failure = provider.client().bill("acc-1", october()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Undecodable, "{what}");
    }
}

#[tokio::test]
async fn an_account_the_provider_does_not_know_has_no_bill() {
    let provider = OddProvider::with_tokens(|_, _| answer(404, "")).await;
    assert_eq!(provider.client().bill("acc-1", october()).await, Ok(None));
    let away = OddProvider::with_tokens(|_, _| answer(503, "")).await;
    assert_eq!(away.client().bill("acc-1", october()).await.unwrap_err().kind, FailureKind::ServerError);
}
