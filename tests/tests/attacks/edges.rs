//! Every limit one below, at, and one above.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;

use api::http::limits::{
    BODY_BYTES, HEADER_BYTES, HEADER_LINES, IDEMPOTENCY_KEY_BYTES, ORDER_LINES, PAGE_MAX, PROVIDER_ID_BYTES,
    QUANTITY_MAX, TOKEN_BYTES, URI_BYTES, WEBHOOK_BODY_BYTES,
};
use domain::text::MAX_CODE_POINTS;
use serde_json::json;
use tests::world::random_hex;

use crate::ground::{Ask, Ground};
use crate::hooks::Hook;
use crate::raw;

#[tokio::test]
async fn every_limit_holds_exactly_where_it_is_said_to_be() {
    let ground = Ground::new().await;
    bodies(&ground).await;
    webhooks(&ground).await;
    lists(&ground).await;
    texts(&ground).await;
    keys_and_tokens(&ground).await;
    heads(&ground).await;
    ground.finish().await;
}

/// One below, at, one above: the first two pass.
fn around(limit: usize) -> [(usize, bool); 3] {
    [(limit - 1, true), (limit, true), (limit + 1, false)]
}

async fn passes(ground: &Ground, case: &str, ask: Ask, passes: bool, refusal: (u16, &str)) {
    let answer = ground.send(&ask).await;
    match passes {
        true => ground.check(case, answer.status < 300, format!("{} {:.200}", answer.status, answer.text)),
        false => ground.is_problem(case, &answer, refusal.0, refusal.1),
    }
}

async fn bodies(ground: &Ground) {
    for (bytes, good) in around(BODY_BYTES) {
        let body = ground.account("Padded").to_string();
        let padded = format!("{body}{}", " ".repeat(bytes - body.len()));
        let ask = Ask::post("/v1/accounts").by(ground.customer()).bytes(padded);
        passes(ground, &format!("body of {bytes}"), ask, good, (413, "too-large")).await;
    }
    // What is too large is not looked at any further. The accounts above are still being opened at the provider.
    ground.quiet().await;
    let ask = Ask::post("/v1/accounts").by(ground.customer()).header("Content-Type", "text/plain");
    ground.refused("body too large and no JSON", ask.untyped(" ".repeat(BODY_BYTES + 1)), 413, "too-large").await;
}

async fn webhooks(ground: &Ground) {
    for (bytes, good) in around(WEBHOOK_BODY_BYTES) {
        let mut hook = Hook::new(&format!("edge-{bytes}"), "order.completed", &json!({ "order_id": "none" }));
        let blank = bytes - hook.body.len();
        hook.body.push_str(&" ".repeat(blank));
        passes(ground, &format!("webhook of {bytes}"), hook.signed(ground), good, (413, "too-large")).await;
    }
}

async fn lists(ground: &Ground) {
    let service = ground.world.service("office-business").unwrap();
    for (lines, good) in around(ORDER_LINES) {
        let lines = vec![json!({ "service_id": service, "quantity": 1 }); lines];
        let body = json!({ "account_id": ground.world.sample.account_id, "lines": lines });
        let ask = Ask::post("/v1/orders/quote").by(ground.customer()).json(&body);
        passes(
            ground,
            &format!("{} lines", body["lines"].as_array().unwrap().len()),
            ask,
            good,
            (422, "too-many-items"),
        )
        .await;
    }
    for (limit, good) in around(PAGE_MAX as usize) {
        let ask = Ask::get(format!("/v1/orders?limit={limit}")).by(ground.customer());
        passes(ground, &format!("limit={limit}"), ask, good, (400, "invalid-query")).await;
    }
    for (quantity, good) in around(QUANTITY_MAX as usize) {
        let order = ground.order(u32::try_from(quantity).unwrap());
        let ask = Ask::post("/v1/orders/quote").by(ground.customer()).json(&order);
        passes(ground, &format!("quantity {quantity}"), ask, good, (422, "invalid-quantity")).await;
    }
}

