//! Incoming webhooks: verified, stored, answered. No logic.

pub mod ccp;
mod deliver;
pub mod payments;
