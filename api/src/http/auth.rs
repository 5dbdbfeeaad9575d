//! Who asks: a bearer token becomes an [`Actor`].

use std::sync::Arc;

use domain::{Actor, Role};
use http::{HeaderMap, header};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use moka::sync::Cache;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::jwks::{KeySet, NoKey, RemoteKeys, VerifyingKey};
use super::limits::{CACHED_TOKENS, KEY_ID_BYTES, SUBJECT_BYTES, TOKEN_AUDIENCES, TOKEN_BYTES, TOKEN_LEEWAY_S};
use super::problem::{Problem, ProblemType};

/// What tokens may be signed with. Shared secrets are not among them.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256];

/// Whose tokens for whom are accepted.
#[derive(Debug, Clone)]
pub struct TokenRules {
    pub issuer: String,
    pub audience: String,
}

/// Where the issuer's keys come from.
#[derive(Debug, Clone)]
pub enum Keys {
    Fixed(KeySet),
    Remote(Arc<RemoteKeys>),
}

impl Keys {
    fn generation(&self) -> u64 {
        match self {
            Self::Fixed(_) => 0,
            Self::Remote(keys) => keys.generation(),
        }
    }

    async fn key(&self, id: &str) -> Result<Arc<VerifyingKey>, NoKey> {
        match self {
            Self::Fixed(keys) => keys.get(id).ok_or(NoKey::Unknown),
            Self::Remote(keys) => keys.key(id).await,
        }
    }
}

/// Verifies tokens, and remembers those it has verified.
#[derive(Debug)]
pub struct Authenticator {
    rules: TokenRules,
    keys: Keys,
    verified: Cache<[u8; 32], Verified>,
}

#[derive(Debug, Clone)]
struct Verified {
    /// What the token entitles to; a good token may entitle to nothing.
    actor: Result<Actor, Problem>,
    /// The same on the surfaces of earlier systems.
    older: Result<Actor, Problem>,
    expires_at_s: u64,
    generation: u64,
}

#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    /// A list is read by the verifier already; here only its length matters.
    aud: Audience,
    /// Seconds since 1970; the standard allows fractions.
    exp: f64,
    /// Must be one text. The verifier would also take a list.
    #[serde(rename = "iss")]
    _iss: String,
    role: Option<serde_json::Value>,
    customer_id: Option<serde_json::Value>,
    /// What earlier systems call the customer's id.
    claim_id: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(#[allow(dead_code)] String),
    Several(Vec<String>),
}

impl Authenticator {
    pub fn new(rules: TokenRules, keys: Keys) -> Self {
        Self { rules, keys, verified: Cache::new(CACHED_TOKENS) }
    }

    /// The actor of a request.
    ///
    /// # Errors
    /// `unauthenticated`, `malformed-request` (two headers), `headers-too-large`, `token-invalid`, `token-expired`,
    /// `forbidden` (a good token without a role of ours), `unavailable` (no keys to verify with).
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Actor, Problem> {
        self.verified(headers).await?.actor
    }

    /// The actor of a request on the surface of an earlier system, whose tokens name the customer in `claim_id` and need
    /// no role: without one it is a customer's.
    ///
    /// # Errors
    /// As [`Self::authenticate`].
    pub async fn authenticate_older(&self, headers: &HeaderMap) -> Result<Actor, Problem> {
        self.verified(headers).await?.older
    }

    async fn verified(&self, headers: &HeaderMap) -> Result<Verified, Problem> {
        let token = bearer(headers)?;
        let digest: [u8; 32] = Sha256::digest(token).into();
        // Read before verifying: keys that change meanwhile make the entry old at once.
        let generation = self.keys.generation();
        let remembered = self.verified.get(&digest).filter(|found| found.is_good(generation));
        match remembered {
            Some(found) => Ok(found),
            None => {
                let claims = self.verify(token).await?;
                let (actor, older) = (actor(&claims), older_actor(&claims));
                let verified = Verified { actor, older, expires_at_s: claims.exp as u64, generation };
                self.verified.insert(digest, verified.clone());
                Ok(verified)
            }
        }
    }

