//! Commands about price rules.

mod entry;
mod remove;
mod set;

pub(crate) use entry::Entry;
pub use remove::RemovePriceRule;
pub use set::{SetPriceRule, set};
