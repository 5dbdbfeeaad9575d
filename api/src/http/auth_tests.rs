#![allow(clippy::unwrap_used)]
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

use super::*;
use crate::http::dev_tokens::{DevKey, TokenRequest};

const CUSTOMER: &str = "0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d";

struct World {
    key: ed25519_dalek::SigningKey,
    id: String,
    authenticator: Authenticator,
}

fn rules() -> TokenRules {
    TokenRules { issuer: "https://issuer.test".to_owned(), audience: "cloudsales".to_owned() }
}

fn world() -> World {
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
    let set = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x }] }).to_string();
    let keys = Keys::Fixed(KeySet::parse(set.as_bytes()).unwrap());
    World { key, id: "k1".to_owned(), authenticator: Authenticator::new(rules(), keys) }
}

fn now() -> i64 {
    i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap()
}

fn good_claims() -> Value {
    json!({
        "iss": "https://issuer.test", "aud": "cloudsales", "sub": "ada", "exp": now() + 60, "nbf": now(),
        "role": "customer", "customer_id": CUSTOMER,
    })
}

fn changed(change: &Value) -> Value {
    let mut claims = good_claims();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            other => claims[name] = other.clone(),
        }
    }
    claims
}

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

impl World {
    fn sign(&self, header: &Value, claims: &Value) -> String {
        use ed25519_dalek::Signer;
        let content = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(content.as_bytes()).to_bytes());
        format!("{content}.{signature}")
    }

    fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "EdDSA", "kid": self.id, "typ": "at+jwt" }), claims)
    }

    async fn ask(&self, token: &str) -> Result<Actor, ProblemType> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        self.authenticator.authenticate(&headers).await.map_err(|problem| problem.kind())
    }

    async fn refuses(&self, token: &str) {
        assert_eq!(self.ask(token).await, Err(ProblemType::TokenInvalid), "{token}");
    }
}

#[tokio::test]
async fn a_good_token_says_who_asks() {
    let world = world();
    let actor = world.ask(&world.token(&good_claims())).await.unwrap();
    let customer_id = Some(CUSTOMER.parse().unwrap());
    assert_eq!(actor, Actor { subject: "ada".to_owned(), role: Role::Customer, customer_id });
    let operator = changed(&json!({ "role": "operator" }));
    assert_eq!(world.ask(&world.token(&operator)).await.unwrap().customer_id, None);
    for typ in ["JWT", "at+JWT", "application/at+jwt"] {
        let token = world.sign(&json!({ "alg": "EdDSA", "kid": "k1", "typ": typ }), &good_claims());
        assert!(world.ask(&token).await.is_ok(), "{typ}");
    }
    let several = changed(&json!({ "aud": ["cloudsales", "other"], "exp": now() as f64 + 60.5, "nbf": now() + 20 }));
    assert!(world.ask(&world.token(&several)).await.is_ok());
}

#[tokio::test]
async fn without_a_bearer_token_nobody_asks() {
    let world = world();
    for value in [None, Some(""), Some("Basic YTpi"), Some("Bearer"), Some("Bearer "), Some("Bearer    "), Some("x")] {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "token=abc".parse().unwrap());
        value.map(|value| headers.insert(header::AUTHORIZATION, value.parse().unwrap()));
        let problem = world.authenticator.authenticate(&headers).await.unwrap_err();
        assert_eq!(problem.kind(), ProblemType::Unauthenticated, "{value:?}");
    }
}

