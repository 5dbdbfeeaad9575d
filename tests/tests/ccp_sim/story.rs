//! What a client does on a good day, and what it is refused.

use std::collections::{BTreeMap, HashSet};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{CLIENT_ID, CLIENT_SECRET, Provider, order, seat_ids, text};

#[tokio::test]
async fn from_account_to_seats() {
    let provider = Provider::at("2026-10-03T09:00:00Z").await;
    let account = provider.account().await;
    let asked = order(&account, &[(1, "office-business", 25), (2, "archive-storage", 10)]);
    let (status, accepted) = provider.post("/v1/orders", asked.clone()).await;
    assert_eq!(
        (status, &accepted["status"], &accepted["lines"][1]["status"]),
        (202, &json!("accepted"), &json!("pending"))
    );
    provider.settled().await;

    let found = provider.seen(&format!("/v1/orders?external_ref={}", text(&asked["external_ref"]))).await;
    assert_eq!((&found["order_id"], &found["status"]), (&accepted["order_id"], &json!("completed")));
    let office = provider.subscription(&text(&found["lines"][0]["subscription_id"])).await;
    let expected = json!({
        "account_id": account, "sku": "office-business", "quantity": 25, "status": "active", "auto_renew": true,
        "starts_on": "2026-10-03", "ends_on": "2026-11-03", "changed_on": "2026-10-03", "revision": 1,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&office[name], value, "{name}");
    }
    let keys: HashSet<String> =
        office["licences"].as_array().unwrap().iter().map(|licence| text(&licence["key"])).collect();
    assert_eq!(keys.len(), 25);
    assert!(keys.iter().all(|key| key.len() == 29 && key.split('-').all(|group| group.len() == 5)));
    let archive = provider.subscription(&text(&found["lines"][1]["subscription_id"])).await;
    assert_eq!(archive["ends_on"], "2027-10-03");

    let listed = provider.seen(&format!("/v1/subscriptions?account_id={account}")).await;
    assert_eq!((&listed["items"], &listed["next_cursor"]), (&json!([office, archive]), &Value::Null));
    let later = provider.seen(&format!("/v1/subscriptions?account_id={account}&updated_since=2026-10-04")).await;
    assert_eq!(later["items"], json!([]));
}

#[tokio::test]
async fn a_big_order_has_all_its_licences() {
    let provider = Provider::new().await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-business", 10_000).await;
    let seats: HashSet<String> = seat_ids(&provider.subscription(&id).await).into_iter().collect();
    assert_eq!(seats.len(), 10_000);
    provider.quantity(&id, 9_999).await;
    let left: HashSet<String> = seat_ids(&provider.subscription(&id).await).into_iter().collect();
    assert!(left.len() == 9_999 && left.is_subset(&seats));
}

#[tokio::test]
async fn the_catalogue_comes_in_pages() {
    let provider = Provider::new().await;
    let items = catalogue(&provider).await;
    assert_eq!(items.len(), 12);
    let office = &items["office-business"];
    assert_eq!(office["unit_cost"], json!({"amount": "14.00", "currency": "EUR"}));
    assert_eq!(office["list_price"], json!({"amount": "20.00", "currency": "EUR"}));
    assert_eq!((&office["term"], &office["billing_cycle"]), (&json!("P1M"), &json!("P1M")));
    assert_eq!(
        (&items["mail-guard"]["unit_cost"]["amount"], &items["mail-guard"]["list_price"]["amount"]),
        (&json!("8.43"), &json!("12.00"))
    );
    assert_eq!(items["archive-storage"]["unit_cost"]["amount"], "120.00");
    let of = |name: &str| items.values().map(|item| item[name].to_string()).collect::<HashSet<_>>();
    assert!(["168", "72", "0", "null"].iter().all(|hours| of("cancellation_window_hours").contains(*hours)));
    assert!(["\"P1M\"", "\"P1Y\"", "\"P3Y\""].iter().all(|term| of("term").contains(*term)));
    assert!(of("max_quantity").contains("5") && of("min_quantity").contains("5"));
    let currencies: HashSet<String> = items.values().map(|item| text(&item["unit_cost"]["currency"])).collect();
    assert!(["EUR", "USD", "JPY"].iter().all(|currency| currencies.contains(*currency)));
}

#[tokio::test]
async fn the_catalogue_changes_on_demand() {
    let provider = Provider::new().await;
    let price = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    provider.control(Method::POST, "catalogue", json!({"sku": "office-business", "unit_cost": price("15.00")})).await;
    provider.control(Method::POST, "catalogue", json!({"sku": "mail-guard", "withdrawn": true})).await;
    let new = json!({
        "sku": "voice-lines", "unit_cost": price("4.00"), "list_price": price("6.00"), "cancellation_window_hours": null,
    });
    provider.control(Method::POST, "catalogue", new).await;
    let items = catalogue(&provider).await;
    let office = &items["office-business"];
    assert_eq!((&office["unit_cost"]["amount"], &office["revision"]), (&json!("15.00"), &json!(2)));
    assert!(!items.contains_key("mail-guard"));
    assert_eq!(items["voice-lines"]["cancellation_window_hours"], Value::Null);
    let account = provider.account().await;
    let (status, refused) = provider.post("/v1/orders", order(&account, &[(1, "mail-guard", 1)])).await;
    assert_eq!((status, &refused["code"]), (422, &json!("sku_withdrawn")));
}

