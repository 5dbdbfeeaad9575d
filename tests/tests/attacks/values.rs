//! Numbers, dates, currencies and texts that are none, and states in which a thing cannot be done.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::billing::Period;
use serde_json::{Value, json};
use tests::log_world::{Bill, LogProcess, WriteExempt, persist, system};
use tests::story;

use crate::forge;
use crate::ground::{Ask, Ground};

#[tokio::test]
async fn bad_values_are_named_and_odd_ones_kept_literally() {
    let ground = Ground::new().await;
    quantities(&ground).await;
    currencies(&ground).await;
    other_currencies(&ground).await;
    dates(&ground).await;
    texts(&ground).await;
    contacts(&ground).await;
    literal_texts(&ground).await;
    one_form(&ground).await;
    states(&ground).await;
    ground.finish().await;
}

async fn quantities(ground: &Ground) {
    let raw =
        |quantity: &str| ground.order(7).to_string().replace("\"quantity\":7", &format!("\"quantity\":{quantity}"));
    let numbers = [
        "0",
        "-1",
        "-0",
        "1.5",
        "1.0",
        "1e3",
        "\"5\"",
        "null",
        "true",
        "[]",
        "{}",
        "\"\"",
        "100001",
        "2147483648",
        "4294967296",
        "4294967297",
        "9007199254740993",
        "18446744073709551616",
        "-9223372036854775809",
        "0.1e1",
    ];
    for number in numbers {
        for path in ["/v1/orders", "/v1/orders/quote"] {
            let ask = Ask::post(path).by(ground.customer()).bytes(raw(number));
            ground.refused(&format!("53 {path} {number}"), ask, 422, "invalid-quantity").await;
        }
    }
    let listed = ground.accepted("54", Ask::get("/v1/services?limit=100").by(ground.customer()), 200).await;
    for service in listed.body["data"].as_array().unwrap() {
        let (least, most) = (service["min_quantity"].as_u64().unwrap(), service["max_quantity"].as_u64().unwrap());
        for quantity in [least - 1, most + 1].into_iter().filter(|quantity| (1..=100_000).contains(quantity)) {
            let line = json!({ "service_id": service["id"], "quantity": quantity });
            let body = json!({ "account_id": ground.world.sample.account_id, "lines": [line] });
            let ask = Ask::post("/v1/orders").by(ground.customer()).json(&body);
            let case = format!("54 {} {quantity}", service["sku"]);
            let answer = ground.refused(&case, ask, 422, "quantity-limit").await;
            ground.check(&case, answer.body["errors"][0]["pointer"] == "/lines/0/quantity", &answer.text);
        }
    }
}

fn registration() -> Value {
    json!({
        "name": "New", "kind": "direct", "country": "DE", "currency": "EUR",
        "contact": { "name": "Ada", "email": "ada@new.example" },
    })
}

async fn currencies(ground: &Ground) {
    let odd =
        ["eur", "Eur", "EURO", "EU", "", "XXX", "XTS", "XAU", "ZZZ", "EUR\u{200b}", "ＥＵＲ", "EUR ", "E\u{0}R", "978"];
    for currency in odd {
        let mut body = registration();
        body["currency"] = json!(currency);
        let ask = Ask::post("/v1/customers").by(ground.reseller()).json(&body);
        ground.refused(&format!("57 {currency:?}"), ask, 422, "invalid-currency").await;
    }
    for country in ["de", "DEU", "XX", "", "D\u{415}"] {
        let mut body = registration();
        body["country"] = json!(country);
        let ask = Ask::post("/v1/customers").by(ground.reseller()).json(&body);
        ground.refused(&format!("57 country {country:?}"), ask, 422, "invalid-value").await;
    }
}

