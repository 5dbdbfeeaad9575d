//! Moving business time in development: day by day, and each day is over before the next begins.

mod mover;
mod quiet;
mod simulators;
mod span;

pub use mover::{Mover, Stands, Stuck};
pub use simulators::{Simulators, Unfollowed};
pub use span::{MAX_DAYS, Span, stops};
