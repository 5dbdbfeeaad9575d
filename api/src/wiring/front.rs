//! What the public listener needs: keys of tokens, cursors and webhooks.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context as _;
use commands::inbox::WebhookSecret;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::Parts;
use crate::clock;
use crate::config::{Mode, Settings};
use crate::dev_clock::{Mover, Simulators};
use crate::http::api::{Api, Desk, Dev, Hooks};
use crate::http::auth::{Authenticator, Keys, TokenRules};
use crate::http::cursor::CursorKey;
use crate::http::dev_tokens::DevKey;
use crate::http::jwks::{RefreshPolicy, RemoteKeys};
use crate::http::reads::Reads;

impl Parts {
    /// The API over these parts.
    ///
    /// # Errors
    /// With the setting that cannot be used.
    pub fn api(&self) -> anyhow::Result<Api> {
        let rules =
            TokenRules { issuer: self.settings.token_issuer.clone(), audience: self.settings.token_audience.clone() };
        let (keys, dev) = self.token_keys(&rules)?;
        Ok(Api::from(Desk {
            bus: self.bus.clone(),
            reads: Reads::new(self.freshness.clone(), self.archive()?),
            authenticator: Arc::new(Authenticator::new(rules, keys)),
            cursors: cursor_key(&self.settings, dev.as_deref()),
            hooks: self.hooks()?,
            dev,
        }))
    }

    fn hooks(&self) -> anyhow::Result<Hooks> {
        Ok(Hooks {
            ccp_secrets: webhook_secrets("ccp_webhook_secret", self.settings.ccp_webhook_secret.as_ref())?,
            payment_secrets: webhook_secrets(
                "payments_webhook_secret",
                self.settings.payments_webhook_secret.as_ref(),
            )?,
            arrived: self.arrived.clone(),
            effects: self.effects.clone(),
        })
    }

    fn token_keys(&self, rules: &TokenRules) -> anyhow::Result<(Keys, Option<Arc<Dev>>)> {
        if let Some(url) = &self.settings.token_jwks_url {
            let remote = Arc::new(RemoteKeys::new(url.clone(), RefreshPolicy::default())?);
            let (fresh, stop) = (Arc::clone(&remote), self.shutdown.clone());
            self.tasks.spawn(async move { fresh.keep_fresh(stop).await });
            return Ok((Keys::Remote(remote), None));
        }
        if self.settings.mode == Mode::Production {
            anyhow::bail!("token_jwks_url is needed");
        }
        let key = DevKey::load_or_create(&self.settings.dev_dir)?;
        Ok((Keys::Fixed(key.key_set()?), Some(Arc::new(Dev { key, rules: rules.clone(), mover: self.mover()? }))))
    }

    fn mover(&self) -> anyhow::Result<Mover> {
        Ok(Mover {
            bus: self.bus.clone(),
            clock: self.clock.clone(),
            followers: self.followers(),
            // In development the systems outside are simulated, and their time is ours.
            simulators: Simulators::new(simulators(&self.settings))?,
            wakes: self.wakes(),
        })
    }
}

/// In development the signing key's public half stands in, so that cursors outlive a restart.
fn cursor_key(settings: &Settings, dev: Option<&Dev>) -> CursorKey {
    match (&settings.cursor_key, dev) {
        (Some(secret), _) => CursorKey::from_secret(secret.expose_secret().as_bytes()),
        (None, Some(dev)) => CursorKey::from_secret(dev.key.jwks().to_string().as_bytes()),
        (None, None) => CursorKey::from_secret(clock::new_id().as_bytes()),
    }
}

/// The roots of the systems outside, each once: one simulator may play several.
fn simulators(settings: &Settings) -> BTreeSet<String> {
    let payments = [&settings.wallet_url, &settings.token_gateway_url].into_iter().flatten();
    let roots = payments.filter_map(|url| Some(Url::parse(url).ok()?.join("/").ok()?.to_string()));
    let simulators = settings.ccp_url.iter().cloned().chain(roots);
    simulators.map(|url| url.trim_end_matches('/').to_owned()).collect()
}

/// Nobody's webhooks are taken where no secret is set.
fn webhook_secrets(name: &str, secrets: Option<&SecretString>) -> anyhow::Result<Arc<[WebhookSecret]>> {
    let secrets = secrets.map(ExposeSecret::expose_secret).unwrap_or_default();
    let each = secrets.split(' ').filter(|secret| !secret.is_empty());
    let parse = |secret: &str| WebhookSecret::parse(&secret.into());
    each.map(|secret| parse(secret).with_context(|| format!("{name} is not whsec_ and base64"))).collect()
}
