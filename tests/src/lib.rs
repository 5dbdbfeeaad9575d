//! The world the product runs and is tested in. Never shipped.

pub mod ccp_sim;
pub mod client;
pub mod demo;
pub mod world;
