//! Commands about the catalogue.

mod request;
mod sync;

pub use request::{RequestSync, ask_for_sync};
pub use sync::{SyncService, WithdrawService};