#[tokio::test]
async fn an_accepted_order_can_be_cancelled_and_a_completed_one_cannot() {
    let provider = Provider::in_folder(crate::support::Folder::new(), |settings| settings.completion_ms = 60_000).await;
    let account = provider.account().await;
    let (_, accepted) = provider.post("/v1/orders", order(&account, &[(1, "office-business", 1)])).await;
    let path = format!("/v1/orders/{}", text(&accepted["order_id"]));
    assert_eq!(provider.post(&format!("{path}/cancel"), json!({})).await.0, 202);
    let cancelled = provider.seen(&path).await;
    assert_eq!((&cancelled["status"], &cancelled["lines"][0]["status"]), (&json!("cancelled"), &json!("cancelled")));
    assert_eq!(provider.seen("/sim/health").await["unfinished"], 0);

    let provider = Provider::new().await;
    let account = provider.account().await;
    let (_, accepted) = provider.post("/v1/orders", order(&account, &[(1, "office-business", 1)])).await;
    provider.settled().await;
    let path = format!("/v1/orders/{}/cancel", text(&accepted["order_id"]));
    let (status, refused) = provider.post(&path, json!({})).await;
    assert_eq!((status, &refused["code"]), (409, &json!("already_completed")));
}

#[tokio::test]
async fn orders_are_refused_with_a_code_and_a_line() {
    let provider = Provider::new().await;
    let account = provider.account().await;
    let cases = [
        (&account[..], vec![(1, "office-business", 1), (2, "nothing", 1)], "unknown_sku", json!(2)),
        (&account, vec![(7, "office-business", 0)], "invalid_quantity", json!(7)),
        (&account, vec![(1, "office-business", -3)], "invalid_quantity", json!(1)),
        (&account, vec![(1, "network-firewall", 6)], "quantity_limit", json!(1)),
        (&account, vec![(1, "identity-team", 4)], "quantity_limit", json!(1)),
        (&account, vec![(1, "office-business", 1), (1, "office-business", 1)], "invalid_request", json!(1)),
        (&account, vec![], "invalid_request", Value::Null),
        ("acc-nobody", vec![(1, "office-business", 1)], "unknown_account", Value::Null),
    ];
    for (account, lines, code, line_ref) in cases {
        let (status, refused) = provider.post("/v1/orders", order(account, &lines)).await;
        assert_eq!((status, &refused["code"], &refused["line_ref"]), (422, &json!(code), &line_ref), "{lines:?}");
    }
    assert_eq!(provider.effects_of("place_order").await, Vec::<Value>::new());
}

#[tokio::test]
async fn tokens_are_needed_and_end() {
    let provider = Provider::in_folder(crate::support::Folder::new(), |settings| settings.token_seconds = 0).await;
    let (status, refused) = provider.get("/v1/catalogue").await;
    assert_eq!((status, &refused["code"]), (401, &json!("invalid_token")));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = |secret: &str| {
        let form =
            format!("grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={}", secret.replace(' ', "+"));
        let request = http.post(format!("{}/oauth/token", provider.url));
        request.header("content-type", "application/x-www-form-urlencoded").body(form).send()
    };
    assert_eq!(token("wrong").await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(token(CLIENT_SECRET).await.unwrap().status(), StatusCode::OK);
    assert_eq!(http.get(format!("{}/sim/ledger", provider.url)).send().await.unwrap().status(), StatusCode::OK);
}

async fn catalogue(provider: &Provider) -> BTreeMap<String, Value> {
    let (mut items, mut path) = (BTreeMap::new(), "/v1/catalogue".to_owned());
    loop {
        let page = provider.seen(&path).await;
        items.extend(page["items"].as_array().unwrap().iter().map(|item| (text(&item["sku"]), item.clone())));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/catalogue?cursor={cursor}"),
            None => return items,
        }
    }
}

#[tokio::test]
async fn the_console_lists_every_subscription_as_it_is() {
    let provider = Provider::new().await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-business", 2).await;
    let shown = provider.subscription(&id).await;
    provider.fault(json!({ "fault": "stale", "times": 100 })).await;
    provider.control(Method::PATCH, &format!("subscriptions/{id}"), json!({ "quantity": 7 })).await;
    let listed = provider.control(Method::GET, "subscriptions", Value::Null).await;
    let [one] = listed["subscriptions"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!(
        (&one["subscription_id"], &one["account_id"], &one["quantity"]),
        (&json!(id), &json!(account), &json!(7))
    );
    for name in ["starts_on", "ends_on", "auto_renew", "status"] {
        assert_eq!(one[name], shown[name], "{name}");
    }
}
