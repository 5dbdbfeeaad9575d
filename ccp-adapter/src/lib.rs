//! Everything that knows the Cloud Computing Provider's words. They stop at this crate's wall: what leaves it is ours.

pub mod backoff;
mod billing;
pub mod breaker;
pub mod catalogue;
pub mod change;
pub mod client;
mod given_up;
pub mod hook;
pub mod limiter;
pub mod look;
pub mod outcome;
pub mod perform;
pub mod provision;
mod reconcile;
pub mod renewal;
pub mod token;
pub mod translate;
mod wire;

pub use client::{CcpClient, CcpConfig};
pub use hook::CcpHook;
pub use perform::Adapter;
