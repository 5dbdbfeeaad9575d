//! The catalogue and its prices.

pub mod body;
pub mod cache;
pub mod get;
pub mod list;
pub mod priced;
pub mod sync;
pub mod tax_rates;