/// An invoice is paid and credited in its own currency only.
async fn other_currencies(ground: &Ground) {
    let (operator, today) = (&ground.world.tokens.operator, story::today());
    let bill = Bill::own(ground.world.sample.other_customer_id.parse().unwrap(), Period::of(today), 0);
    // Nothing is collected by itself.
    let terms = Ask::new("PUT", format!("/v1/customers/{}/terms", bill.customer_id)).by(operator);
    ground.accepted("58 terms", terms.json(&json!({ "collection": "manual" })), 200).await;
    let app = &ground.world.settings.databases.app;
    let log = LogProcess::start(app, app).await.unwrap();
    let owed = WriteExempt { bill, cents: 10_000, issued_on: today };
    persist(&log.bus, &system(&story::new_key()), &owed).await.unwrap();
    ground.quiet().await;
    let payments = format!("/v1/invoices/{}/payments", bill.invoice_id());
    let credits = format!("/v1/invoices/{}/credit-notes", bill.invoice_id());
    let payment = |currency: &str| {
        let amount = json!({ "amount": "1.00", "currency": currency });
        json!({ "amount": amount, "received_on": today, "reference": "Transfer" })
    };
    let credit = json!({ "amount": { "amount": "1.00", "currency": "USD" }, "reason": "Goodwill." });
    for (case, path, body) in [("58 payment", &payments, payment("USD")), ("58 credit", &credits, credit)] {
        let ask = Ask::post(path).by(operator).json(&body);
        let answer = ground.refused(case, ask, 422, "currency-mismatch").await;
        ground.check(case, answer.body["errors"][0]["pointer"] == "/amount/currency", &answer.text);
    }
    ground.accepted("58 its own", Ask::post(&payments).by(operator).json(&payment("EUR")), 201).await;
    ground.quiet().await;
}

async fn dates(ground: &Ground) {
    let days = [
        "2025-02-30",
        "2025-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-1-1",
        "10000-01-01",
        "0000-01-01",
        "1969-12-31",
        "2025-01-01T00:00:00Z",
        "20260101",
        "+2026-01-01",
        "2026-01-01 ",
        "24:00",
        "tomorrow",
        "",
        "２０２６-01-01",
        // Well-formed, but past or too far ahead.
        "2000-01-01",
        "2199-12-31",
    ];
    for day in days {
        let mut body = ground.order(1);
        body["start_on"] = json!(day);
        let ask = Ask::post("/v1/orders").by(ground.customer()).json(&body);
        ground.refused(&format!("59 {day:?}"), ask, 422, "invalid-date").await;
    }
}

/// What cannot be seen, overrides what can be seen, breaks lines, or piles up.
const UNFIT: &[(&str, &str)] = &[
    ("41 NUL", "a\u{0}b"),
    ("74 bidi override", "invoice\u{202e}fdp.exe"),
    ("74 bidi isolate", "a\u{2066}b\u{2069}"),
    ("74 zero width space", "a\u{200b}b"),
    ("74 zero width joiner alone", "a\u{200d}b"),
    ("74 zero width non-joiner alone", "a\u{200c}b"),
    ("74 joiner at the end", "علی\u{200c}"),
    ("74 joiner after a picture", "👩\u{200d}"),
    ("74 byte order mark", "\u{feff}a"),
    ("74 tag characters", "a\u{e0041}\u{e0042}"),
    ("74 language tag", "a\u{e0001}"),
    ("74 control", "a\u{7}b"),
    ("74 delete", "a\u{7f}"),
    ("74 C1 control", "a\u{85}b"),
    ("74 noncharacter", "a\u{fffe}"),
    ("77 CR LF", "a\r\nERROR forged line"),
    ("77 line feed", "a\nb"),
    ("77 tab", "\ta"),
    ("77 ANSI", "\u{1b}[31mred\u{1b}[0m"),
    ("77 line separator", "a\u{2028}b"),
    ("77 paragraph separator", "a\u{2029}b"),
    ("blank", "   "),
    ("blank, wide", "\u{3000}\u{a0}"),
];