async fn texts(ground: &Ground) {
    for (length, good) in around(200) {
        let filter = Ask::get(format!("/v1/accounts?q={}", "n".repeat(length))).by(ground.customer());
        passes(ground, &format!("q of {length}"), filter, good, (400, "invalid-query")).await;
        for character in ["n", "e\u{301}", "👍🏽", "🇩🇪", "👩\u{200d}👩\u{200d}👧\u{200d}👦"] {
            let ask = Ask::post("/v1/accounts").by(ground.customer()).json(&ground.account(&character.repeat(length)));
            passes(ground, &format!("{length} characters like {character}"), ask, good, (422, "invalid-text")).await;
        }
    }
    // What is one character to a reader may be made of many, and that has a limit of its own.
    for (parts, good) in around(MAX_CODE_POINTS) {
        let text = format!("a{}", "\u{301}".repeat(parts - 1));
        let ask = Ask::post("/v1/accounts").by(ground.customer()).json(&ground.account(&text));
        passes(ground, &format!("one character of {parts}"), ask, good, (422, "invalid-text")).await;
    }
    // An id of the provider's is a key of ours, and those are short.
    ground.quiet().await;
    let linked = format!("/v1/accounts/{}/provider-link", ground.world.sample.account_id);
    let id = json!({ "provider_account_id": "a".repeat(PROVIDER_ID_BYTES + 1) });
    let ask = Ask::new("PUT", &linked).by(&ground.world.tokens.operator).json(&id);
    ground.refused("a provider's id that is too long", ask, 422, "invalid-text").await;
}

async fn keys_and_tokens(ground: &Ground) {
    for (length, good) in around(IDEMPOTENCY_KEY_BYTES) {
        let key = format!("{}{}", random_hex(16), "k".repeat(length - 32));
        let ask = Ask::new("POST", "/v1/accounts").by(ground.customer()).header("Idempotency-Key", key);
        let case = format!("key of {length}");
        passes(ground, &case, ask.json(&ground.account("Keyed")), good, (400, "idempotency-key-invalid")).await;
    }
    for (length, read) in around(TOKEN_BYTES) {
        let token = "t".repeat(length - "Bearer ".len());
        let refusal = if read { (401, "token-invalid") } else { (431, "headers-too-large") };
        let ask = Ask::get("/v1/orders").by(&token);
        passes(ground, &format!("token of {length}"), ask, false, refusal).await;
    }
}

async fn heads(ground: &Ground) {
    let plain = "Host: localhost\r\nConnection: close\r\n";
    for (bytes, read) in around(URI_BYTES) {
        let request = format!("GET /{} HTTP/1.1\r\n{plain}\r\n", "a".repeat(bytes - 1));
        refused(ground, &format!("address of {bytes}"), &request, if read { 404 } else { 414 }).await;
    }
    for (lines, read) in around(HEADER_LINES) {
        let further = (2..lines).fold(String::new(), |mut further, n| {
            let _ = write!(further, "X-{n}: 1\r\n");
            further
        });
        let request = format!("GET /nowhere HTTP/1.1\r\n{plain}{further}\r\n");
        refused(ground, &format!("{lines} headers"), &request, if read { 404 } else { 431 }).await;
    }
    let named = "Hostlocalhost".len() + "Connectionclose".len() + "X".len();
    for (bytes, read) in around(HEADER_BYTES) {
        let request = format!("GET /nowhere HTTP/1.1\r\n{plain}X: {}\r\n\r\n", "a".repeat(bytes - named));
        refused(ground, &format!("headers of {bytes}"), &request, if read { 404 } else { 431 }).await;
    }
}

async fn refused(ground: &Ground, case: &str, request: &str, status: u16) {
    let reply = raw::exchange(ground.world.settings.api_port, request.as_bytes()).await;
    ground.check(case, reply.status == status && reply.answers == 1, format!("{} instead of {status}", reply.status));
}
