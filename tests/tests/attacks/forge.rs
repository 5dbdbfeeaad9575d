//! Tokens of every kind: good ones, and all the ways to make bad ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use api::http::dev_tokens::DevKey;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use sha2::Sha256;

/// A signing key and what is known of a good token.
pub struct Forge {
    key: EncodingKey,
    pub header: Value,
    pub claims: Value,
    /// As served.
    pub jwks: Value,
}

impl Forge {
    /// The issuer's own key, with the claims of this good token as pattern.
    pub fn of(folder: &Path, token: &str) -> Self {
        let pem = std::fs::read_to_string(folder.join("signing-key.pem")).unwrap();
        let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let key = EncodingKey::from_ed_der(&STANDARD.decode(der).unwrap());
        let jwks = DevKey::load_or_create(folder).unwrap().jwks().clone();
        Self { key, header: part(token, 0), claims: part(token, 1), jwks }
    }

    /// Somebody else's key, which claims to be the issuer's.
    pub fn stranger(&self, folder: &Path) -> Self {
        let jwks = DevKey::load_or_create(folder).unwrap().jwks().clone();
        let pattern = self.signed(&self.header, &self.claims);
        let mut stranger = Self::of(folder, &pattern);
        stranger.jwks = jwks;
        stranger
    }

    pub fn signed(&self, header: &Value, claims: &Value) -> String {
        let content = format!("{}.{}", encoded(header), encoded(claims));
        let signature = jsonwebtoken::crypto::sign(content.as_bytes(), &self.key, Algorithm::EdDSA).unwrap();
        format!("{content}.{signature}")
    }

    /// With claims changed; null removes one.
    pub fn claiming(&self, change: &Value) -> String {
        self.signed(&self.header, &changed(&self.claims, change))
    }

    /// With the header changed; null removes a member.
    pub fn headed(&self, change: &Value) -> String {
        self.signed(&changed(&self.header, change), &self.claims)
    }

    /// Nobody's signature.
    pub fn unsigned(&self, algorithm: &str, signature: &str) -> String {
        let header = changed(&self.header, &json!({ "alg": algorithm }));
        format!("{}.{}.{signature}", encoded(&header), encoded(&self.claims))
    }

    /// HMAC under a secret that is none.
    pub fn hmac(&self, secret: &[u8]) -> String {
        let header = changed(&self.header, &json!({ "alg": "HS256" }));
        let content = format!("{}.{}", encoded(&header), encoded(&self.claims));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(content.as_bytes());
        format!("{content}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    /// The bytes of the public key, in every form in which somebody might take them for a secret.
    pub fn public_bytes(&self) -> Vec<Vec<u8>> {
        let x = self.jwks["keys"][0]["x"].as_str().unwrap();
        let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
        let der = [&hex::decode("302a300506032b6570032100").unwrap(), raw.as_slice()].concat();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
        vec![raw, x.as_bytes().to_vec(), der, pem.into_bytes(), self.jwks.to_string().into_bytes()]
    }
}

pub fn changed(object: &Value, change: &Value) -> Value {
    let mut object = object.clone();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
            other => object[name] = other.clone(),
        }
    }
    object
}

pub fn now() -> i64 {
    i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap()
}

/// A day so many days ahead, as the API writes it.
pub fn day(ahead: i64) -> String {
    chrono::DateTime::from_timestamp(now() + ahead * 86_400, 0).unwrap().date_naive().to_string()
}

fn encoded(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

fn part(token: &str, at: usize) -> Value {
    let text = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}
