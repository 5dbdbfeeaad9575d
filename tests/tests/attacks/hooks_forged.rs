//! Webhooks that are not the provider's, or not what they seem.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::json;

use crate::forge::now;
use crate::ground::{Ask, Ground};
use crate::hooks::{Hook, all_applied, stored};

#[tokio::test]
async fn only_what_the_provider_signed_is_stored() {
    let ground = Ground::new().await;
    all_applied(&ground).await;
    let before = stored(&ground, "%").await;
    headers(&ground).await;
    signatures(&ground).await;
    altered(&ground).await;
    timestamps(&ground).await;
    ids(&ground).await;
    senders(&ground).await;
    let after = stored(&ground, "%").await;
    ground.check("79-93", after == before, format!("{} forged webhooks are stored", after - before));
    valid_but_odd(&ground).await;
    ground.finish().await;
}

fn hook(id: &str) -> Hook {
    Hook::new(id, "order.completed", &json!({ "order_id": "ord_unknown" }))
}

fn secret(ground: &Ground) -> &str {
    &ground.world.settings.provider.webhook_secret
}

async fn headers(ground: &Ground) {
    let good = hook("headers").signed(ground);
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    for name in names {
        let mut missing = good.clone();
        missing.headers.retain(|(given, _)| given != name);
        ground.refused(&format!("79 no {name}"), missing.clone(), 401, "webhook-signature").await;
        let (_, value) = good.headers.iter().find(|(given, _)| given == name).unwrap().clone();
        let doubled = good.clone().header(name, value);
        ground.refused(&format!("79 two {name}"), doubled, 401, "webhook-signature").await;
        let prefixed = missing.header(&name.replace("webhook", "svix"), good.headers[0].1.clone());
        ground.refused(&format!("79 other name for {name}"), prefixed, 401, "webhook-signature").await;
    }
    let bare = Ask::new("POST", crate::hooks::PATH).bytes("{}");
    ground.refused("79 none", bare.clone(), 401, "webhook-signature").await;
    let operator = bare.by(&ground.world.tokens.operator);
    ground.refused("79 a bearer token instead", operator, 401, "webhook-signature").await;
}

/// Who may speak for one of the systems outside may not speak for another.
async fn senders(ground: &Ground) {
    let payments = &ground.world.settings.gateways.as_ref().unwrap().webhook_secret;
    let paid = Hook::new("senders", "payment.succeeded", &json!({ "operation_id": uuid::Uuid::nil() }));
    let elsewhere = |ask: Ask| Ask { path: "/v1/webhooks/payments".to_owned(), ..ask };
    ground.refused("79 the CCP's", elsewhere(paid.signed(ground)), 401, "webhook-signature").await;
    ground.refused("79 a gateway's", paid.with(&paid.signature(payments)), 401, "webhook-signature").await;
    let bare = elsewhere(Ask::new("POST", crate::hooks::PATH).bytes("{}"));
    ground.refused("79 nobody's", bare, 401, "webhook-signature").await;
}

async fn signatures(ground: &Ground) {
    let hook = hook("signatures");
    let good = hook.signature(secret(ground));
    let mac = good.trim_start_matches("v1,");
    let key = STANDARD.decode(secret(ground).trim_start_matches("whsec_")).unwrap();
    let text_as_key = hook.mac(secret(ground).as_bytes());
    let base64_as_key = hook.mac(secret(ground).trim_start_matches("whsec_").as_bytes());
    let bytes = STANDARD.decode(mac).unwrap();
    let cases = [
        ("80 other secret", hook.signature(&format!("whsec_{}", STANDARD.encode([7; 32])))),
        ("80 empty secret", format!("v1,{}", hook.mac(b""))),
        ("80 the secret's text as key", format!("v1,{text_as_key}")),
        ("80 the secret's base64 as key", format!("v1,{base64_as_key}")),
        ("80 half the key", format!("v1,{}", hook.mac(&key[..16]))),
        ("85 client secret", format!("v1,{}", hook.mac(ground.world.settings.provider.client_secret.as_bytes()))),
        ("87 v0", format!("v0,{mac}")),
        ("87 v1a", format!("v1a,{mac}")),
        ("87 V1", format!("V1,{mac}")),
        ("87 v2", format!("v2,{mac}")),
        ("87 no version", mac.to_owned()),
        ("87 empty", String::new()),
        ("87 version alone", "v1,".to_owned()),
        ("87 no comma", format!("v1{mac}")),
        ("87 blank after the comma", format!("v1, {mac}")),
        ("87 truncated", format!("v1,{}", &mac[..mac.len() - 4])),
        ("87 truncated bytes", format!("v1,{}", STANDARD.encode(&bytes[..31]))),
        ("87 longer", format!("v1,{}", STANDARD.encode([bytes.as_slice(), &[0]].concat()))),
        ("87 padded", format!("v1,{mac}=")),
        ("87 hexadecimal", format!("v1,{}", hex::encode(&bytes))),
        ("87 URL alphabet", format!("v1,{}", URL_SAFE.encode([0xfb; 32]))),
        ("87 zeros", format!("v1,{}", STANDARD.encode([0; 32]))),
        ("87 commas", good.replace(' ', ",") + ","),
        ("86 eleven", [good.as_str(); 11].join(" ")),
        ("86 ten thousand", vec!["v1,AAAA"; 3_000].join(" ")),
    ];
    for (case, signature) in cases {
        ground.refused(case, hook.with(&signature), 401, "webhook-signature").await;
    }
}

