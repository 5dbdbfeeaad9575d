//! Commands about differences between the provider and us, and the runs that find them.

mod adopt;
mod outcome;
mod renewal;
mod request;
mod resolve;
pub mod runs;
mod suspects;

pub use adopt::AdoptSubscription;
pub use outcome::{CloseDrift, RecordDrift};
pub use renewal::AdoptRenewal;
pub use request::{PROCESS, RequestReconcile, ask_for_quarter, ask_for_run};
pub use resolve::{Resolution, ResolveDrift, ask_to_settle};
