//! Idempotency keys and versions, missing, odd, reused, raced.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures::future::join_all;
use serde_json::json;
use tests::world::random_hex;

use crate::ground::{Ask, Ground, comparable};

#[tokio::test]
async fn a_key_stands_for_one_request_of_one_tenant() {
    let ground = Ground::new().await;
    odd_keys(&ground).await;
    reused_keys(&ground).await;
    reused_for_another_query(&ground).await;
    keys_of_others(&ground).await;
    raced_keys(&ground).await;
    refusals_leave_the_key_free(&ground).await;
    versions(&ground).await;
    raced_versions(&ground).await;
    ground.finish().await;
}

fn open(ground: &Ground, name: &str) -> Ask {
    Ask::new("POST", "/v1/accounts").by(ground.customer()).json(&ground.account(name))
}

async fn odd_keys(ground: &Ground) {
    for path in ["/v1/accounts", "/v1/orders", "/v1/customers", "/v1/catalogue/sync"] {
        let ask = Ask::new("POST", path).by(&ground.world.tokens.operator).json(&json!({}));
        ground.refused(&format!("68 {path}"), ask, 400, "idempotency-key-missing").await;
    }
    let odd: [&[u8]; 7] = [b"", b"a b", b" ", "ü".as_bytes(), &[b'k'; 256], b"a\tb", b"\xff"];
    for key in odd {
        let ask = open(ground, "a").header("Idempotency-Key", key);
        ground.refused(&format!("69 {:?}", String::from_utf8_lossy(key)), ask, 400, "idempotency-key-invalid").await;
        let path = format!("/v1/accounts/{}", ground.world.sample.account_id);
        let put = Ask::new("PUT", path).by(ground.customer()).json(&json!({ "name": "a" }));
        ground.refused("69 PUT", put.header("Idempotency-Key", key), 400, "idempotency-key-invalid").await;
    }
    let two = open(ground, "a").header("Idempotency-Key", "one").header("Idempotency-Key", "one");
    ground.refused("69 two", two, 400, "idempotency-key-invalid").await;
    ground.accepted("69 longest", open(ground, "a").header("Idempotency-Key", [b'k'; 255]), 201).await;
}

async fn reused_keys(ground: &Ground) {
    let key = random_hex(8);
    let first = ground.accepted("70", open(ground, "First").header("Idempotency-Key", key.as_str()), 201).await;
    ground.quiet().await;
    let before = ground.head().await;
    let again = ground.accepted("70 again", open(ground, "First").header("Idempotency-Key", key.as_str()), 201).await;
    ground.check("70 again", again.body == first.body, &again.text);
    ground.check(
        "70 again",
        again.headers.contains_key("idempotency-replayed"),
        "it does not say that it is a repetition",
    );
    ground.check("70 again", ground.head().await == before, "events were written");
    let account = format!("/v1/accounts/{}", first.id().unwrap());
    let others = [
        ("other body", open(ground, "Second")),
        (
            "body with a blank",
            Ask { body: Some(ground.account("First").to_string().replace(',', ", ").into()), ..open(ground, "") },
        ),
        ("other query", Ask { path: "/v1/accounts?a=b".to_owned(), ..open(ground, "First") }),
        ("other path", Ask::new("POST", "/v1/orders").by(ground.customer()).json(&ground.order(1))),
        ("other method", Ask::new("PUT", account.as_str()).by(ground.customer()).json(&json!({ "name": "First" }))),
        ("DELETE", Ask::new("DELETE", account.as_str()).by(ground.customer())),
    ];
    for (case, ask) in others {
        let ask = ask.header("Idempotency-Key", key.as_str());
        ground.refused(&format!("70 {case}"), ask, 422, "idempotency-key-reused").await;
    }
}

/// What an address may say is part of the request.
async fn reused_for_another_query(ground: &Ground) {
    let (key, path) = (random_hex(8), "/v1/notification-preferences");
    let set = |path: String| {
        let ask = Ask::new("PUT", path).by(ground.customer()).json(&json!({ "locale": "de" }));
        ask.header("Idempotency-Key", key.as_str())
    };
    ground.accepted("70 first", set(path.to_owned()), 200).await;
    ground.quiet().await;
    let named = format!("{path}?customer_id={}", ground.world.sample.customer_id);
    ground.refused("70 other query", set(named), 422, "idempotency-key-reused").await;
}

