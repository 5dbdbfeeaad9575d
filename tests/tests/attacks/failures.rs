//! Failures within: the caller learns that it failed and nothing else, and everything goes on afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures::future::join_all;
use tests::client::{Answer, Client};
use tests::world::product::Settings;

use crate::forge::Forge;
use crate::ground::{Ask, Ground};

#[tokio::test]
async fn inner_failures_tell_nothing_and_pass() {
    let ground = Ground::new().await;
    bad_statement(&ground).await;
    locked_tables(&ground).await;
    no_key_set(&ground).await;
    ground.finish().await;
}

/// What a stranger would like to know.
fn tells_nothing(ground: &Ground, case: &str, answer: &Answer) {
    let secrets = ["select", "read_", "relation", "permission", "postgres", "sqlx", "src/", ".rs", "42", "pool", "0.1"];
    let told =
        answer.body["detail"].as_str().unwrap_or("no detail").to_owned() + answer.body["title"].as_str().unwrap_or("");
    for secret in secrets {
        ground.check(case, !told.contains(secret), format!("it tells of {secret}: {}", answer.text));
    }
}

/// The database refuses a statement of ours.
async fn bad_statement(ground: &Ground) {
    let list = || Ask::get("/v1/admin/dead-letters").by(&ground.world.tokens.operator);
    ground.accepted("106", list(), 200).await;
    execute(ground, "revoke select on dead_letters from cloudsales_app").await;
    let answer = ground.refused("106 statement", list(), 500, "internal").await;
    tells_nothing(ground, "106 statement", &answer);
    execute(ground, "grant select on dead_letters to cloudsales_app").await;
    ground.accepted("106 statement, afterwards", list(), 200).await;
}

/// Somebody holds a table: all connections wait, and then give up.
async fn locked_tables(ground: &Ground) {
    let mut blocker = ground.pool.begin().await.unwrap();
    sqlx::query("lock table read_orders in access exclusive mode").execute(&mut *blocker).await.unwrap();
    let list = Ask::get("/v1/orders").by(&ground.world.tokens.operator);
    let answers = join_all((0..60).map(|_| ground.send(&list))).await;
    for answer in &answers {
        let slug = answer.body["type"].as_str().unwrap_or_default();
        let away = answer.status == 503 && answer.headers.contains_key("retry-after");
        ground.check("106 pool", away, format!("{} {slug}", answer.status));
        tells_nothing(ground, "106 pool", answer);
    }
    blocker.rollback().await.unwrap();
    ground.world.operator().unwrap().wait_until("/v1/orders", |body| body["data"].is_array()).await.unwrap();
}

/// The issuer's keys cannot be fetched: nobody gets in, and everybody is told that it is not the token's fault.
async fn no_key_set(ground: &Ground) {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let settings = &ground.world.settings;
    let further = vec![("CLOUDSALES_TOKEN_JWKS_URL".to_owned(), format!("http://{closed}/keys"))];
    let ports = [tests::world::ports::reserve().unwrap(), tests::world::ports::reserve().unwrap()];
    let logs = ground.world.folder.join("no-keys-logs");
    std::fs::create_dir_all(&logs).unwrap();
    let twin = Settings { api_port: ports[0], internal_port: ports[1], further, logs, ..settings.clone() };
    let mut service = twin.serve().await.unwrap();
    let forge = Forge::of(&settings.dev_folder, &ground.world.tokens.operator);
    for token in [forge.claiming(&serde_json::json!({})), forge.headed(&serde_json::json!({ "kid": "unknown" }))] {
        let client = Client::new(&twin.api_url(), &token).unwrap();
        let answer = client.send(client.request(reqwest::Method::GET, "/v1/orders")).await.unwrap();
        ground.is_problem("106 key set", &answer, 503, "unavailable");
        tells_nothing(ground, "106 key set", &answer);
    }
    let client = Client::new(&twin.api_url(), "").unwrap();
    let made = client.send(client.request(reqwest::Method::POST, "/dev/token").body("{}")).await.unwrap();
    ground.is_problem("106 no development tokens with a real issuer", &made, 404, "not-found");
    ground.check("106 key set", service.is_running(), "the process is gone");
    service.stop().await.unwrap();
}

async fn execute(ground: &Ground, statement: &str) {
    sqlx::query(statement).execute(&ground.pool).await.unwrap();
}
