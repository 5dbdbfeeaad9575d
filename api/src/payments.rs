//! Payments at their gateways: two clients behind one port, who performs what is to be asked of them, and their hints.
//!
//! Money moves once: what goes out is marked before it goes, so that after a crash the gateway is asked before anything
//! is sent again, and where it cannot be asked nobody claims to know.

mod absent;
mod ask;
mod charge;
mod given_up;
mod hook;
mod perform;
mod refund;
mod token;
mod transport;
mod wallet;

pub use absent::Absent;
pub use hook::{PROVIDER, PaymentHook};
pub use perform::Cashier;
pub use token::Token;
pub use transport::{GatewayError, Patience};
pub use wallet::{Wallet, WalletConfig};

use std::sync::Arc;

use commands::payment::gateway::PaymentGateway;
use domain::payment::PaymentMeans;

/// The gateways there are. Clones share them.
#[derive(Clone)]
pub struct Gateways {
    pub wallet: Arc<dyn PaymentGateway>,
    pub token: Arc<dyn PaymentGateway>,
}

impl std::fmt::Debug for Gateways {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateways").finish_non_exhaustive()
    }
}

impl Gateways {
    /// Who moves money by these means; nobody does where it came in outside.
    pub fn of(&self, means: PaymentMeans) -> Option<&dyn PaymentGateway> {
        match means {
            PaymentMeans::Wallet => Some(self.wallet.as_ref()),
            PaymentMeans::Token => Some(self.token.as_ref()),
            PaymentMeans::Outside => None,
        }
    }
}
