//! The world the product runs and is tested in. Never shipped.

pub mod ccp_sim;
pub mod client;
pub mod demo;
pub mod log_world;
pub mod proxy;
pub mod world;