#[tokio::test]
async fn two_headers_contradict_each_other_and_large_ones_are_not_read() {
    let world = world();
    let token = world.token(&good_claims());
    let mut headers = HeaderMap::new();
    headers.append(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    headers.append(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    let problem = world.authenticator.authenticate(&headers).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemType::MalformedRequest);
    assert_eq!(world.ask(&"a".repeat(16_000)).await, Err(ProblemType::HeadersTooLarge));
}

#[tokio::test]
async fn only_signatures_by_our_keys_count() {
    let world = world();
    for alg in ["none", "None", "nOnE"] {
        let unsigned = format!("{}.{}.", part(&json!({ "alg": alg, "kid": "k1" })), part(&good_claims()));
        world.refuses(&unsigned).await;
    }
    let content = format!("{}.{}", part(&json!({ "alg": "HS256", "kid": "k1" })), part(&good_claims()));
    let mac = Hmac::<Sha256>::new_from_slice(world.key.verifying_key().as_bytes()).unwrap();
    let mac = mac.chain_update(content.as_bytes()).finalize().into_bytes();
    world.refuses(&format!("{content}.{}", URL_SAFE_NO_PAD.encode(mac))).await;
    for alg in ["ES256", "RS256", "PS256", "HS256", "EdDSA2"] {
        world.refuses(&world.sign(&json!({ "alg": alg, "kid": "k1" }), &good_claims())).await;
    }
    world.refuses("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").await;
}

#[tokio::test]
async fn key_ids_are_looked_up_and_nothing_else() {
    let world = world();
    let long = "k".repeat(10_000);
    for id in ["k2", "../../dev/null", "' or 1=1", "", &long] {
        world.refuses(&world.sign(&json!({ "alg": "EdDSA", "kid": id }), &good_claims())).await;
    }
    world.refuses(&world.sign(&json!({ "alg": "EdDSA" }), &good_claims())).await;
    let attacker = World { key: ed25519_dalek::SigningKey::from_bytes(&[9; 32]), ..self::world() };
    let x = URL_SAFE_NO_PAD.encode(attacker.key.verifying_key().as_bytes());
    let brought = json!({
        "alg": "EdDSA", "kid": "k1", "jku": "http://127.0.0.1:9/", "x5u": "http://127.0.0.1:9/",
        "jwk": { "kty": "OKP", "crv": "Ed25519", "x": x },
    });
    world.refuses(&attacker.sign(&brought, &good_claims())).await;
}

#[tokio::test]
async fn times_are_checked_with_30_seconds_leeway() {
    let world = world();
    for (exp, accepted) in [(now() - 25, true), (now() - 35, false), (now() - 3600, false), (0, false)] {
        let answer = world.ask(&world.token(&changed(&json!({ "exp": exp })))).await;
        assert_eq!(answer.err(), (!accepted).then_some(ProblemType::TokenExpired), "{exp}");
    }
    world.refuses(&world.token(&changed(&json!({ "nbf": now() + 600 })))).await;
}

#[tokio::test]
async fn claims_are_required_and_well_formed() {
    let world = world();
    for name in ["exp", "aud", "iss", "sub"] {
        world.refuses(&world.token(&changed(&json!({ name: null })))).await;
    }
    let mut audiences: Vec<String> = (0..49).map(|n| format!("other-{n}")).collect();
    audiences.push("cloudsales".to_owned());
    let bad = [
        json!({ "exp": 1e300 }),
        json!({ "exp": "2099-01-01" }),
        json!({ "exp": -1 }),
        json!({ "nbf": "soon" }),
        json!({ "aud": "other" }),
        json!({ "aud": ["other"] }),
        json!({ "aud": [] }),
        json!({ "aud": audiences }),
        json!({ "iss": "https://other.test" }),
        json!({ "iss": ["https://issuer.test"] }),
        json!({ "iss": "https://issuer.test/" }),
        json!({ "sub": "" }),
        json!({ "sub": 7 }),
        json!({ "sub": "a\nb" }),
        json!({ "sub": "x".repeat(300) }),
    ];
    for change in bad {
        world.refuses(&world.token(&changed(&change))).await;
    }
    for typ in ["id+jwt", "refresh", "ID", "logout+jwt"] {
        world.refuses(&world.sign(&json!({ "alg": "EdDSA", "kid": "k1", "typ": typ }), &good_claims())).await;
    }
    world.refuses(&world.sign(&json!({ "alg": "EdDSA", "kid": "k1", "crit": ["b64"] }), &good_claims())).await;
}

#[tokio::test]
async fn altered_tokens_are_refused() {
    let world = world();
    let token = world.token(&good_claims());
    let parts: Vec<&str> = token.split('.').collect();
    let operator = part(&changed(&json!({ "role": "operator" })));
    world.refuses(&format!("{}.{operator}.{}", parts[0], parts[2])).await;
    world.refuses(&format!("{}.{}.", parts[0], parts[1])).await;
    world.refuses(&format!("{}.{}", parts[0], parts[1])).await;
    world.refuses(&format!("{token}.{}", parts[2])).await;
    for at in 0..64 {
        let mut signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        signature[at] ^= 1;
        world.refuses(&format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(signature))).await;
    }
    assert!(world.ask(&token).await.is_ok());
}

