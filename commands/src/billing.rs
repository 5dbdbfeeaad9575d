//! Commands of billing runs: a month's charges become documents, one per billed party and currency.

pub mod ledger;
mod park;
mod retry;
mod start;

pub use park::ParkAccounts;
pub use retry::RetryRun;
pub use start::{GenerateInvoices, StartBillingRun};