    async fn verify(&self, token: &str) -> Result<Claims, Problem> {
        let header = decode_header(token).map_err(|_| ProblemType::TokenInvalid)?;
        let id = acceptable_key_id(&header).ok_or(ProblemType::TokenInvalid)?;
        let key = self.keys.key(id).await.map_err(|none| match none {
            NoKey::Unknown => ProblemType::TokenInvalid,
            NoKey::Unavailable => ProblemType::Unavailable,
        })?;
        let claims = decode::<Claims>(token, &key.key, &self.validation(key.algorithm));
        let claims = claims.map_err(|error| refusal(error.kind()))?.claims;
        if claims.is_plausible() { Ok(claims) } else { Err(ProblemType::TokenInvalid.into()) }
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.rules.issuer]);
        validation.set_audience(&[&self.rules.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = TOKEN_LEEWAY_S;
        validation
    }
}

impl Verified {
    fn is_good(&self, generation: u64) -> bool {
        self.generation == generation && jsonwebtoken::get_current_timestamp() < self.expires_at_s
    }
}

impl Claims {
    fn is_plausible(&self) -> bool {
        let audiences = match &self.aud {
            Audience::One(_) => 1,
            Audience::Several(audiences) => audiences.len(),
        };
        let subject = self.sub.len() <= SUBJECT_BYTES && domain::text::check_required(&self.sub).is_ok();
        audiences <= TOKEN_AUDIENCES && subject
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(ProblemType::Unauthenticated)?;
    if values.next().is_some() {
        return Err(Problem::new(ProblemType::MalformedRequest, "There are two Authorization headers."));
    }
    if value.len() > TOKEN_BYTES {
        return Err(ProblemType::HeadersTooLarge.into());
    }
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        Ok(token)
    } else {
        Err(ProblemType::Unauthenticated.into())
    }
}

/// The id of a key of ours. Keys, addresses and certificates a token brings itself are never looked at.
fn acceptable_key_id(header: &Header) -> Option<&str> {
    let is_access_token = header.typ.as_deref().is_none_or(|typ| {
        let typ = typ.to_ascii_lowercase();
        matches!(typ.as_str(), "jwt" | "at+jwt" | "application/at+jwt")
    });
    let acceptable = is_access_token && header.crit.is_none() && ALGORITHMS.contains(&header.alg);
    header.kid.as_deref().filter(|id| acceptable && id.len() <= KEY_ID_BYTES)
}

fn refusal(error: &ErrorKind) -> ProblemType {
    match error {
        ErrorKind::ExpiredSignature => ProblemType::TokenExpired,
        _ => ProblemType::TokenInvalid,
    }
}

fn actor(claims: &Claims) -> Result<Actor, Problem> {
    of_role(claims, role(claims.role.as_ref())?, claims.customer_id.as_ref())
}

fn older_actor(claims: &Claims) -> Result<Actor, Problem> {
    let role = if claims.role.is_none() { Role::Customer } else { role(claims.role.as_ref())? };
    of_role(claims, role, claims.claim_id.as_ref().or(claims.customer_id.as_ref()))
}

fn role(claim: Option<&serde_json::Value>) -> Result<Role, Problem> {
    let role = claim.and_then(serde_json::Value::as_str).and_then(role_named);
    role.ok_or_else(|| Problem::new(ProblemType::Forbidden, "The token names no role we know."))
}

fn of_role(claims: &Claims, role: Role, customer_id: Option<&serde_json::Value>) -> Result<Actor, Problem> {
    let customer_id = match role {
        Role::Customer | Role::Reseller => {
            let id = customer_id.and_then(serde_json::Value::as_str);
            let id = id.and_then(|id| Uuid::try_parse(id).ok());
            Some(id.ok_or_else(|| Problem::new(ProblemType::Forbidden, "The token names no customer."))?)
        }
        _ => None,
    };
    Ok(Actor { subject: claims.sub.clone(), role, customer_id })
}

/// The roles a token may carry; the product's own are not to be had from outside.
fn role_named(name: &str) -> Option<Role> {
    let roles = [Role::Customer, Role::Reseller, Role::Operator, Role::Auditor, Role::Service];
    roles.into_iter().find(|role| role.name() == name)
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
