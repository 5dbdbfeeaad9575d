#![allow(clippy::unwrap_used)]
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::*;

const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn key(id: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{id}","x":"{ED_X}"}}"#)
}

#[test]
fn only_usable_keys_are_taken() {
    let document = format!(
        r#"{{"keys":[{},
        {{"kty":"OKP","crv":"Ed25519","x":"{ED_X}"}},
        {{"kty":"OKP","crv":"Ed25519","kid":"enc","use":"enc","x":"{ED_X}"}},
        {{"kty":"OKP","crv":"Ed25519","kid":"other-alg","alg":"RS256","x":"{ED_X}"}},
        {{"kty":"oct","kid":"shared","k":"c2VjcmV0"}},
        {{"kty":"EC","crv":"P-384","kid":"p384","x":"AA","y":"AA"}},
        {{"kty":"RSA","kid":"ps","alg":"PS256","n":"AQAB","e":"AQAB"}},
        {{"kty":"RSA","kid":"rsa","alg":"RS256","use":"sig","n":"AQAB","e":"AQAB"}},
        {{"kty":"something-new","kid":"new"}}]}}"#,
        key("good")
    );
    let keys = KeySet::parse(document.as_bytes()).unwrap();
    let mut ids: Vec<_> = keys.0.keys().map(String::as_str).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["good", "rsa"]);
    assert_eq!(keys.get("good").unwrap().algorithm, Algorithm::EdDSA);
}

#[test]
fn documents_without_a_usable_key_are_refused() {
    assert!(matches!(KeySet::parse(br#"{"keys":[]}"#), Err(KeySetError::Empty)));
    for document in ["", "[]", "{}", "<html>"] {
        assert!(matches!(KeySet::parse(document.as_bytes()), Err(KeySetError::Malformed(_))), "{document}");
    }
}

#[test]
fn only_this_machine_is_not_behind_its_proxy() {
    for local in ["http://localhost:8080/jwks", "http://127.0.0.1/jwks", "https://[::1]:1/.well-known/jwks.json"] {
        assert!(is_local(local), "{local}");
    }
    for other in ["https://issuer.example/jwks", "http://127.0.0.1.example/", "http://localhost.example/", "jwks", ""] {
        assert!(!is_local(other), "{other}");
    }
}

/// An issuer whose document can be changed; it counts how often it is asked.
#[derive(Clone, Default)]
struct Issuer {
    document: Arc<RwLock<String>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    fn publishes(&self, ids: &[&str]) {
        let keys: Vec<String> = ids.iter().map(|id| key(id)).collect();
        *self.document.write().unwrap() = format!("{{\"keys\":[{}]}}", keys.join(","));
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let router = Router::new().route("/jwks", get(Self::answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    async fn answer(State(issuer): State<Self>) -> String {
        issuer.asked.fetch_add(1, Ordering::SeqCst);
        issuer.document.read().unwrap().clone()
    }
}

fn patient() -> RefreshPolicy {
    RefreshPolicy { unknown_key_at_most_every: Duration::from_secs(3600), ..RefreshPolicy::default() }
}

#[tokio::test]
async fn a_thousand_unknown_keys_cost_one_fetch() {
    let issuer = Issuer::default();
    issuer.publishes(&["a"]);
    let keys = Arc::new(RemoteKeys::new(issuer.start().await, patient()).unwrap());
    let asks: Vec<_> = (0..1000)
        .map(|n| {
            let keys = Arc::clone(&keys);
            tokio::spawn(async move { keys.key(&format!("unknown-{n}")).await.err() })
        })
        .collect();
    for ask in asks {
        assert_eq!(ask.await.unwrap(), Some(NoKey::Unknown));
    }
    assert!(keys.key("a").await.is_ok());
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_removed_one_forgotten() {
    let issuer = Issuer::default();
    issuer.publishes(&["a"]);
    let eager = RefreshPolicy { unknown_key_at_most_every: Duration::ZERO, ..RefreshPolicy::default() };
    let keys = RemoteKeys::new(issuer.start().await, eager).unwrap();
    assert!(keys.key("a").await.is_ok());
    let before = keys.generation();
    issuer.publishes(&["b"]);
    assert!(keys.key("b").await.is_ok());
    assert!(keys.generation() > before);
    assert_eq!(keys.key("a").await.unwrap_err(), NoKey::Unknown);
}

#[tokio::test]
async fn keys_outlive_an_issuer_that_fails() {
    let issuer = Issuer::default();
    issuer.publishes(&["a"]);
    let eager = RefreshPolicy { unknown_key_at_most_every: Duration::ZERO, ..RefreshPolicy::default() };
    let keys = RemoteKeys::new(issuer.start().await, eager).unwrap();
    assert!(keys.key("a").await.is_ok());
    *issuer.document.write().unwrap() = "broken".to_owned();
    assert_eq!(keys.key("b").await.unwrap_err(), NoKey::Unknown);
    assert!(keys.key("a").await.is_ok());
    *issuer.document.write().unwrap() = format!("{{\"pad\":\"{}\"}}", "x".repeat(KEY_SET_BYTES));
    assert_eq!(keys.key("b").await.unwrap_err(), NoKey::Unknown);
    assert!(keys.key("a").await.is_ok());
}

#[tokio::test]
async fn keys_too_old_or_never_seen_are_unavailable() {
    let issuer = Issuer::default();
    issuer.publishes(&["a"]);
    let forgetful = RefreshPolicy { stale_for: Duration::ZERO, ..RefreshPolicy::default() };
    let keys = RemoteKeys::new(issuer.start().await, forgetful).unwrap();
    assert_eq!(keys.key("a").await.unwrap_err(), NoKey::Unavailable);
    let nobody = RemoteKeys::new("http://127.0.0.1:9/jwks", patient()).unwrap();
    assert_eq!(nobody.key("a").await.unwrap_err(), NoKey::Unavailable);
}
