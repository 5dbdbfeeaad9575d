//! Marked words in every field, and where they may not turn up: logs, events, errors, metrics, any other table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use sqlx::Row;
use tests::client::Answer;
use tests::world::random_hex;

use crate::ground::{Ask, Ground};
use crate::hooks::{Hook, all_applied};

/// A word nobody else would write.
struct Canary {
    of: String,
    word: String,
}

#[tokio::test]
async fn what_is_personal_or_secret_stays_where_it_belongs() {
    let ground = Ground::new().await;
    let personal = Canaries::default();
    let (personal, business) = live(&ground, personal).await;
    let secrets = secrets(&ground);
    let refused = refusals(&ground).await;
    all_applied(&ground).await;
    in_tables(&ground, &personal.0, "personal").await;
    in_tables(&ground, &secrets, "secret").await;
    let mut quiet = personal.0;
    quiet.extend(secrets);
    quiet.extend(refused);
    quiet.extend(business.0);
    in_logs(&ground, &quiet);
    in_metrics(&ground, &quiet).await;
    ground.finish().await;
}

#[derive(Default)]
struct Canaries(Vec<Canary>);

impl Canaries {
    fn word(&mut self, of: &str) -> String {
        let word = format!("canary{}", random_hex(6));
        self.0.push(Canary { of: of.to_owned(), word: word.clone() });
        word
    }

    fn number(&mut self, of: &str) -> String {
        let word = format!("49{:010}", u32::from_str_radix(&random_hex(4), 16).unwrap());
        self.0.push(Canary { of: of.to_owned(), word: word.clone() });
        word
    }
}

/// Everything with every field filled: a customer, an account, an order with its licences. What is personal, and what
/// is not but has no place in a log either.
async fn live(ground: &Ground, mut personal: Canaries) -> (Canaries, Canaries) {
    let mut business = Canaries::default();
    let reseller = ground.world.reseller().unwrap();
    let body = registration(&mut personal, &mut business);
    let customer = reseller.post("/v1/customers", "canary", &body, 201).await.unwrap();
    let contact = contact(&mut personal, "account's contact");
    let body =
        json!({ "customer_id": customer.id().unwrap(), "name": business.word("account's name"), "contact": contact });
    let account = reseller.post("/v1/accounts", "canary/account", &body, 201).await.unwrap().id().unwrap();
    let path = format!("/v1/accounts/{account}");
    reseller.wait_until(&path, |body| body["status"] == "active").await.unwrap();
    let change =
        json!({ "name": business.word("account's new name"), "contact": self::contact(&mut personal, "new contact") });
    let put = Ask::new("PUT", path.as_str()).by(ground.reseller()).json(&change);
    ground.accepted("107 change", put, 200).await;
    let mut order = ground.order_for(&account, 3);
    order["name"] = json!(business.word("order's name"));
    order["purchase_order"] = json!(business.word("purchase order"));
    let order = reseller.post("/v1/orders", "canary/order", &order, 201).await.unwrap().id().unwrap();
    let done = |body: &Value| body["status"] == "fulfilled";
    let shown = reseller.wait_until(&format!("/v1/orders/{order}"), done).await.unwrap();
    let subscription = shown.body["lines"][0]["subscription_id"].as_str().unwrap();
    ground.quiet().await;
    let listed = reseller.get(&format!("/v1/subscriptions/{subscription}/licences")).await.unwrap();
    for licence in listed.body["data"].as_array().unwrap() {
        let word = licence["key"].as_str().unwrap().to_owned();
        personal.0.push(Canary { of: "licence key".to_owned(), word });
    }
    ground.check("107", personal.0.len() == 15, format!("{} canaries are out", personal.0.len()));
    let searched = personal.0.iter().map(|canary| format!("/v1/customers?q={}", canary.word));
    for path in searched {
        ground.send(&Ask::get(path).by(&ground.world.tokens.operator)).await;
    }
    (personal, business)
}