#[tokio::test]
async fn roles_are_taken_literally() {
    let world = world();
    let bad = [
        json!({ "role": "Admin" }),
        json!({ "role": "admin " }),
        json!({ "role": "customer " }),
        json!({ "role": ["customer", "*"] }),
        json!({ "role": "system" }),
        json!({ "role": "provider" }),
        json!({ "role": null }),
        json!({ "customer_id": null }),
        json!({ "customer_id": "acme" }),
        json!({ "role": "reseller", "customer_id": 7 }),
    ];
    for change in bad {
        let token = world.token(&changed(&change));
        for _ in 0..2 {
            assert_eq!(world.ask(&token).await, Err(ProblemType::Forbidden), "{change}");
        }
    }
}

/// Earlier issuers named the customer in `claim_id` and no role; nothing else about a token is different.
#[tokio::test]
async fn older_tokens_are_a_customers_on_older_surfaces_only() {
    let world = world();
    let other = "0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5e";
    let cases = [
        (json!({ "role": null, "customer_id": null, "claim_id": CUSTOMER }), Some((Role::Customer, CUSTOMER))),
        (json!({ "role": null }), Some((Role::Customer, CUSTOMER))),
        (json!({ "role": null, "claim_id": other }), Some((Role::Customer, other))),
        (json!({ "role": "reseller", "customer_id": null, "claim_id": other }), Some((Role::Reseller, other))),
        (json!({ "role": null, "customer_id": null }), None),
        (json!({ "role": null, "customer_id": null, "claim_id": "acme" }), None),
        (json!({ "role": "root", "claim_id": CUSTOMER }), None),
    ];
    for (change, expected) in cases {
        let token = world.token(&changed(&change));
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        let older = world.authenticator.authenticate_older(&headers).await;
        let seen = older.ok().and_then(|actor| Some((actor.role, actor.customer_id?.to_string())));
        assert_eq!(seen, expected.map(|(role, id)| (role, id.to_owned())), "{change}");
        assert_eq!(world.ask(&token).await, Err(ProblemType::Forbidden), "{change}");
    }
}

#[tokio::test]
async fn verified_tokens_are_remembered_until_they_expire_or_the_keys_change() {
    let world = world();
    let verified = Verified {
        actor: Ok(Actor::system("x")),
        older: Ok(Actor::system("x")),
        expires_at_s: jsonwebtoken::get_current_timestamp() + 9,
        generation: 4,
    };
    assert!(verified.is_good(4));
    assert!(!verified.is_good(5));
    assert!(!Verified { expires_at_s: jsonwebtoken::get_current_timestamp(), ..verified }.is_good(4));
    let token = world.token(&good_claims());
    world.ask(&token).await.unwrap();
    world.authenticator.verified.run_pending_tasks();
    assert_eq!(world.authenticator.verified.entry_count(), 1);
    let _ = world.ask("bad").await;
    world.authenticator.verified.run_pending_tasks();
    assert_eq!(world.authenticator.verified.entry_count(), 1);
}

#[tokio::test]
async fn development_tokens_are_accepted() {
    let directory = std::env::temp_dir().join(format!("auth-dev-{}", std::process::id()));
    let key = DevKey::load_or_create(&directory).unwrap();
    let authenticator = Authenticator::new(rules(), Keys::Fixed(key.key_set().unwrap()));
    for role in [Role::Customer, Role::Reseller, Role::Operator, Role::Auditor, Role::Service] {
        let customer_id = matches!(role, Role::Customer | Role::Reseller).then(|| CUSTOMER.parse().unwrap());
        let request = TokenRequest { role, customer_id, subject: "dev".to_owned(), ttl_s: 60 };
        let token = key.mint(&rules(), &request).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        let actor = authenticator.authenticate(&headers).await.unwrap();
        assert_eq!((actor.role, actor.customer_id), (role, customer_id));
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
