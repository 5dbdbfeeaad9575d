//! Subscriptions over time: windows, renewals, extensions, and somebody at the provider's own console.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Provider, seat_ids, text};

/// The status and the code of a refused change.
async fn refused(provider: &Provider, method: Method, path: &str, body: Value) -> (u16, String) {
    let (status, answer) = provider.put(method, &format!("/v1/subscriptions/{path}"), body).await;
    (status, answer["code"].as_str().unwrap_or_default().to_owned())
}

async fn patched(provider: &Provider, id: &str, quantity: u32) -> (u16, String) {
    refused(provider, Method::PATCH, id, json!({"quantity": quantity})).await
}

fn no(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn seats_go_back_only_while_their_window_is_open() {
    let provider = Provider::at("2026-10-03T09:00:00Z").await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-business", 25).await;
    provider.quantity(&id, 24).await;
    provider.clock("2026-10-19T09:00:00Z").await;
    assert_eq!(patched(&provider, &id, 23).await, no(409, "window_closed"));
    provider.quantity(&id, 40).await;
    provider.clock("2026-10-22T09:00:00Z").await;
    assert_eq!(patched(&provider, &id, 23).await, no(409, "window_closed"));
    provider.quantity(&id, 37).await;
    provider.clock("2026-10-26T08:59:00Z").await;
    provider.quantity(&id, 36).await;
    provider.clock("2026-10-26T09:01:00Z").await;
    assert_eq!(patched(&provider, &id, 35).await, no(409, "window_closed"));
    assert_eq!(refused(&provider, Method::POST, &format!("{id}/cancel"), json!({})).await, no(409, "window_closed"));
    provider.clock("2026-11-03T00:00:00Z").await;
    provider.quantity(&id, 5).await;
    let cancelled = provider.change(Method::POST, &format!("{id}/cancel"), json!({})).await;
    assert_eq!((&cancelled["status"], &cancelled["effective_on"]), (&json!("succeeded"), &json!("2026-11-03")));
    let after = provider.subscription(&id).await;
    assert_eq!((&after["status"], &after["changed_on"]), (&json!("cancelled"), &json!("2026-11-03")));
    assert_eq!(patched(&provider, &id, 6).await, no(409, "invalid_state"));
}

#[tokio::test]
async fn windows_of_no_hours_and_without_end() {
    let provider = Provider::at("2026-10-03T09:00:00Z").await;
    let account = provider.account().await;
    let never = provider.subscribe(&account, "endpoint-shield", 3).await;
    assert_eq!(patched(&provider, &never, 2).await, no(409, "window_closed"));
    let always = provider.subscribe(&account, "team-storage", 3).await;
    provider.clock("2026-10-30T09:00:00Z").await;
    provider.quantity(&always, 1).await;
}

#[tokio::test]
async fn named_seats_go_and_the_others_stay() {
    let provider = Provider::new().await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-business", 5).await;
    let seats = seat_ids(&provider.subscription(&id).await);
    let body = json!({"quantity": 3, "remove_seats": [seats[1]]});
    provider.change(Method::PATCH, &id, body).await;
    let expected = [&seats[0], &seats[2], &seats[3]];
    assert_eq!(seat_ids(&provider.subscription(&id).await).iter().collect::<Vec<_>>(), expected);
    provider.quantity(&id, 4).await;
    let grown = seat_ids(&provider.subscription(&id).await);
    assert!(!seats.contains(&grown[3]) && grown[..3] == expected.map(String::clone));

    let gone = json!({"quantity": 3, "remove_seats": [seats[1]]});
    assert_eq!(refused(&provider, Method::PATCH, &id, gone).await, no(422, "invalid_seats"));
    let too_many = json!({"quantity": 3, "remove_seats": [seats[0], seats[2]]});
    assert_eq!(refused(&provider, Method::PATCH, &id, too_many).await, no(422, "invalid_seats"));
    assert_eq!(patched(&provider, &id, 0).await, no(422, "invalid_quantity"));
    assert_eq!(patched(&provider, &id, 100_001).await, no(422, "quantity_limit"));
}

#[tokio::test]
async fn a_term_renews_as_instructed_or_ends() {
    let provider = Provider::at("2026-10-03T09:00:00Z").await;
    let account = provider.account().await;
    let plain = provider.subscribe(&account, "office-business", 5).await;
    let smaller = provider.subscribe(&account, "office-business", 5).await;
    let ending = provider.subscribe(&account, "office-business", 5).await;
    let suspended = provider.subscribe(&account, "office-business", 5).await;
    let renewal = |id: &str| format!("{id}/renewal");
    provider.change(Method::PUT, &renewal(&smaller), json!({"auto_renew": true, "quantity": 2})).await;
    provider.change(Method::PUT, &renewal(&ending), json!({"auto_renew": false})).await;
    provider.change(Method::POST, &format!("{suspended}/suspend"), json!({})).await;
    assert_eq!(patched(&provider, &suspended, 6).await, no(409, "invalid_state"));
    let kept = seat_ids(&provider.subscription(&smaller).await)[..2].to_vec();
    provider.clock("2026-11-02T23:59:00Z").await;
    assert_eq!(provider.subscription(&plain).await["ends_on"], "2026-11-03");
    provider.clock("2026-12-03T12:00:00Z").await;

    let renewed = provider.subscription(&plain).await;
    assert_eq!(
        (&renewed["starts_on"], &renewed["ends_on"], &renewed["quantity"]),
        (&json!("2026-12-03"), &json!("2027-01-03"), &json!(5))
    );
    assert_eq!((&renewed["changed_on"], &renewed["revision"]), (&json!("2026-12-03"), &json!(3)));
    let shrunk = provider.subscription(&smaller).await;
    assert_eq!((&shrunk["quantity"], seat_ids(&shrunk)), (&json!(2), kept));
    for id in [ending, suspended] {
        let ended = provider.subscription(&id).await;
        assert_eq!((&ended["status"], &ended["changed_on"]), (&json!("expired"), &json!("2026-11-03")));
        assert_eq!(patched(&provider, &id, 6).await, no(409, "invalid_state"));
    }
}

#[tokio::test]
async fn a_withdrawn_service_runs_out() {
    let provider = Provider::at("2026-10-03T09:00:00Z").await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-business", 5).await;
    provider.control(Method::POST, "catalogue", json!({"sku": "office-business", "withdrawn": true})).await;
    assert_eq!(patched(&provider, &id, 6).await, no(422, "sku_withdrawn"));
    provider.quantity(&id, 4).await;
    provider.clock("2026-11-03T00:00:00Z").await;
    assert_eq!(provider.subscription(&id).await["status"], "expired");
}

#[tokio::test]
async fn an_extension_moves_the_end_and_nothing_else() {
    let provider = Provider::at("2026-10-03T09:00:00Z").await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-business", 5).await;
    let path = format!("{id}/extend");
    for wrong in ["2026-11-03", "2026-10-20", "2029-10-04"] {
        assert_eq!(refused(&provider, Method::POST, &path, json!({"ends_on": wrong})).await, no(422, "invalid_date"));
    }
    provider.change(Method::POST, &path, json!({"ends_on": "2026-11-20"})).await;
    let extended = provider.subscription(&id).await;
    assert_eq!((&extended["starts_on"], &extended["ends_on"]), (&json!("2026-10-03"), &json!("2026-11-20")));
    provider.clock("2026-11-20T00:00:00Z").await;
    let renewed = provider.subscription(&id).await;
    assert_eq!((&renewed["starts_on"], &renewed["ends_on"]), (&json!("2026-11-20"), &json!("2026-12-20")));
}

#[tokio::test]
async fn the_console_may_do_anything_and_is_no_effect_of_ours() {
    let provider = Provider::at("2026-10-03T09:00:00Z").await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "endpoint-shield", 5).await;
    let effects = provider.effects().await;
    let path = format!("subscriptions/{id}");
    provider.control(Method::PATCH, &path, json!({"quantity": 2})).await;
    let shrunk = provider.subscription(&id).await;
    assert_eq!((&shrunk["quantity"], seat_ids(&shrunk).len(), &shrunk["revision"]), (&json!(2), 2, &json!(2)));
    provider.control(Method::PATCH, &path, json!({"status": "suspended"})).await;
    let resumed = provider.change(Method::POST, &format!("{id}/resume"), json!({})).await;
    assert_eq!(resumed["status"], "succeeded");
    let after = provider.subscription(&id).await;
    assert_eq!((text(&after["status"]), &after["revision"]), ("active".to_owned(), &json!(4)));
    assert_eq!(provider.effects().await.len(), effects.len() + 1);
}
