//! Commands about orders.

mod cancel;
mod outcome;
mod place;
mod quote;

pub use cancel::CancelOrder;
pub use outcome::{MarkSubmitted, RecordLines, RecordProvisioned, RefuseAtSubmission};
pub use place::{LineRequest, OrderRequest, PlaceOrder};
pub use quote::{OrderQuote, quote};
