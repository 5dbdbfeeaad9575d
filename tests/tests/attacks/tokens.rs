//! Who asks: no token, bad tokens, good tokens of the wrong person.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use tests::world::folders;
use tests::world::random_hex;

use crate::forge::{Forge, now};
use crate::ground::{Ask, Ground, comparable};

const PATH: &str = "/v1/customers";

#[tokio::test]
async fn nobody_gets_in_with_a_bad_token() {
    let ground = Ground::new().await;
    let forge = Forge::of(&ground.world.settings.dev_folder, &ground.world.tokens.operator);
    good_ones_pass(&ground, &forge).await;
    without_a_token(&ground).await;
    wrong_signatures(&ground, &forge).await;
    wrong_keys(&ground, &forge).await;
    wrong_claims(&ground, &forge).await;
    wrong_roles(&ground, &forge).await;
    a_thousand_unknown_keys(&ground, &forge).await;
    headers_that_mean_nothing(&ground).await;
    ground.finish().await;
}

/// Otherwise all that follows would prove nothing.
async fn good_ones_pass(ground: &Ground, forge: &Forge) {
    let cases = [
        ("as it is", json!({})),
        ("expired within the leeway", json!({ "exp": now() - 10 })),
        ("valid soon, within the leeway", json!({ "nbf": now() + 20 })),
        ("without nbf", json!({ "nbf": null })),
        ("two audiences", json!({ "aud": ["other", forge.claims["aud"]] })),
    ];
    for (case, change) in cases {
        ground.accepted(&format!("good: {case}"), Ask::get(PATH).by(&forge.claiming(&change)), 200).await;
    }
}

async fn without_a_token(ground: &Ground) {
    let token = &ground.world.tokens.operator;
    let cases = [
        ("1 none", Ask::get(PATH)),
        ("1 empty", Ask::get(PATH).header("Authorization", "")),
        ("1 blank bearer", Ask::get(PATH).header("Authorization", "Bearer ")),
        ("1 basic", Ask::get(PATH).header("Authorization", "Basic b3BlcmF0b3I6b3BlcmF0b3I=")),
        ("1 no scheme", Ask::get(PATH).header("Authorization", token.as_str())),
        ("1 not ASCII", Ask::get(PATH).header("Authorization", b"Bearer \xfc\xff".as_slice())),
        ("13 query", Ask::get(format!("{PATH}?access_token={token}"))),
        ("13 query, other name", Ask::get(format!("{PATH}?token={token}"))),
        ("13 cookie", Ask::get(PATH).header("Cookie", format!("token={token}; Authorization=Bearer {token}"))),
        ("13 other header", Ask::get(PATH).header("X-Authorization", format!("Bearer {token}"))),
    ];
    for (case, ask) in cases {
        let answer = ground.refused(case, ask, 401, "unauthenticated").await;
        ground.check(case, answer.headers.contains_key("www-authenticate"), "no WWW-Authenticate");
    }
    let bearer = format!("Bearer {token}");
    let two = Ask::get(PATH).header("Authorization", bearer.as_str()).header("Authorization", bearer.as_str());
    ground.refused("14", two, 400, "malformed-request").await;
    ground.refused("15", Ask::get(PATH).by(&"x".repeat(16 * 1024)), 431, "headers-too-large").await;
}

