//! Addresses, methods, parameters and cursors that lead nowhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::ground::{Ask, Ground};
use crate::raw;

#[tokio::test]
async fn there_is_no_way_around_the_routes() {
    let ground = Ground::new().await;
    detours(&ground).await;
    internals(&ground).await;
    methods(&ground).await;
    parameters(&ground).await;
    cursors(&ground).await;
    override_method(&ground).await;
    ground.finish().await;
}

async fn detours(ground: &Ground) {
    let token = &ground.world.tokens.operator;
    let account = &ground.world.sample.account_id;
    let before = ground.head().await;
    let paths = [
        "//v1/orders".to_owned(),
        "/v1//orders".to_owned(),
        "/V1/orders".to_owned(),
        "/V1/ADMIN/effects".to_owned(),
        "/v1/orders/..%2fadmin/effects".to_owned(),
        "/v1/..%2fadmin".to_owned(),
        "/v1/orders/../admin/effects".to_owned(),
        "/v1/%2e%2e/v1/orders".to_owned(),
        "/v1/orders;a=b".to_owned(),
        "/v1/orders;/".to_owned(),
        "/v1/orders.".to_owned(),
        "/v1/orders/".to_owned(),
        "/v1/orders%00".to_owned(),
        "/v1/orders/%00".to_owned(),
        "/v1/orders/%ff".to_owned(),
        "/v1/orders/%".to_owned(),
        "/v1/orders/%zz".to_owned(),
        "/v1/orders/1".to_owned(),
        "/v1/orders/quote".to_owned(),
        format!("/v1/accounts/{account}%00"),
        format!("/v1/accounts/{account}%0a"),
        format!("/v1/accounts/{{{account}}}"),
        format!("/v1/accounts/urn:uuid:{account}"),
        format!("/v1/accounts/{}", account.replace('-', "")),
        format!("/v1/accounts/{account}/../{account}"),
        "/v1/audit/streams/order/%00".to_owned(),
        "/v1/audit/streams/%00/x".to_owned(),
        "/v1/audit/streams/order/%00/state".to_owned(),
        "/v1/audit/streams/order/%ff/state".to_owned(),
        format!("/v1/audit/streams/Account/{account}"),
        format!("/v1/audit/streams/order/{}", "x".repeat(4_000)),
    ];
    for path in paths {
        let case = format!("27 {path:.80}");
        let reply = asked(ground, "GET", &path, token).await;
        ground.check(&case, is_nowhere(&path, &reply), format!("{} {:.300} {}", reply.status, reply.head, reply.body));
    }
    ground.check("27", ground.head().await == before, "events were written");
}

/// 404, but for the one path that exists with another method.
fn is_nowhere(path: &str, reply: &raw::Reply) -> bool {
    let expected = if path == "/v1/orders/quote" { (405, "method-not-allowed") } else { (404, "not-found") };
    (reply.status, reply.slug()) == expected
}

async fn asked(ground: &Ground, method: &str, path: &str, token: &str) -> raw::Reply {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    raw::exchange(ground.world.settings.api_port, head.as_bytes()).await
}

/// What the public listener does not have.
async fn internals(ground: &Ground) {
    let token = &ground.world.tokens.operator;
    let paths = [
        "/metrics",
        "/readyz",
        "/admin",
        "/v1/admin",
        "/debug",
        "/debug/pprof",
        "/.env",
        "/.git/config",
        "/.dev/signing-key.pem",
        "/openapi.yaml",
        "/swagger.json",
        "/openapi.json/internal",
        "/server-status",
        "/actuator/env",
        "/dev",
        "/dev/keys",
        "/.well-known/signing-key.pem",
        "/docs/../../Cargo.toml",
        "/docs/%2e%2e/%2e%2e/Cargo.toml",
        "/",
        "/v1",
    ];
    for path in paths {
        let reply = asked(ground, "GET", path, token).await;
        let nowhere = (reply.status, reply.slug()) == (404, "not-found");
        ground.check(&format!("105 {path}"), nowhere, format!("{} {}", reply.status, reply.body));
    }
    let document = ground.send(&Ask::get("/openapi.json")).await;
    for inside in ["/metrics", "/readyz", "/sim/", "postgres", "password"] {
        ground.check("105", !document.text.contains(inside), format!("the document tells of {inside}"));
    }
}