async fn texts(ground: &Ground) {
    let marks = format!("a{}", "\u{301}".repeat(2_000));
    let long = "n".repeat(201);
    let wide = "𝔘".repeat(201);
    let heavy = format!("a{}", "\u{301}".repeat(16));
    let lengths = [("75 marks", &marks), ("75 201 letters", &long), ("75 201 wide", &wide), ("75 17 parts", &heavy)];
    let unfit = UNFIT.iter().copied().chain(lengths.into_iter().map(|(case, text)| (case, text.as_str())));
    let (account, order) = (json!({ "name": "" }), ground.order(1));
    let account_path = format!("/v1/accounts/{}", ground.world.sample.account_id);
    for (case, text) in unfit {
        let fields = [
            ("POST", "/v1/accounts", ground.account("a"), "/name"),
            ("PUT", account_path.as_str(), account.clone(), "/name"),
            ("POST", "/v1/orders", order.clone(), "/name"),
            ("POST", "/v1/orders", order.clone(), "/purchase_order"),
            ("POST", "/v1/customers", registration(), "/name"),
            ("POST", "/v1/customers", registration(), "/legal_name"),
            ("POST", "/v1/customers", registration(), "/vat_id"),
            ("POST", "/v1/customers", registration(), "/buyer_reference"),
            ("POST", "/v1/customers", registration(), "/contact/name"),
            ("POST", "/v1/customers", registration(), "/contact/email"),
            ("POST", "/v1/customers", registration(), "/contact/phone"),
        ];
        for (method, path, mut body, pointer) in fields {
            let (object, name) = pointer.rsplit_once('/').unwrap();
            body.pointer_mut(object).unwrap()[name] = json!(text);
            let ask = if method == "POST" { Ask::post(path) } else { Ask::new(method, path) };
            let case = format!("{case} in {path}{pointer}");
            let answer = ground.refused(&case, ask.by(ground.reseller()).json(&body), 422, "invalid-text").await;
            ground.check(&case, answer.body["errors"][0]["pointer"] == pointer, &answer.text);
        }
    }
}

async fn contacts(ground: &Ground) {
    let mails = [
        "ada",
        "ada@",
        "@new.example",
        "a b@new.example",
        "ada@new",
        "ada@new.example,b@c.example",
        "<ada@new.example>",
    ];
    for mail in mails {
        let mut body = registration();
        body["contact"]["email"] = json!(mail);
        let ask = Ask::post("/v1/customers").by(ground.reseller()).json(&body);
        ground.refused(&format!("77 {mail}"), ask, 422, "invalid-value").await;
    }
}

/// What would be code elsewhere is a name here: it comes back letter by letter.
async fn literal_texts(ground: &Ground) {
    // What has a composed form comes back in that one.
    let combining = "q\u{301}".repeat(200);
    let longest = ["n".repeat(200), "𝔘".repeat(200), combining];
    let texts = [
        "'; drop table events; --",
        "$1",
        "{{7*7}}",
        "${jndi:ldap://x.example/a}",
        "<script>alert(1)</script>",
        "%s%n",
        "=HYPERLINK(\"http://x.example\")",
        "+1",
        "-1",
        "@SUM(A1)",
        "..\\..\\etc",
        "../../etc/passwd",
        "null",
        "true",
        "\"quoted\"",
        "back\\slash",
        "O'Neill – \"Peat\"",
        "Büro",
        "株式会社",
        "شركة",
        "🧑",
        "%00",
        "\\u0000",
        " padded ",
    ];
    for text in texts.into_iter().chain(longest.iter().map(String::as_str)) {
        let case = format!("78 {text:.40}");
        let ask = Ask::post("/v1/accounts").by(ground.customer()).json(&ground.account(text));
        let made = ground.accepted(&case, ask, 201).await;
        let (Ok(id), Ok(position)) = (made.id(), made.position()) else { continue };
        let path = format!("/v1/accounts/{id}?min_position={position}");
        let shown = ground.accepted(&case, Ask::get(path).by(ground.customer()), 200).await;
        ground.check(&case, made.body["name"] == text && shown.body["name"] == text, &shown.text);
    }
    // One statement sees one moment: the accounts are still being opened at the provider.
    let whole = "select position = (select count(*) from events) from log_head";
    let whole: bool = sqlx::query_scalar(whole).fetch_one(&ground.pool).await.unwrap();
    ground.check("78", whole, "the log is not what it was");
}

