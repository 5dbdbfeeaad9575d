//! The world the product runs and is tested in. Never shipped.

pub mod bench;
pub mod business_time;
pub mod ccp_sim;
pub mod client;
pub mod demo;
pub mod driver;
pub mod gateways;
pub mod host;
pub mod invariants;
pub mod log_world;
pub mod mail_sink;
pub mod odd;
pub mod payment_sim;
pub mod proxy;
pub mod sim;
pub mod story;
pub mod trial;
pub mod validator;
pub mod world;