async fn methods(ground: &Ground) {
    let token = &ground.world.tokens.operator;
    let account = format!("/v1/accounts/{}", ground.world.sample.account_id);
    let before = ground.head().await;
    for path in
        ["/v1/orders", account.as_str(), "/v1/webhooks/ccp", "/v1/webhooks/payments", "/openapi.json", "/healthz"]
    {
        for method in ["TRACE", "PROPFIND", "LOCK", "PATCH", "QUERY", "get", "A-VERY-LONG-METHOD-NAME-OF-NOBODY"] {
            let reply = asked(ground, method, path, token).await;
            let refused = (reply.status, reply.slug()) == (405, "method-not-allowed");
            let case = format!("29 {method} {path}");
            ground.check(&case, refused, format!("{} {}", reply.status, reply.body));
            ground.check(&case, reply.head.contains("\r\nallow: "), "no Allow");
        }
    }
    for target in ["internal:5432", "127.0.0.1:22"] {
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n");
        let reply = raw::exchange(ground.world.settings.api_port, head.as_bytes()).await;
        let refused = matches!(reply.status, 400 | 404 | 405) && reply.answers == 1;
        ground.check("29 CONNECT", refused, format!("{} {}", reply.status, reply.body));
    }
    ground.check("29", ground.head().await == before, "events were written");
}

/// Queries for a list of orders that no list takes.
fn bad_queries(customer: &str) -> Vec<String> {
    let many: Vec<String> = (0..33).map(|n| format!("p{n}=1")).collect();
    vec![
        "limit=0".to_owned(),
        "limit=-1".to_owned(),
        "limit=101".to_owned(),
        "limit=1000000000".to_owned(),
        "limit=99999999999999999999".to_owned(),
        "limit=".to_owned(),
        "limit=1e2".to_owned(),
        "limit=%2B1".to_owned(),
        "limit=1&limit=2".to_owned(),
        "nonsense=1".to_owned(),
        "status=placed,".to_owned(),
        "status=everything".to_owned(),
        "customer_id=1".to_owned(),
        format!("customer_id={customer}%00"),
        format!("customer_id={{{customer}}}"),
        format!("customer_id={customer}'--"),
        "name=%00".to_owned(),
        "name=%ff".to_owned(),
        "name=%0d%0aSet-Cookie:%20a=b".to_owned(),
        "name=%e2%80%ae".to_owned(),
        format!("name={}", "x".repeat(801)),
        "from=yesterday".to_owned(),
        "from=2025-02-30".to_owned(),
        "from=2025-02-30T00:00:00Z".to_owned(),
        "from=2025-01-01T24:00:00Z".to_owned(),
        "from=2025-01-01T00:00:00".to_owned(),
        "from=10000-01-01T00:00:00Z".to_owned(),
        "to=0001-01-01T00:00:00Z".to_owned(),
        "min_position=-1".to_owned(),
        "min_position=1.5".to_owned(),
        "min_position=9223372036854775808".to_owned(),
        "%00=1".to_owned(),
        many.join("&"),
    ]
}