/// A name that is typed in two ways is kept in one, and found by both.
async fn one_form(ground: &Ground) {
    let (apart, composed) = ("Cafe\u{301} Zoe\u{308}", "Caf\u{e9} Zo\u{eb}");
    let accounts = |q: &str, position: i64| format!("/v1/accounts?q={q}&min_position={position}");
    for (made_before, typed) in [apart, composed].into_iter().enumerate() {
        let case = format!("74 {}", ["NFD", "NFC"][made_before]);
        let ask = Ask::post("/v1/accounts").by(ground.customer()).json(&ground.account(typed));
        let made = ground.accepted(&case, ask, 201).await;
        let (id, position) = (made.id().unwrap(), made.position().unwrap());
        let path = format!("/v1/accounts/{id}?min_position={position}");
        let shown = ground.accepted(&case, Ask::get(path).by(ground.customer()), 200).await;
        ground.check(&case, made.body["name"] == composed && shown.body["name"] == composed, &shown.text);
        for q in ["caf%C3%A9%20zo%C3%AB", "cafe%CC%81%20zoe%CC%88"] {
            let found = ground.accepted(&case, Ask::get(accounts(q, position)).by(ground.customer()), 200).await;
            let names: Vec<&Value> = found.body["data"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
            ground.check(&case, names.len() == made_before + 1, format!("{q} finds {names:?}"));
        }
    }
    let mut body = registration();
    (body["name"], body["contact"]["name"]) = (json!(apart), json!(apart));
    let made = ground.accepted("74 person", Ask::post("/v1/customers").by(ground.reseller()).json(&body), 201).await;
    let names = [&made.body["name"], &made.body["contact"]["name"]];
    ground.check("74 person", names.into_iter().all(|name| name == composed), &made.text);
}

/// What has ended cannot be changed; to end it again is no error.
async fn states(ground: &Ground) {
    ground.quiet().await;
    let customer = ground.customer();
    let mut later = ground.order(1);
    later["start_on"] = json!(forge::day(20));
    let order = ground.accepted("61", Ask::post("/v1/orders").by(customer).json(&later), 201).await.id().unwrap();
    let cancel = || Ask::new("PUT", format!("/v1/orders/{order}/cancel")).by(customer);
    let first = ground.accepted("61 cancel", cancel(), 200).await;
    let before = ground.head().await;
    let second = ground.accepted("61 cancel twice", cancel(), 200).await;
    ground.check("61 cancel twice", first.body == second.body, &second.text);
    ground.check("61 cancel twice", ground.head().await == before, "an event was written");
    let other = ground.world.sample.other_account_id.clone();
    let close = || Ask::new("DELETE", format!("/v1/accounts/{other}")).by(ground.other());
    ground.accepted("61 close", close(), 200).await;
    ground.quiet().await;
    let before = ground.head().await;
    ground.accepted("61 close twice", close(), 200).await;
    ground.check("61 close twice", ground.head().await == before, "an event was written");
    let change =
        Ask::new("PUT", format!("/v1/accounts/{other}")).by(ground.other()).json(&json!({ "name": "Changed" }));
    let answer = ground.refused("61 change what is closed", change, 409, "invalid-state").await;
    ground.check("61 change what is closed", answer.status == 409, &answer.text);
    let order = Ask::post("/v1/orders").by(ground.other()).json(&ground.order_for(&other, 1));
    ground.refused("61 order on what is closed", order, 409, "account-not-usable").await;
}
