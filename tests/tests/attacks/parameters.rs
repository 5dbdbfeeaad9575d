//! Parameters in the addresses of writes: what nobody reads there is refused, as it is of reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;
use tests::world::random_hex;

use crate::ground::{Ask, Ground};
use crate::hooks::Hook;
use crate::shapes::{self, Documented, Form, Things};

#[tokio::test]
async fn a_write_takes_no_parameter_that_it_does_not_read() {
    let ground = Ground::new().await;
    let things = things(&ground);
    let writes: Vec<Documented> =
        shapes::documented().into_iter().filter(|one| one.needs_token && one.method != "GET").collect();
    assert!(writes.len() > 40, "{} writes", writes.len());
    for write in &writes {
        refused_of(&ground, write, &things).await;
    }
    odd(&ground).await;
    order_of_checks(&ground).await;
    under_a_key(&ground).await;
    others_keep_their_rules(&ground).await;
    ground.finish().await;
}

fn things(ground: &Ground) -> Things {
    let sample = &ground.world.sample;
    let [order, scheduled, subscription] = ["0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d"; 3].map(str::to_owned);
    let service = ground.world.service("office-business").unwrap().to_owned();
    let (customer, account) = (sample.customer_id.clone(), sample.account_id.clone());
    Things { customer, account, order, scheduled, subscription, service }
}

/// As it would be well-formed, with something more in its address. An operator may do all of them.
async fn refused_of(ground: &Ground, write: &Documented, things: &Things) {
    let shape = shapes::of(&write.id).expect("a case for each operation");
    let mut ask = shape.request(write, things, Form::Good).by(&ground.world.tokens.operator);
    let joint = if ask.path.contains('?') { '&' } else { '?' };
    ask.path = format!("{}{joint}nonsense=1", ask.path);
    let name = format!("unknown parameter of {}", write.id);
    let answer = ground.refused(&name, ask, 400, "invalid-query").await;
    let pointed = answer.body["errors"][0]["pointer"] == "/nonsense";
    ground.check(&name, pointed, &answer.text);
}

async fn odd(ground: &Ground) {
    let queries = [
        "dry_run=true",
        "min_position=0",
        "customer_id=1",
        "access_token=abc",
        "a=1&a=2",
        "=",
        "%00=1",
        "%ff=1",
        "%zz",
        "name",
    ];
    let account = format!("/v1/accounts/{}", ground.world.sample.account_id);
    for query in queries {
        let asks = [
            Ask::post(format!("/v1/accounts?{query}")).json(&ground.account("Never opened")),
            Ask::post(format!("/v1/orders/quote?{query}")).json(&ground.order(1)),
            Ask::new("PUT", format!("{account}?{query}")).json(&json!({ "name": "Never renamed" })),
            Ask::new("DELETE", format!("{account}?{query}")),
        ];
        for ask in asks {
            let name = format!("{} {}", ask.method, ask.path);
            ground.refused(&name, ask.by(ground.customer()), 400, "invalid-query").await;
        }
    }
    // A question mark alone asks for nothing.
    let ask = Ask::post("/v1/orders/quote?").by(ground.customer()).json(&ground.order(1));
    ground.accepted("an empty query", ask, 200).await;
}

/// Who asks, its role, its key and the kind of its body are judged before, the fields of the body afterwards.
async fn order_of_checks(ground: &Ground) {
    let path = "/v1/accounts?nonsense=1";
    let (customer, auditor) = (ground.customer(), ground.world.tokens.auditor.as_str());
    let unknown = json!({ "nonsense": 1 });
    let cases = [
        (Ask::post(path).json(&unknown), 401, "unauthenticated"),
        (Ask::post(path).by(auditor).json(&unknown), 403, "forbidden"),
        (Ask::new("POST", path).by(customer).json(&unknown), 400, "idempotency-key-missing"),
        (Ask::post(path).by(customer).bytes(" ".repeat(64 * 1024 + 1)), 413, "too-large"),
        (Ask::post(path).by(customer).untyped("{}"), 415, "unsupported-media-type"),
        (Ask::post(path).by(customer).json(&unknown), 400, "invalid-query"),
    ];
    for (ask, status, slug) in cases {
        ground.refused(&format!("{slug} before"), ask, status, slug).await;
    }
    let absent = "/v1/orders/0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d/cancel?nonsense=1";
    ground.refused("before what is asked of", Ask::new("PUT", absent).by(customer), 400, "invalid-query").await;
}

/// The refusal leaves the key free; once that is used, it is what the request is refused for.
async fn under_a_key(ground: &Ground) {
    let (key, path) = (random_hex(8), "/v1/accounts?nonsense=1");
    let open = |path: &str| {
        let ask = Ask::new("POST", path).by(ground.customer()).json(&ground.account("Opened once"));
        ask.header("Idempotency-Key", key.as_str())
    };
    ground.refused("a fresh key", open(path), 400, "invalid-query").await;
    let opened = ground.accepted("the same key", open("/v1/accounts"), 201).await;
    ground.check("the same key", !opened.headers.contains_key("idempotency-replayed"), "the refusal was kept");
    ground.quiet().await;
    ground.refused("a used key", open(path), 422, "idempotency-key-reused").await;
}

/// A provider may have been given any address to send to, and development is no part of the contract.
async fn others_keep_their_rules(ground: &Ground) {
    let hook = Hook::new("with-a-query", "order.completed", &json!({ "order_id": "none" }));
    let mut ask = hook.signed(ground);
    ask.path.push_str("?nonsense=1");
    ground.accepted("a webhook with a query", ask, 202).await;
    let token = Ask::new("POST", "/dev/token?nonsense=1").json(&json!({ "role": "auditor" }));
    ground.accepted("a token with a query", token, 200).await;
}
