//! Commands of billing runs: a month's charges become documents, one per billed party and currency.
//!
//! A run is worked on in chunks of billed parties. For each account of a party the provider is asked for its bill; then
//! one command decides everything about the chunk. Our history says what is charged, the provider's bill says when. The
//! ledger of each account keeps anything from being billed twice, whatever runs, retries or races do.

mod bill;
mod compare;
mod complete;
mod documents;
mod gather;
pub mod ledger;
mod park;
mod party;
mod preview;
mod retry;
mod scope;
mod settle;
mod start;
pub mod waits;

pub use bill::{AccountBill, BillParties, PartyBill};
pub use complete::{CompleteRun, IssueStatements};
pub use gather::{AccountHistory, Gathered, gather};
pub use park::ParkAccounts;
pub use preview::preview;
pub use retry::RetryRun;
pub use scope::{Party, is_left, parties};
pub use settle::ResolveDiscrepancy;
pub use start::{GenerateInvoices, StartBillingRun};