async fn wrong_signatures(ground: &Ground, forge: &Forge) {
    let good = forge.claiming(&json!({}));
    let (content, signature) = good.rsplit_once('.').unwrap();
    let mut tokens: Vec<(String, String)> = Vec::new();
    for algorithm in ["none", "None", "nOnE", "NONE", ""] {
        tokens.push((format!("2 {algorithm:?}"), forge.unsigned(algorithm, "")));
        tokens.push((format!("2 {algorithm:?}, signed"), forge.unsigned(algorithm, signature)));
    }
    for (at, secret) in forge.public_bytes().iter().enumerate() {
        tokens.push((format!("3 public key in form {at}"), forge.hmac(secret)));
    }
    let other_role = forge.claiming(&json!({ "role": "auditor" }));
    let (other_content, _) = other_role.rsplit_once('.').unwrap();
    tokens.push(("11 role changed".to_owned(), format!("{other_content}.{signature}")));
    tokens.push(("11 stripped".to_owned(), format!("{content}.")));
    tokens.push(("11 without signature".to_owned(), content.to_owned()));
    tokens.push(("11 a fourth part".to_owned(), format!("{good}.{signature}")));
    for at in [0, signature.len() / 2] {
        let flipped = if signature.as_bytes()[at] == b'A' { "B" } else { "A" };
        let bent = format!("{content}.{}{flipped}{}", &signature[..at], &signature[at + 1..]);
        tokens.push((format!("11 character {at} changed"), bent));
    }
    tokens.push(("24 webhook secret".to_owned(), ground.world.settings.provider.webhook_secret.clone()));
    tokens.push(("24 client secret".to_owned(), ground.world.settings.provider.client_secret.clone()));
    for (case, token) in tokens {
        ground.refused(&case, Ask::get(PATH).by(&token), 401, "token-invalid").await;
    }
}

/// Keys the issuer never had, and addresses where an attacker would like them to be looked up.
async fn wrong_keys(ground: &Ground, forge: &Forge) {
    let folder = folders::scratch("stranger").unwrap();
    let stranger = forge.stranger(&folder);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let (own_key, own_id) = (&stranger.jwks["keys"][0], &stranger.jwks["keys"][0]["kid"]);
    let headers = [
        ("4 unknown", json!({ "kid": "unknown" })),
        ("4 path", json!({ "kid": "../../dev/null" })),
        ("4 SQL", json!({ "kid": "' or 1=1" })),
        ("4 10 kB", json!({ "kid": "k".repeat(10_000) })),
        ("4 none", json!({ "kid": null })),
        ("5 stranger's signature", json!({})),
        ("5 stranger's id", json!({ "kid": own_id })),
        ("5 jku", json!({ "jku": url, "kid": own_id })),
        ("5 x5u", json!({ "x5u": url })),
        ("5 jwk", json!({ "jwk": own_key })),
        ("5 jwk and its id", json!({ "jwk": own_key, "kid": own_id })),
        ("5 x5c", json!({ "x5c": ["MIIB"] })),
        ("5 critical", json!({ "crit": ["b64"], "b64": false })),
    ];
    for (case, change) in headers {
        ground.refused(case, Ask::get(PATH).by(&stranger.headed(&change)), 401, "token-invalid").await;
    }
    // With the issuer's own signature these must not be looked up either.
    for change in [json!({ "jku": url }), json!({ "x5u": url }), json!({ "jku": url, "kid": "unknown" })] {
        ground.send(&Ask::get(PATH).by(&forge.headed(&change))).await;
    }
    let calls = futures::FutureExt::now_or_never(listener.accept());
    ground.check("5", calls.is_none(), "the attacker's address was called");
    let critical = forge.headed(&json!({ "crit": ["b64"], "b64": false }));
    ground.refused("5 critical, own key", Ask::get(PATH).by(&critical), 401, "token-invalid").await;
}

