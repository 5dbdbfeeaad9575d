//! Commands about orders.

mod cancel;
mod checkout;
mod credit;
mod notify;
mod outcome;
mod place;
mod prepaid;
mod quote;
mod schedule;
mod unpaid;

pub use cancel::{CancelOrder, CancelStrandedOrder};
pub use checkout::CheckOutOrder;
pub use credit::CreditOrder;
pub use notify::NoteNotified;
pub use outcome::{MarkSubmitted, RecordLate, RecordLines, RecordProvisioned, RefuseAtSubmission};
pub use place::{LineRequest, OrderRequest, PlaceOrder};
pub(crate) use prepaid::{paid_in, payment_failed_in};
pub use quote::{OrderQuote, quote};
pub use schedule::{StartOrder, start_due_orders};
pub use unpaid::{CancelUnpaidOrder, expire_unpaid_orders};
