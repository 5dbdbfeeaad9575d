//! The development key: kept in a file so that tokens survive restarts. Production has an issuer of its own.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use domain::Role;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use thiserror::Error;
use uuid::Uuid;

use super::auth::TokenRules;
use super::jwks::{KeySet, KeySetError};

const FILE_NAME: &str = "signing-key.pem";

/// Why there is no development key or token.
#[derive(Debug, Error)]
pub enum DevKeyError {
    #[error("the development key's file cannot be read or written: {0}")]
    File(#[from] io::Error),
    #[error("the development key's file holds no Ed25519 key in PKCS#8 PEM; remove it to get a new one")]
    Malformed,
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    #[error("signing failed: {0}")]
    Signing(#[from] jsonwebtoken::errors::Error),
}

/// Signs development tokens.
pub struct DevKey {
    signing: EncodingKey,
    id: String,
    jwks: Value,
}

/// Whom a token is for.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    pub role: Role,
    /// Needed for customers and resellers.
    pub customer_id: Option<Uuid>,
    pub subject: String,
    pub ttl_s: u64,
}

impl std::fmt::Debug for DevKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DevKey(…)")
    }
}

impl DevKey {
    /// Takes the key from the directory, or makes one there that only this user can read.
    ///
    /// # Errors
    /// [`DevKeyError`]: the file cannot be read, written or understood.
    pub fn load_or_create(directory: &Path) -> Result<Self, DevKeyError> {
        fs::create_dir_all(directory)?;
        let path = directory.join(FILE_NAME);
        let pem = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path)?,
            read => read?,
        };
        let key = SigningKey::from_pkcs8_pem(&pem).map_err(|_| DevKeyError::Malformed)?;
        Self::of(&key)
    }

    fn of(key: &SigningKey) -> Result<Self, DevKeyError> {
        let der = key.to_pkcs8_der().map_err(|_| DevKeyError::Malformed)?;
        let (id, jwks) = public_set(key)?;
        Ok(Self { signing: EncodingKey::from_ed_der(der.as_bytes()), id, jwks })
    }

    /// The public half, as served at `/.well-known/jwks.json`.
    pub fn jwks(&self) -> &Value {
        &self.jwks
    }

    /// The public half, to verify with.
    ///
    /// # Errors
    /// Never with a key that was made or loaded here.
    pub fn key_set(&self) -> Result<KeySet, KeySetError> {
        KeySet::parse(self.jwks.to_string().as_bytes())
    }

    /// A token by the rules of this installation.
    ///
    /// # Errors
    /// [`DevKeyError::Signing`].
    pub fn mint(&self, rules: &TokenRules, request: &TokenRequest) -> Result<String, DevKeyError> {
        let now_s = jsonwebtoken::get_current_timestamp();
        let mut claims = json!({
            "iss": rules.issuer,
            "aud": rules.audience,
            "sub": request.subject,
            "role": request.role.name(),
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s.saturating_add(request.ttl_s),
        });
        if let Some(customer_id) = request.customer_id {
            claims["customer_id"] = json!(customer_id);
        }
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(self.id.clone());
        Ok(encode(&header, &claims, &self.signing)?)
    }
}

/// Two processes may start at once: the file is linked into place complete, and the first one wins.
fn create(path: &Path) -> Result<String, DevKeyError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let key = SigningKey::from_bytes(&seed);
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| DevKeyError::Malformed)?;
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(fs::read_to_string(path)?),
    }
}

/// The key's id is its thumbprint (RFC 7638): the same key has the same id everywhere.
fn public_set(key: &SigningKey) -> Result<(String, Value), DevKeyError> {
    use base64::Engine;
    let x = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
    let mut public = json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "x": x });
    let jwk: Jwk = serde_json::from_value(public.clone()).map_err(|_| DevKeyError::Malformed)?;
    let id = jwk.thumbprint(ThumbprintHash::SHA256)?;
    public["kid"] = json!(id);
    Ok((id, json!({ "keys": [public] })))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn empty_directory(name: &str) -> std::path::PathBuf {
        let directory = std::env::temp_dir().join(format!("dev-key-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        directory
    }

    #[test]
    fn the_key_is_made_once_and_kept_private() {
        let directory = empty_directory("once");
        let first = DevKey::load_or_create(&directory).unwrap();
        let second = DevKey::load_or_create(&directory).unwrap();
        assert_eq!(first.jwks(), second.jwks());
        let mode = fs::metadata(directory.join(FILE_NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        assert!(first.jwks()["keys"][0].get("d").is_none());
        assert!(first.key_set().unwrap().get(&first.id).is_some());
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_file_of_something_else_is_not_replaced() {
        let directory = empty_directory("else");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(FILE_NAME), "something else").unwrap();
        assert!(matches!(DevKey::load_or_create(&directory), Err(DevKeyError::Malformed)));
        assert_eq!(fs::read_to_string(directory.join(FILE_NAME)).unwrap(), "something else");
        fs::remove_dir_all(&directory).unwrap();
    }
}