fn contact(personal: &mut Canaries, of: &str) -> Value {
    let name = personal.word(&format!("{of}, name"));
    let email = personal.word(&format!("{of}, e-mail"));
    let phone = personal.number(&format!("{of}, telephone"));
    json!({ "name": name, "email": format!("{email}@canary.example"), "phone": format!("+{phone}") })
}

fn registration(personal: &mut Canaries, business: &mut Canaries) -> Value {
    let contact = contact(personal, "customer's contact");
    let address = json!({
        "street": personal.word("street"), "city": personal.word("city"), "postal_code": personal.word("postal code"),
        "country": "DE",
    });
    json!({
        "name": business.word("customer's name"), "kind": "direct", "country": "DE", "currency": "EUR",
        "legal_name": business.word("legal name"), "buyer_reference": business.word("buyer reference"),
        "electronic_address": { "scheme": "0204", "id": business.word("electronic address") },
        "contact": contact, "address": address,
    })
}

/// What nobody may ever read anywhere.
fn secrets(ground: &Ground) -> Vec<Canary> {
    let (settings, tokens) = (&ground.world.settings, &ground.world.tokens);
    let password = |url: &str| reqwest::Url::parse(url).unwrap().password().unwrap().to_owned();
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let key = std::fs::read_to_string(settings.dev_folder.join("signing-key.pem")).unwrap();
    let key = key.lines().find(|line| !line.starts_with('-')).unwrap().to_owned();
    let all = [
        ("app's password", password(&settings.databases.app)),
        ("owner's password", password(&settings.databases.owner)),
        ("auditor's password", password(&settings.databases.auditor)),
        ("message server's password", password(&settings.mirror.nats_url)),
        ("webhook secret", settings.provider.webhook_secret.trim_start_matches("whsec_").to_owned()),
        ("client secret", settings.provider.client_secret.clone()),
        ("signing key", key),
        ("operator's token", signature(&tokens.operator)),
        ("customer's token", signature(ground.customer())),
        ("reseller's token", signature(ground.reseller())),
    ];
    all.into_iter().map(|(of, word)| Canary { of: of.to_owned(), word }).collect()
}

/// Marked words as values of every field that must be refused: no answer says them again.
async fn refusals(ground: &Ground) -> Vec<Canary> {
    let mut canaries = Canaries::default();
    let reseller = ground.reseller();
    let registration = registration(&mut Canaries::default(), &mut Canaries::default());
    for pointer in [
        "/kind",
        "/country",
        "/currency",
        "/reseller_id",
        "/contact/email",
        "/contact/phone",
        "/contact",
        "/address",
        "/address/country",
        "/electronic_address",
    ] {
        let mut body = registration.clone();
        let (object, name) = pointer.rsplit_once('/').unwrap();
        let word = canaries.word(pointer);
        body.pointer_mut(object).unwrap()[name] = json!(word);
        let answer = ground.send(&Ask::post("/v1/customers").by(reseller).json(&body)).await;
        says_nothing(ground, pointer, &answer, &word, 422);
    }
    for pointer in ["/account_id", "/payment", "/start_on", "/lines", "/lines/0/service_id", "/lines/0/quantity"] {
        let mut body = ground.order(1);
        let word = canaries.word(pointer);
        *body.pointer_mut(pointer).unwrap_or(&mut Value::Null) = json!(word);
        if body.pointer(pointer).is_none() {
            body[pointer.trim_start_matches('/')] = json!(word);
        }
        let answer = ground.send(&Ask::post("/v1/orders").by(reseller).json(&body)).await;
        says_nothing(ground, pointer, &answer, &word, 422);
    }
    let word = canaries.word("headers and query");
    let asks = [
        (400, Ask::post("/v1/accounts").by(reseller).bytes(format!("{{\"name\":\"{word}\" {word}"))),
        (401, Ask::get("/v1/customers").by(&word)),
        (401, Ask::get("/v1/customers").header("Authorization", format!("Basic {word}"))),
        (400, Ask::new("POST", "/v1/accounts").by(reseller).header("Idempotency-Key", format!("{word} ü"))),
        (400, Ask::get(format!("/v1/customers?status={word}")).by(reseller)),
        (400, Ask::get(format!("/v1/customers?cursor={word}")).by(reseller)),
        (404, Ask::get(format!("/v1/customers/{word}")).by(reseller)),
        (404, Ask::get(format!("/{word}")).by(reseller)),
        (415, Ask::post("/v1/accounts").by(reseller).header("Content-Type", word.as_str()).untyped("{}")),
        (
            412,
            Ask::new("DELETE", format!("/v1/accounts/{}", ground.world.sample.account_id))
                .by(reseller)
                .header("If-Match", word.as_str()),
        ),
        (401, Hook::new("canary", &word, &json!({})).with(&word)),
    ];
    for (status, ask) in asks {
        let answer = ground.send(&ask).await;
        says_nothing(ground, &ask.path, &answer, &word, status);
    }
    canaries.0
}

