//! Bodies that are no JSON, not the JSON asked for, or made to be expensive.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use crate::ground::{Ask, Ground};

#[tokio::test]
async fn bad_bodies_are_refused_for_what_they_are() {
    let ground = Ground::new().await;
    no_json(&ground).await;
    no_content_type(&ground).await;
    expensive(&ground).await;
    unknown_fields(&ground).await;
    wrong_shapes(&ground).await;
    too_many_lines(&ground).await;
    ground.finish().await;
}

fn post(ground: &Ground, path: &str) -> Ask {
    Ask::post(path).by(ground.customer())
}

async fn no_json(ground: &Ground) {
    let id = &ground.world.sample.customer_id;
    let utf16: Vec<u8> = r#"{"name":"a"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("32 empty", Vec::new()),
        ("32 blank", b" \n".to_vec()),
        ("32 nul", b"nul".to_vec()),
        ("32 HTML", b"<html><body>hello</body></html>".to_vec()),
        ("32 form", b"customer_id=1&name=a".to_vec()),
        ("37 duplicate key", format!(r#"{{"customer_id":"{id}","name":"a","name":"b"}}"#).into_bytes()),
        ("37 duplicate key, escaped", format!(r#"{{"customer_id":"{id}","name":"a","n\u0061me":"b"}}"#).into_bytes()),
        ("37 nested", br#"{"name":"a","contact":{"name":"a","email":"a@b.example","email":"c@d.example"}}"#.to_vec()),
        ("38 more after it", b"{}x".to_vec()),
        ("38 two documents", b"{} {}".to_vec()),
        ("38 comment", b"{/* a */}".to_vec()),
        ("38 line comment", b"// a\n{}".to_vec()),
        ("38 trailing comma", br#"{"name":"a",}"#.to_vec()),
        ("38 NaN", br#"{"name":NaN}"#.to_vec()),
        ("38 Infinity", br#"{"name":-Infinity}"#.to_vec()),
        ("38 single quotes", b"{'name':'a'}".to_vec()),
        ("38 leading zero", br#"{"quantity":01}"#.to_vec()),
        ("39 bad UTF-8", b"{\"name\":\"\xc3\x28\"}".to_vec()),
        ("39 overlong UTF-8", b"{\"name\":\"\xc0\xaf\"}".to_vec()),
        ("39 surrogate in UTF-8", b"{\"name\":\"\xed\xa0\x80\"}".to_vec()),
        ("39 UTF-16", utf16),
        ("39 BOM", b"\xef\xbb\xbf{}".to_vec()),
        ("40 lone surrogate", br#"{"name":"\ud800"}"#.to_vec()),
        ("40 surrogates in the wrong order", br#"{"name":"\udc00\ud800"}"#.to_vec()),
        ("38 raw control character", b"{\"name\":\"a\nb\"}".to_vec()),
    ];
    for (case, body) in cases {
        ground.refused(case, post(ground, "/v1/accounts").bytes(body), 400, "malformed-json").await;
    }
}

async fn no_content_type(ground: &Ground) {
    let body = ground.account("Typed").to_string();
    let gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let typed = |kind: &str| post(ground, "/v1/accounts").header("Content-Type", kind).untyped(body.clone());
    let cases = [
        ("33 none", post(ground, "/v1/accounts").untyped(body.clone())),
        ("33 text", typed("text/plain")),
        ("33 form", typed("application/x-www-form-urlencoded")),
        ("33 XML", typed("application/xml")),
        ("33 nearly", typed("application/jsonp")),
        ("33 patch", typed("application/merge-patch+json; x=y")),
        ("33 UTF-16", typed("application/json; charset=utf-16")),
        ("33 two", typed("application/json").header("Content-Type", "text/plain")),
        ("42 gzip", post(ground, "/v1/accounts").header("Content-Encoding", "gzip").bytes(gzip)),
        ("42 two encodings", post(ground, "/v1/accounts").header("Content-Encoding", "gzip, br").bytes(body.clone())),
    ];
    for (case, ask) in cases {
        ground.refused(case, ask, 415, "unsupported-media-type").await;
    }
}

/// Nesting, digits and keys without end: refused without growing by more than 10 MB.
async fn expensive(ground: &Ground) {
    let nested = |open: &str, close: &str, levels: usize| [open.repeat(levels), close.repeat(levels)].concat();
    let digits = |count: usize| format!(r#"{{"account_id":{}}}"#, "9".repeat(count));
    let keys = |count: usize| {
        let keys: Vec<String> = (0..count).map(|n| format!("\"k{n}\":1")).collect();
        format!("{{{}}}", keys.join(","))
    };
    let cases = [
        ("35 depth 33", nested("[", "]", 33), 400, "malformed-json"),
        ("35 depth 129", nested("[", "]", 129), 400, "malformed-json"),
        ("35 depth 30 000", nested("[", "]", 30_000), 400, "malformed-json"),
        ("35 objects, never closed", "{\"a\":".repeat(13_000), 400, "malformed-json"),
        ("35 depth 100 000", nested("[", "]", 100_000), 413, "too-large"),
        ("36 60 000 digits", digits(60_000), 400, "malformed-json"),
        ("36 1 000 000 digits", digits(1_000_000), 413, "too-large"),
        ("36 5 000 keys", keys(5_000), 422, "missing-field"),
        ("36 100 000 keys", keys(100_000), 413, "too-large"),
    ];
    let pid = ground.world.product.pid();
    for (case, body, status, slug) in cases {
        let before = resident_kb(pid);
        let answer = ground.refused(case, post(ground, "/v1/orders").bytes(body), status, slug).await;
        let grown = resident_kb(pid).saturating_sub(before);
        ground.check(case, grown < 10 * 1024, format!("it grew by {grown} kB"));
        ground.check(case, answer.text.len() < 16 * 1024, "the answer is larger than it needs to be");
    }
}

fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Fields that would be worth something if they were taken.
async fn unknown_fields(ground: &Ground) {
    let sample = &ground.world.sample;
    let with = |mut body: Value, pointer: &str, name: &str| {
        body.pointer_mut(pointer).unwrap()[name] = json!("1");
        body
    };
    let contact = json!({ "customer_id": sample.customer_id, "name": "a",
        "contact": { "name": "Ada", "email": "ada@known.example" } });
    let registration = json!({ "name": "a", "kind": "direct", "country": "DE", "currency": "EUR",
        "contact": { "name": "Ada", "email": "ada@known.example" },
        "address": { "street": "a", "city": "b", "postal_code": "c", "country": "DE" } });
    let account = format!("/v1/accounts/{}", sample.account_id);
    let order = ground.order(1);
    let cases = [
        ("POST", "/v1/accounts", with(ground.account("a"), "", "tenant_id"), "/tenant_id"),
        ("POST", "/v1/accounts", with(ground.account("a"), "", "status"), "/status"),
        ("POST", "/v1/accounts", with(ground.account("a"), "", "provider_account_id"), "/provider_account_id"),
        ("POST", "/v1/accounts", with(contact, "/contact", "role"), "/contact/role"),
        ("PUT", &account, with(json!({ "name": "a" }), "", "customer_id"), "/customer_id"),
        ("PUT", &account, with(json!({ "name": "a" }), "", "state"), "/state"),
        ("POST", "/v1/orders", with(order.clone(), "", "price"), "/price"),
        ("POST", "/v1/orders", with(order.clone(), "", "customer_id"), "/customer_id"),
        ("POST", "/v1/orders", with(order.clone(), "/lines/0", "unit_price"), "/lines/0/unit_price"),
        ("POST", "/v1/orders/quote", with(order.clone(), "/lines/0", "commission_rate"), "/lines/0/commission_rate"),
        ("POST", "/v1/orders", with(order, "", "__proto__"), "/__proto__"),
        ("POST", "/v1/customers", with(registration.clone(), "", "role"), "/role"),
        ("POST", "/v1/customers", with(registration.clone(), "", "terms"), "/terms"),
        ("POST", "/v1/customers", with(registration, "/address", "state"), "/address/state"),
    ];
    for (method, path, body, pointer) in cases {
        let ask = if method == "POST" { Ask::post(path) } else { Ask::new(method, path) };
        let case = format!("19, 20, 46 {path} {pointer}");
        let answer = ground.refused(&case, ask.by(ground.reseller()).json(&body), 422, "unknown-field").await;
        ground.check(&case, answer.body["errors"][0]["pointer"] == pointer, &answer.text);
    }
}

async fn wrong_shapes(ground: &Ground) {
    let order = |lines: Value| json!({ "account_id": ground.world.sample.account_id, "lines": lines });
    let cases = [
        ("/v1/accounts", json!([]), "invalid-type"),
        ("/v1/accounts", json!("text"), "invalid-type"),
        ("/v1/accounts", Value::Null, "invalid-type"),
        ("/v1/accounts", json!({}), "missing-field"),
        ("/v1/accounts", ground.account(""), "invalid-text"),
        ("/v1/accounts", json!({ "customer_id": 7, "name": "a" }), "invalid-type"),
        ("/v1/accounts", json!({ "customer_id": "7", "name": "a" }), "invalid-value"),
        ("/v1/accounts", json!({ "customer_id": ground.world.sample.customer_id, "name": {} }), "invalid-type"),
        ("/v1/accounts", json!({ "customer_id": ground.world.sample.customer_id, "name": null }), "missing-field"),
        ("/v1/orders", order(json!({})), "invalid-type"),
        ("/v1/orders", order(json!([])), "missing-field"),
        ("/v1/orders", order(json!([1])), "invalid-type"),
        ("/v1/orders", order(json!([{}])), "missing-field"),
    ];
    for (path, body, slug) in cases {
        ground.refused(&format!("46 {path} {body}"), post(ground, path).json(&body), 422, slug).await;
    }
}

async fn too_many_lines(ground: &Ground) {
    let service = ground.world.service("office-business").unwrap();
    let order = |count: usize| {
        let lines = vec![json!({ "service_id": service, "quantity": 1 }); count];
        json!({ "account_id": ground.world.sample.account_id, "lines": lines })
    };
    for count in [101, 500] {
        let ask = post(ground, "/v1/orders").json(&order(count));
        ground.refused("47", ask, 422, "too-many-items").await;
        let ask = post(ground, "/v1/orders/quote").json(&order(count));
        ground.refused("47 quote", ask, 422, "too-many-items").await;
    }
    ground.accepted("47 limit", post(ground, "/v1/orders/quote").json(&order(100)), 200).await;
}
