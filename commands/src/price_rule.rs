//! Commands about price rules.

mod remove;
mod set;

pub use remove::RemovePriceRule;
pub use set::{SetPriceRule, set};