fn says_nothing(ground: &Ground, case: &str, answer: &Answer, word: &str, status: u16) {
    ground.check(&format!("107 {case}"), answer.status == status, format!("{} {}", answer.status, answer.text));
    ground.check(&format!("107 {case}"), !answer.text.contains(word), &answer.text);
    let inside = ["sqlx", "postgres", "PG", "select ", "src/", ".rs", "panicked", "hyper", "serde"];
    for word in inside {
        ground.check(
            &format!("107 {case}"),
            !answer.text.contains(word),
            format!("it tells of {word}: {}", answer.text),
        );
    }
}

/// Every table, row by row, as text: only `personal_data` may hold them.
async fn in_tables(ground: &Ground, canaries: &[Canary], kind: &str) {
    let tables = "select tablename::text from pg_tables where schemaname = 'public' and tablename <> 'personal_data'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&ground.pool).await.unwrap();
    ground.check("107", tables.len() > 15 && tables.iter().any(|table| table == "events"), "tables are missing");
    for table in tables {
        let rows = sqlx::query(&format!("select t::text as row from {table} t")).fetch_all(&ground.pool).await.unwrap();
        let rows: Vec<String> = rows.iter().map(|row| row.get("row")).collect();
        for canary in canaries {
            let found = rows.iter().find(|row| row.contains(&canary.word) || row.contains(&hex::encode(&canary.word)));
            ground.check("107", found.is_none(), format!("{kind} {} is in {table}: {found:?}", canary.of));
        }
    }
    let kept: Vec<String> =
        sqlx::query_scalar("select p::text from personal_data p").fetch_all(&ground.pool).await.unwrap();
    for canary in canaries.iter().filter(|_| kind == "personal") {
        let found = kept.iter().any(|row| row.contains(&canary.word));
        ground.check("107", found, format!("{} is not where it belongs", canary.of));
    }
}

fn in_logs(ground: &Ground, canaries: &[Canary]) {
    let log = std::fs::read_to_string(ground.world.settings.logs.join("cloudsales.log")).unwrap();
    ground.check("107", !log.is_empty(), "there is no log");
    for canary in canaries {
        let line = log.lines().find(|line| line.contains(&canary.word));
        ground.check("107", line.is_none(), format!("{} is in the log: {line:?}", canary.of));
    }
}

async fn in_metrics(ground: &Ground, canaries: &[Canary]) {
    let url = ground.world.settings.internal_url();
    let metrics = tests::client::Client::new(&url, "").unwrap().get("/metrics").await.unwrap().text;
    ground.check("107", metrics.contains("commands_total"), "there are no metrics");
    for canary in canaries {
        ground.check("107", !metrics.contains(&canary.word), format!("{} is in the metrics", canary.of));
    }
}
