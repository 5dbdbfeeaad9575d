//! Keys and secrets: there, of the right form, and the issuer's to be had.

use std::time::Duration;

use commands::inbox::WebhookSecret;
use secrecy::{ExposeSecret, SecretString};

use super::Finding;
use crate::config::{Mode, Settings};
use crate::http::jwks::{KeySet, client_for};

const PATIENCE: Duration = Duration::from_secs(5);
/// Less can be guessed.
const CURSOR_KEY_BYTES: usize = 32;

pub async fn look(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![token_keys(settings).await];
    findings.extend(settings.cursor_key.as_ref().map(cursor_key));
    findings.push(provider(settings));
    findings
}

async fn token_keys(settings: &Settings) -> Finding {
    let check = "token keys";
    match (&settings.token_jwks_url, settings.mode) {
        (Some(url), _) => match fetch(url).await {
            Ok(_) => Finding::ok(check, format!("{url} has keys that can be used")),
            Err(error) => {
                Finding::away(check, error, "let this machine reach token_jwks_url: nobody gets in without it")
            }
        },
        (None, Mode::Development) => {
            let found = format!("the development key in {}", settings.dev_dir.display());
            Finding::note(check, found, "set token_jwks_url for tokens of a real issuer")
        }
        (None, Mode::Production) => {
            Finding::wrong(check, "token_jwks_url is not set", "set it to the issuer's key set")
        }
    }
}

async fn fetch(url: &str) -> Result<KeySet, String> {
    let builder = reqwest::Client::builder().timeout(PATIENCE);
    let client = client_for(url, builder).map_err(|error| error.to_string())?;
    let answer = client.get(url).send().await.and_then(reqwest::Response::error_for_status);
    let document = match answer {
        Ok(answer) => answer.bytes().await,
        Err(error) => Err(error),
    };
    KeySet::parse(&document.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
}

fn cursor_key(secret: &SecretString) -> Finding {
    let decoded = hex::decode(secret.expose_secret());
    match decoded {
        Ok(bytes) if bytes.len() >= CURSOR_KEY_BYTES => Finding::ok("cursor key", "32 bytes or more"),
        Ok(_) | Err(_) => {
            let advice = "set it to 64 hexadecimal digits, the same on every node: `openssl rand -hex 32`";
            Finding::wrong("cursor key", "it is not 32 bytes as hexadecimal digits", advice)
        }
    }
}

fn provider(settings: &Settings) -> Finding {
    let check = "provider";
    let absent: Vec<&str> = [
        ("ccp_url", settings.ccp_url.is_some()),
        ("ccp_client_secret", settings.ccp_client_secret.is_some()),
        ("ccp_webhook_secret", settings.ccp_webhook_secret.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, set)| (!set).then_some(name))
    .collect();
    if !absent.is_empty() {
        let found = format!("not set: {}", absent.join(", "));
        return Finding::note(check, found, "the role ccp needs them, and webhooks are refused without their secret");
    }
    let secrets =
        settings.ccp_webhook_secret.as_ref().map(|secret| secret.expose_secret().to_owned()).unwrap_or_default();
    let usable = secrets.split_whitespace().all(|secret| WebhookSecret::parse(&secret.into()).is_some());
    match usable {
        true => Finding::ok(check, "address, login and webhook secret are set"),
        false => Finding::wrong(
            check,
            "ccp_webhook_secret is not whsec_ and base64",
            "take the secret from the provider's console",
        ),
    }
}
