//! The public keys tokens are verified with: a fixed set, or one kept fresh from a URL.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::limits::{KEY_ID_BYTES, KEY_SET_BYTES, KEY_SET_KEYS};

/// One public key and the only algorithm it is used with.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    pub algorithm: Algorithm,
    pub key: DecodingKey,
}

/// Keys by their id. Keys of other kinds or uses, and keys without an id, are left out.
#[derive(Debug, Clone, Default)]
pub struct KeySet(HashMap<String, Arc<VerifyingKey>>);

/// Why there is no key set.
#[derive(Debug, Error)]
pub enum KeySetError {
    #[error("the key set cannot be fetched: {0}")]
    Fetch(#[from] reqwest::Error),
    #[error("the key set's address answered {0}")]
    Status(u16),
    #[error("the key set is larger than {KEY_SET_BYTES} bytes")]
    TooLarge,
    #[error("the key set is no JSON Web Key Set: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("the key set has no key that can be used")]
    Empty,
}

/// Why there is no key for an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoKey {
    /// The issuer does not have it.
    Unknown,
    /// We do not have the issuer's keys, or only too old ones.
    Unavailable,
}

impl KeySet {
    /// Reads a JWKS document.
    ///
    /// # Errors
    /// [`KeySetError::Malformed`], or [`KeySetError::Empty`] when nothing in it is of use.
    pub fn parse(document: &[u8]) -> Result<Self, KeySetError> {
        #[derive(serde::Deserialize)]
        struct Document {
            keys: Vec<serde_json::Value>,
        }
        let document: Document = serde_json::from_slice(document)?;
        let mut keys = HashMap::new();
        for json in document.keys.into_iter().take(KEY_SET_KEYS) {
            if let Some((id, key)) = serde_json::from_value(json).ok().and_then(|jwk| usable(&jwk)) {
                keys.entry(id).or_insert_with(|| Arc::new(key));
            }
        }
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(keys)) }
    }

    pub fn get(&self, id: &str) -> Option<Arc<VerifyingKey>> {
        self.0.get(id).cloned()
    }
}

fn usable(jwk: &Jwk) -> Option<(String, VerifyingKey)> {
    let id = jwk.common.key_id.clone().filter(|id| !id.is_empty() && id.len() <= KEY_ID_BYTES)?;
    let for_signing = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let (algorithm, declared) = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        _ => return None,
    };
    let fits = jwk.common.key_algorithm.is_none_or(|named| named == declared);
    let key = (for_signing && fits).then(|| DecodingKey::from_jwk(jwk).ok()).flatten()?;
    Some((id, VerifyingKey { algorithm, key }))
}

/// The client for an address. What runs on this machine is never behind the machine's proxy.
///
/// # Errors
/// When no HTTP client can be made.
pub fn client_for(url: &str, builder: reqwest::ClientBuilder) -> Result<reqwest::Client, reqwest::Error> {
    if is_local(url) { builder.no_proxy().build() } else { builder.build() }
}

fn is_local(url: &str) -> bool {
    let url = reqwest::Url::parse(url).ok();
    url.is_some_and(|url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")))
}

/// When keys are fetched.
#[derive(Debug, Clone, Copy)]
pub struct RefreshPolicy {
    /// Rotation is noticed after this time even if nobody uses a new key.
    pub every: Duration,
    /// An unknown id leads to a fetch at most this often, however many such tokens arrive.
    pub unknown_key_at_most_every: Duration,
    /// Without any keys, requests lead to a fetch at most this often.
    pub retry_after: Duration,
    /// How long keys are used while the issuer cannot be reached.
    pub stale_for: Duration,
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(600),
            unknown_key_at_most_every: Duration::from_secs(60),
            retry_after: Duration::from_secs(5),
            stale_for: Duration::from_secs(24 * 3600),
        }
    }
}

/// The key set behind a URL.
#[derive(Debug)]
pub struct RemoteKeys {
    client: reqwest::Client,
    url: String,
    policy: RefreshPolicy,
    known: RwLock<Known>,
    /// Held by the one who fetches.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    keys: Arc<KeySet>,
    digest: [u8; 32],
    generation: u64,
    fetched_at: Option<Instant>,
    attempted_at: Option<Instant>,
}

impl RemoteKeys {
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(url: impl Into<String>, policy: RefreshPolicy) -> Result<Self, KeySetError> {
        let url: String = url.into();
        let builder = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none());
        let client = client_for(&url, builder)?;
        let fetching = tokio::sync::Mutex::new(());
        Ok(Self { client, url, policy, known: RwLock::default(), fetching })
    }

    /// Changes whenever the keys do.
    pub fn generation(&self) -> u64 {
        self.read(|known| known.generation)
    }

    /// The key of that id, from memory if possible.
    ///
    /// # Errors
    /// [`NoKey`]: unknown there, or nothing fresh enough known of there.
    pub async fn key(&self, id: &str) -> Result<Arc<VerifyingKey>, NoKey> {
        if let Ok(key) = self.remembered(id) {
            return Ok(key);
        }
        if self.may_fetch() {
            let _only = self.fetching.lock().await;
            // Somebody else may have fetched while we waited.
            if self.may_fetch() && self.remembered(id).is_err() {
                self.refresh().await;
            }
        } else if self.read(|known| known.fetched_at.is_none()) {
            // The very first fetch is on its way: without it nobody can be answered.
            let _first = self.fetching.lock().await;
        }
        self.remembered(id)
    }

    /// Fetches now and then until stopped; the first time at once.
    pub async fn keep_fresh(&self, stop: CancellationToken) {
        loop {
            {
                let _only = self.fetching.lock().await;
                self.refresh().await;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.policy.every) => {}
            }
        }
    }

    fn remembered(&self, id: &str) -> Result<Arc<VerifyingKey>, NoKey> {
        self.read(|known| {
            let fresh = known.fetched_at.is_some_and(|at| at.elapsed() < self.policy.stale_for);
            if fresh { known.keys.get(id).ok_or(NoKey::Unknown) } else { Err(NoKey::Unavailable) }
        })
    }

    fn may_fetch(&self) -> bool {
        self.read(|known| {
            let pause = match known.fetched_at {
                Some(_) => self.policy.unknown_key_at_most_every,
                None => self.policy.retry_after,
            };
            known.attempted_at.is_none_or(|at| at.elapsed() >= pause)
        })
    }

    async fn refresh(&self) {
        self.write(|known| known.attempted_at = Some(Instant::now()));
        match self.fetch().await {
            Ok((keys, digest)) => self.write(|known| {
                known.fetched_at = Some(Instant::now());
                if known.digest != digest {
                    known.generation += 1;
                    known.digest = digest;
                    known.keys = Arc::new(keys);
                }
            }),
            Err(error) => tracing::warn!(%error, "keeping the keys known so far"),
        }
    }

    async fn fetch(&self) -> Result<(KeySet, [u8; 32]), KeySetError> {
        let mut response = self.client.get(&self.url).send().await?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(KeySetError::Status(response.status().as_u16()));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            document.extend_from_slice(&chunk);
            if document.len() > KEY_SET_BYTES {
                return Err(KeySetError::TooLarge);
            }
        }
        Ok((KeySet::parse(&document)?, Sha256::digest(&document).into()))
    }

    /// A panic elsewhere cannot leave a half-written state: each change is one assignment after another of values.
    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
#[path = "jwks_tests.rs"]
mod tests;
