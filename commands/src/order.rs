//! Commands about orders.

mod cancel;
mod outcome;
mod place;
mod quote;
mod schedule;

pub use cancel::CancelOrder;
pub use outcome::{MarkSubmitted, RecordLate, RecordLines, RecordProvisioned, RefuseAtSubmission};
pub use place::{LineRequest, OrderRequest, PlaceOrder};
pub use quote::{OrderQuote, quote};
pub use schedule::{StartOrder, start_due_orders};