async fn keys_of_others(ground: &Ground) {
    let key = random_hex(8);
    let own = ground.accepted("72 own", open(ground, "Own").header("Idempotency-Key", key.as_str()), 201).await;
    let body = json!({ "customer_id": ground.world.sample.other_customer_id, "name": "Other" });
    let ask = Ask::new("POST", "/v1/accounts").by(ground.other()).json(&body).header("Idempotency-Key", key.as_str());
    let other = ground.accepted("72 other", ask, 201).await;
    ground.check("72", own.body["id"] != other.body["id"] && other.body["name"] == "Other", &other.text);
    // The very same request under the same key, by somebody who may not see its outcome.
    let key = random_hex(8);
    ground.accepted("72 own", open(ground, "Own").header("Idempotency-Key", key.as_str()), 201).await;
    ground.quiet().await;
    let ask = open(ground, "Own").by(ground.other()).header("Idempotency-Key", key.as_str());
    let answer = ground.refused("72 no leak", ask, 404, "not-found").await;
    let fresh = open(ground, "Own").by(ground.other()).header("Idempotency-Key", random_hex(8));
    let unused = ground.refused("72 unused key", fresh, 404, "not-found").await;
    ground.check("72 no leak", comparable(&answer) == comparable(&unused), &answer.text);
    // Staff shares keys, roles do not share rights.
    let key = random_hex(8);
    let ask = |token: &str| open(ground, "Staff").by(token).header("Idempotency-Key", key.as_str());
    ground.accepted("72 operator", ask(&ground.world.tokens.operator), 201).await;
    ground.quiet().await;
    for token in [&ground.world.tokens.auditor, &ground.world.tokens.service] {
        ground.refused("72 auditor, service", ask(token), 403, "forbidden").await;
    }
}

async fn raced_keys(ground: &Ground) {
    let key = random_hex(8);
    let count = "select count(*) from events where event_type = 'AccountOpened'";
    let before: i64 = sqlx::query_scalar(count).fetch_one(&ground.pool).await.unwrap();
    let ask = open(ground, "Raced").header("Idempotency-Key", key.as_str());
    let answers = join_all((0..20).map(|_| ground.send(&ask))).await;
    let first = &answers[0];
    for answer in &answers {
        let same = answer.status == 201 && answer.body == first.body;
        ground.check("71", same, format!("{} {}", answer.status, answer.text));
    }
    let fresh = answers.iter().filter(|answer| !answer.headers.contains_key("idempotency-replayed")).count();
    ground.check("71", fresh == 1, format!("{fresh} of them claim to be the first"));
    let after: i64 = sqlx::query_scalar(count).fetch_one(&ground.pool).await.unwrap();
    ground.check("71", after - before == 1, format!("{} accounts were opened", after - before));
    ground.quiet().await;
}

async fn refusals_leave_the_key_free(ground: &Ground) {
    let key = random_hex(8);
    let refused = open(ground, "").header("Idempotency-Key", key.as_str());
    ground.refused("70 refused", refused, 422, "invalid-text").await;
    let foreign = json!({ "customer_id": ground.world.sample.other_customer_id, "name": "Foreign" });
    let foreign = Ask::new("POST", "/v1/accounts").by(ground.customer()).json(&foreign);
    ground.refused("70 foreign", foreign.header("Idempotency-Key", key.as_str()), 404, "not-found").await;
    ground.accepted("70 then good", open(ground, "Good").header("Idempotency-Key", key.as_str()), 201).await;
    ground.quiet().await;
}

async fn versions(ground: &Ground) {
    let path = format!("/v1/accounts/{}", ground.world.sample.account_id);
    let put = |tag: &str| {
        Ask::new("PUT", path.as_str()).by(ground.customer()).json(&json!({ "name": "Tagged" })).header("If-Match", tag)
    };
    for tag in ["W/\"2\"", "\"0\"", "\"999\"", "\"-1\"", "2", "\"x\"", "", "\"9223372036854775808\"", "'2'", "W/*"] {
        ground.refused(&format!("67 {tag}"), put(tag), 412, "precondition-failed").await;
    }
    let foreign = format!("/v1/accounts/{}", ground.world.sample.other_account_id);
    let foreign =
        Ask::new("PUT", foreign).by(ground.customer()).json(&json!({ "name": "a" })).header("If-Match", "\"1\"");
    ground.refused("67 foreign", foreign, 404, "not-found").await;
}

async fn raced_versions(ground: &Ground) {
    let path = format!("/v1/accounts/{}", ground.world.sample.account_id);
    let shown = ground.accepted("66", Ask::get(path.as_str()).by(ground.customer()), 200).await;
    let tag = shown.headers.get("etag").unwrap().as_bytes().to_vec();
    let before = ground.head().await;
    let asks: Vec<Ask> = (0..50)
        .map(|n| Ask::new("PUT", path.as_str()).by(ground.customer()).json(&json!({ "name": format!("Name {n}") })))
        .map(|ask| ask.header("If-Match", tag.as_slice()))
        .collect();
    let answers = join_all(asks.iter().map(|ask| ground.send(ask))).await;
    let of = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    ground.check("66", (of(200), of(412)) == (1, 49), format!("{} were done, {} refused", of(200), of(412)));
    ground.check("66", ground.head().await == before + 1, "not exactly one event was written");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        ground.is_problem("66", answer, 412, "precondition-failed");
    }
    ground.quiet().await;
}