async fn wrong_claims(ground: &Ground, forge: &Forge) {
    let expired = [now() - 40, now() - 3_600, 1].map(|exp| json!({ "exp": exp }));
    for change in expired {
        ground.refused("6", Ask::get(PATH).by(&forge.claiming(&change)), 401, "token-expired").await;
    }
    let audience = &forge.claims["aud"];
    let mut many: Vec<Value> = (0..49).map(|n| json!(format!("service-{n}"))).collect();
    many.push(audience.clone());
    let cases = [
        ("7", json!({ "nbf": now() + 600 })),
        ("7 text", json!({ "nbf": "tomorrow" })),
        ("8 no exp", json!({ "exp": null })),
        ("8 no aud", json!({ "aud": null })),
        ("8 no iss", json!({ "iss": null })),
        ("8 no sub", json!({ "sub": null })),
        ("8 exp 1e300", json!({ "exp": 1e300 })),
        ("8 exp as text", json!({ "exp": (now() + 600).to_string() })),
        ("8 exp negative", json!({ "exp": -1 })),
        ("8 sub is a number", json!({ "sub": 7 })),
        ("8 sub is empty", json!({ "sub": "" })),
        ("8 sub with a line break", json!({ "sub": "ada\nERROR forged" })),
        ("9 audience", json!({ "aud": "other" })),
        ("9 no audience in the list", json!({ "aud": [] })),
        ("9 audience among 50", json!({ "aud": many })),
        ("9 issuer", json!({ "iss": "https://elsewhere.example" })),
        ("9 issuers", json!({ "iss": [forge.claims["iss"]] })),
        ("10 an ID token's audience", json!({ "aud": "browser", "nonce": "n", "at_hash": "h" })),
    ];
    for (case, change) in cases {
        ground.refused(case, Ask::get(PATH).by(&forge.claiming(&change)), 401, "token-invalid").await;
    }
    for kind in ["id+jwt", "refresh+jwt", "logout+jwt", "secevent+jwt", "ID"] {
        let token = forge.headed(&json!({ "typ": kind }));
        ground.refused(&format!("10 {kind}"), Ask::get(PATH).by(&token), 401, "token-invalid").await;
    }
}

async fn wrong_roles(ground: &Ground, forge: &Forge) {
    let sample = &ground.world.sample;
    let cases = [
        json!({ "role": "Admin" }),
        json!({ "role": "admin " }),
        json!({ "role": "operator " }),
        json!({ "role": "Operator" }),
        json!({ "role": ["customer", "*"] }),
        json!({ "role": ["operator"] }),
        json!({ "role": "*" }),
        json!({ "role": "system" }),
        json!({ "role": "provider" }),
        json!({ "role": null }),
        json!({ "role": { "operator": true } }),
        json!({ "role": "customer" }),
        json!({ "role": "customer", "customer_id": "*" }),
        json!({ "role": "customer", "customer_id": [sample.customer_id] }),
        json!({ "role": "customer", "customer_id": sample.reseller_id }),
        json!({ "role": "reseller", "customer_id": sample.customer_id }),
        json!({ "role": "reseller", "customer_id": "0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d" }),
        json!({ "role": "customer", "customer_id": "0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d" }),
    ];
    for change in cases {
        let ask = Ask::get(PATH).by(&forge.claiming(&change));
        ground.refused(&format!("16 {change}"), ask, 403, "forbidden").await;
    }
}

async fn a_thousand_unknown_keys(ground: &Ground, forge: &Forge) {
    let before = ground.head().await;
    for _ in 0..1_000 {
        let answer = ground.send(&Ask::get(PATH).by(&forge.headed(&json!({ "kid": random_hex(8) })))).await;
        if answer.status != 401 {
            ground.is_problem("4 in a row", &answer, 401, "token-invalid");
        }
    }
    ground.check("4 in a row", ground.head().await == before, "events were written");
}

/// Spoofed identities and methods change nothing.
async fn headers_that_mean_nothing(ground: &Ground) {
    let sample = &ground.world.sample;
    let spoofs = [
        ("X-Tenant-Id", sample.other_customer_id.as_str()),
        ("X-User", "operator"),
        ("X-Role", "operator"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1;host=internal"),
        ("X-Original-URL", "/v1/admin/effects"),
        ("X-Rewrite-URL", "/metrics"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Method-Override", "DELETE"),
    ];
    let own = format!("/v1/accounts/{}", sample.account_id);
    let foreign = format!("/v1/accounts/{}", sample.other_account_id);
    let before = ground.head().await;
    for path in [own.as_str(), foreign.as_str(), "/v1/admin/effects", "/v1/orders"] {
        let plain = ground.send(&Ask::get(path).by(ground.customer())).await;
        for (name, value) in spoofs {
            let spoofed = ground.send(&Ask::get(path).by(ground.customer()).header(name, value)).await;
            let same = comparable(&plain) == comparable(&spoofed);
            ground.check(&format!("25, 26 {name} on {path}"), same, &spoofed.text);
        }
    }
    ground.check("25, 26", ground.head().await == before, "events were written");
}