/// One byte, or only the way the same JSON is written.
async fn altered(ground: &Ground) {
    let good = hook("altered");
    let signature = good.signature(secret(ground));
    let again = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&good.body).unwrap()).unwrap();
    let later = (now() + 1).to_string();
    let bodies = [again, good.body.replace("unknown", "unknowm"), format!("{} ", good.body), String::new()];
    for body in bodies {
        let ask = Hook { body, ..good.clone() }.with(&signature);
        ground.refused("80, 81 body", ask, 401, "webhook-signature").await;
    }
    for (case, hook) in [
        ("81 id", Hook { id: "altered2".to_owned(), ..good.clone() }),
        ("81 time", Hook { timestamp: later, ..good.clone() }),
        ("81 time, same number", Hook { timestamp: format!("0{}", good.timestamp), ..good.clone() }),
        // The parts run together: the same bytes are signed, but cut elsewhere.
        (
            "81 shifted",
            Hook { id: format!("altered.{}", good.timestamp), timestamp: now().to_string(), ..good.clone() },
        ),
    ] {
        ground.refused(case, hook.with(&signature), 401, "webhook-signature").await;
    }
}

async fn timestamps(ground: &Ground) {
    let at = |timestamp: String| Hook { timestamp, ..hook("times") };
    let odd = [
        "1e9",
        "-1",
        "",
        "now",
        "9223372036854775808",
        "18446744073709551616",
        "9223372036854775807",
        "0",
        "1.5",
        "+1",
    ];
    let off = [now() - 302, now() + 302, now() - 31_536_000, now() * 1_000].map(|at| at.to_string());
    for timestamp in odd.into_iter().map(str::to_owned).chain(off) {
        let ask = at(timestamp.clone()).signed(ground);
        ground.refused(&format!("82 {timestamp}"), ask, 401, "webhook-timestamp").await;
    }
}

async fn ids(ground: &Ground) {
    let long = "i".repeat(300);
    for id in ["a.b", ".", "", &long, "a b", "a\tb", "m\u{fc}", "a.1.b"] {
        let ask = hook(id).signed(ground);
        ground.refused(&format!("93 {id:.20}"), ask, 401, "webhook-signature").await;
    }
}

/// Properly signed, so stored; but nothing may come of them, and nothing may stand still because of them.
async fn valid_but_odd(ground: &Ground) {
    let before = ground.head().await;
    let five = hook("five");
    let good = five.signature(secret(ground));
    let many = format!("v1,AAAA v0,xx v1a,yy {good} v1,{}", STANDARD.encode([0; 32]));
    ground.accepted("86 one of five", five.with(&many), 202).await;
    for (at, kind) in
        ["invoice.paid", "order.completed.v2", "ORDER.COMPLETED", "", "x\u{0}y", "'; drop table inbox; --"]
            .into_iter()
            .enumerate()
    {
        let ask = Hook::new(&format!("kind-{at}"), kind, &json!({})).signed(ground);
        ground.accepted(&format!("88 {kind:?}"), ask, 202).await;
    }
    let bodies = [
        "",
        "nul",
        "[]",
        "{}",
        "{\"type\":7}",
        "{\"type\":\"a\",\"type\":\"b\"}",
        "\u{0}",
        "{\"type\":\"order.completed\"}",
        "{\"type\":\"order.completed\",\"data\":null}",
        "{\"type\":\"order.completed\",\"data\":{\"order_id\":7}}",
        "{\"type\":\"order.completed\",\"data\":{\"order_id\":\"a\\u0000b\"}}",
        "{\"type\":\"order.rejected\",\"data\":{\"order_id\":\"'; drop table inbox; --\"}}",
    ];
    for (at, body) in bodies.into_iter().enumerate() {
        let ask = Hook { body: body.to_owned(), ..hook(&format!("body-{at}")) }.signed(ground);
        ground.accepted(&format!("88 body {body:?}"), ask, 202).await;
    }
    let deep = format!("{{\"type\":\"order.completed\",\"data\":{}", "[".repeat(100_000));
    ground.accepted("88 deep", Hook { body: deep, ..hook("deep") }.signed(ground), 202).await;
    let large = "x".repeat(256 * 1024);
    ground.accepted("94 just fits", Hook { body: large, ..hook("large") }.signed(ground), 202).await;
    // About an order nobody knows: let go in the end, and what comes later is not held up.
    ground.accepted("89 unknown order", hook("unknown").signed(ground), 202).await;
    let ask = Hook::new("after", "catalogue.changed", &json!({})).signed(ground);
    ground.accepted("89 after it", ask, 202).await;
    all_applied(ground).await;
    let state: String =
        sqlx::query_scalar("select state from inbox where webhook_id = 'after'").fetch_one(&ground.pool).await.unwrap();
    ground.check("89", state == "applied", format!("what came after the odd ones is {state}"));
    ground.check("83-90", ground.head().await == before, "events were written");
}