async fn parameters(ground: &Ground) {
    for query in bad_queries(&ground.world.sample.customer_id) {
        let ask = Ask::get(format!("/v1/orders?{query}")).by(ground.customer());
        ground.refused(&format!("30 {query:.80}"), ask, 400, "invalid-query").await;
    }
    // What is asked is judged before what it is asked of is looked for.
    for path in ["accounts/1/subscriptions", "accounts/1/subscriptions/1/licences", "subscriptions/1/licences"] {
        let ask = Ask::get(format!("/v1/{path}?nonsense=1")).by(ground.customer());
        ground.refused(&format!("30 {path}"), ask, 400, "invalid-query").await;
    }
    let ahead = Ask::get("/v1/orders?min_position=9223372036854775807").by(ground.customer());
    ground.refused("30 position ahead", ahead, 400, "min-position-ahead").await;
    let of_the_log = [
        "stream=order",
        "stream=orders/1",
        "stream=order/1&aggregate=invoice",
        "stream=order/%00",
        "after_position=-1",
        "aggregate=%00",
        "aggregate=orders",
        "actor=%00",
        "type=%0a",
        "type=orderplaced",
    ];
    for query in of_the_log {
        let ask = Ask::get(format!("/v1/audit/events?{query}")).by(&ground.world.tokens.auditor);
        ground.refused(&format!("30 audit {query}"), ask, 400, "invalid-query").await;
    }
    // Patterns of the database are text like any other.
    for (query, found) in [("name=%25", 0), ("name=_", 0), ("name=%5c", 0), ("name='%3b--", 0)] {
        let listed = ground.accepted(query, Ask::get(format!("/v1/orders?{query}")).by(ground.customer()), 200).await;
        ground.check(&format!("30 {query}"), listed.body["data"].as_array().map(Vec::len) == Some(found), &listed.text);
    }
}

async fn cursors(ground: &Ground) {
    for at in 0..3 {
        let ask = Ask::post("/v1/orders").by(ground.customer()).json(&ground.order(1 + at));
        ground.accepted("30 order", ask, 201).await;
    }
    ground.quiet().await;
    let page = ground.accepted("30 page", Ask::get("/v1/orders?limit=1").by(ground.customer()), 200).await;
    let cursor = page.text_of("next_cursor").unwrap();
    ground.accepted("30 own", Ask::get(format!("/v1/orders?cursor={cursor}")).by(ground.customer()), 200).await;
    let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let bent = URL_SAFE_NO_PAD.encode(&bytes);
    let forged = URL_SAFE_NO_PAD.encode([vec![0; 16], json!({ "k": "1", "id": "" }).to_string().into_bytes()].concat());
    let own = |cursor: &str| (ground.customer().to_owned(), format!("/v1/orders?cursor={cursor}"));
    let cases = [
        ("altered", own(&bent)),
        ("forged", own(&forged)),
        ("text", own("1")),
        ("empty", own("")),
        ("SQL", own("%27%20or%201%3D1")),
        ("long", own(&"A".repeat(2_000))),
        ("of another list", (ground.customer().to_owned(), format!("/v1/accounts?cursor={cursor}"))),
        ("of other filters", (ground.customer().to_owned(), format!("/v1/orders?status=placed&cursor={cursor}"))),
        ("of another customer", (ground.other().to_owned(), format!("/v1/orders?cursor={cursor}"))),
        ("of another role", (ground.reseller().to_owned(), format!("/v1/orders?cursor={cursor}"))),
        ("of the operator", (ground.world.tokens.operator.clone(), format!("/v1/orders?cursor={cursor}"))),
    ];
    for (case, (token, path)) in cases {
        ground.refused(&format!("30 {case}"), Ask::get(path).by(&token), 400, "invalid-cursor").await;
    }
}

/// A header does not make a POST of one thing a DELETE of another.
async fn override_method(ground: &Ground) {
    let account = &ground.world.sample.account_id;
    let ask = Ask::post(format!("/v1/accounts/{account}?_method=DELETE")).by(ground.customer());
    let ask = ask.header("X-HTTP-Method-Override", "DELETE").json(&json!({}));
    ground.refused("26", ask, 405, "method-not-allowed").await;
    let shown = ground.accepted("26", Ask::get(format!("/v1/accounts/{account}")).by(ground.customer()), 200).await;
    ground.check("26", shown.body["status"] == "active", "the account is no longer active");
}
