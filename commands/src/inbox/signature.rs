//! Standard Webhooks signatures: HMAC-SHA256 over `id.timestamp.body`, several signatures during a rotation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use thiserror::Error;

/// Seconds a timestamp may be off, either way.
pub const TOLERANCE_SECONDS: i64 = 300;
/// Signatures looked at in one header; more is abuse.
const SIGNATURES_MAX: usize = 10;
/// Characters in an id.
const ID_MAX: usize = 255;

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureError {
    #[error("a header is missing, doubled or malformed, or no signature fits")]
    Signature,
    #[error("the timestamp is too far from now")]
    Timestamp,
}

/// The three headers as received.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    pub id: &'a str,
    pub timestamp: &'a str,
    pub signature: &'a str,
}

/// A shared secret: `whsec_` and base64 of 24 to 64 bytes.
#[derive(Clone)]
pub struct WebhookSecret(Vec<u8>);

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

impl WebhookSecret {
    /// `None` when it is not of that form.
    pub fn parse(secret: &SecretString) -> Option<Self> {
        let bytes = STANDARD.decode(secret.expose_secret().strip_prefix("whsec_")?).ok()?;
        (24..=64).contains(&bytes.len()).then_some(Self(bytes))
    }

    fn sign(&self, headers: &Headers<'_>, body: &[u8]) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(headers.id.as_bytes());
        mac.update(b".");
        mac.update(headers.timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        Some(mac.finalize().into_bytes().into())
    }
}

/// Checks a webhook against every active secret. `now` is real time, in Unix seconds.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(secrets: &[WebhookSecret], headers: &Headers<'_>, body: &[u8], now: i64) -> Result<(), SignatureError> {
    let id_is_sound =
        (1..=ID_MAX).contains(&headers.id.len()) && headers.id.bytes().all(|b| b.is_ascii_graphic() && b != b'.');
    let digits = headers.timestamp.bytes().all(|b| b.is_ascii_digit());
    if !id_is_sound || headers.signature.split(' ').count() > SIGNATURES_MAX {
        return Err(SignatureError::Signature);
    }
    let timestamp: i64 = headers.timestamp.parse().ok().filter(|_| digits).ok_or(SignatureError::Timestamp)?;
    if now.checked_sub(timestamp).is_none_or(|off| off.abs() > TOLERANCE_SECONDS) {
        return Err(SignatureError::Timestamp);
    }
    let expected: Vec<[u8; 32]> = secrets.iter().filter_map(|secret| secret.sign(headers, body)).collect();
    let fits = headers
        .signature
        .split(' ')
        .filter_map(decoded)
        .any(|given| expected.iter().any(|expected| bool::from(expected.as_slice().ct_eq(&given))));
    if fits { Ok(()) } else { Err(SignatureError::Signature) }
}

fn decoded(signature: &str) -> Option<Vec<u8>> {
    STANDARD.decode(signature.strip_prefix("v1,")?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: i64 = 1_800_000_000;

    /// Id, timestamp, signature, body, and what is thought of them.
    type Case<'a> = (&'a str, &'a str, &'a str, &'a [u8], Result<(), SignatureError>);

    fn secret() -> WebhookSecret {
        WebhookSecret::parse(&format!("whsec_{}", STANDARD.encode([7u8; 32])).into()).unwrap()
    }

    fn signed(id: &str, timestamp: &str, body: &[u8]) -> String {
        let mac = secret().sign(&Headers { id, timestamp, signature: "" }, body).unwrap();
        format!("v1,{}", STANDARD.encode(mac))
    }

    #[test]
    fn only_a_fresh_and_fitting_signature_is_believed() {
        let stamp = NOW.to_string();
        let good = signed("msg_1", &stamp, b"{}");
        let many = [good.as_str(); 11].join(" ");
        let five = format!("v1,AAAA v0,{good} v1a,xx {good} v1,");
        let cases: &[Case<'_>] = &[
            ("msg_1", &stamp, &good, b"{}", Ok(())),
            ("msg_1", &stamp, &five, b"{}", Ok(())),
            ("msg_1", &stamp, &many, b"{}", Err(SignatureError::Signature)),
            ("msg_1", &stamp, &good, b"{ }", Err(SignatureError::Signature)),
            ("msg_2", &stamp, &good, b"{}", Err(SignatureError::Signature)),
            ("msg.1", &stamp, &good, b"{}", Err(SignatureError::Signature)),
            ("", &stamp, &good, b"{}", Err(SignatureError::Signature)),
            ("msg_1", &stamp, "", b"{}", Err(SignatureError::Signature)),
            ("msg_1", &stamp, good.strip_prefix("v1,").unwrap(), b"{}", Err(SignatureError::Signature)),
            ("msg_1", "1e9", &good, b"{}", Err(SignatureError::Timestamp)),
            ("msg_1", "-5", &good, b"{}", Err(SignatureError::Timestamp)),
            ("msg_1", "9223372036854775808", &good, b"{}", Err(SignatureError::Timestamp)),
        ];
        for (id, timestamp, signature, body, expected) in cases {
            let headers = Headers { id, timestamp, signature };
            assert_eq!(verify(&[secret()], &headers, body, NOW), *expected, "{headers:?}");
        }
    }

    #[test]
    fn the_clock_may_be_off_by_five_minutes_and_no_more() {
        for (off, expected) in [
            (300, Ok(())),
            (-300, Ok(())),
            (301, Err(SignatureError::Timestamp)),
            (-301, Err(SignatureError::Timestamp)),
        ] {
            let stamp = (NOW + off).to_string();
            let signature = signed("msg_1", &stamp, b"x");
            let headers = Headers { id: "msg_1", timestamp: &stamp, signature: &signature };
            assert_eq!(verify(&[secret()], &headers, b"x", NOW), expected, "{off}");
        }
    }
}
