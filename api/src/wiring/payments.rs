//! Who performs payments: the gateways that are configured, the worker of their lane, and their inbox.

use std::sync::Arc;

use anyhow::Context as _;
use commands::inbox::InboxWorker;
use commands::payment::gateway::PaymentGateway;
use domain::process::Lane;

use super::Parts;
use crate::config::Settings;
use crate::payments::{Absent, Cashier, Gateways, Patience, PaymentHook, Token, Wallet, WalletConfig};

impl Parts {
    pub(super) fn start_payments(&self) -> anyhow::Result<()> {
        let gateways = gateways(&self.settings)?;
        let gateway = Arc::clone(&gateways.wallet);
        self.perform(Lane::Payments, Arc::new(Cashier { bus: self.bus.clone(), gateways }));
        let hook = PaymentHook { pool: self.pool.clone(), gateway, wake: self.effects.clone() };
        let inbox = InboxWorker { pool: self.pool.clone(), applier: Arc::new(hook), arrived: self.arrived.clone() };
        self.tasks.spawn(inbox.run(self.shutdown.clone()));
        Ok(())
    }
}

fn gateways(settings: &Settings) -> anyhow::Result<Gateways> {
    Ok(Gateways { wallet: wallet(settings)?, token: token(settings)? })
}

fn wallet(settings: &Settings) -> anyhow::Result<Arc<dyn PaymentGateway>> {
    let (Some(url), Some(key)) = (&settings.wallet_url, &settings.wallet_key) else {
        return Ok(absent("wallet"));
    };
    let config = WalletConfig {
        url: url.clone(),
        key: key.clone(),
        notification_url: settings.payments_webhook_url.clone(),
        patience: Patience::default(),
    };
    Ok(Arc::new(Wallet::new(config).context("wallet_url or wallet_key cannot be used")?))
}

fn token(settings: &Settings) -> anyhow::Result<Arc<dyn PaymentGateway>> {
    let (Some(url), Some(token)) = (&settings.token_gateway_url, &settings.token_gateway_token) else {
        return Ok(absent("token gateway"));
    };
    let gateway = Token::new(url, token, Patience::default());
    Ok(Arc::new(gateway.context("token_gateway_url or token_gateway_token cannot be used")?))
}

fn absent(gateway: &str) -> Arc<dyn PaymentGateway> {
    tracing::warn!(gateway, "no such gateway is configured: its payments are unreachable");
    Arc::new(Absent)
}
