//! What is billed, to the minor unit: the charges that follow from a subscription's history, the lines and sums of an
//! invoice, the comparison with the provider's bill, credits, commission.
//!
//! All of it follows from what happened and from terms that are handed in, so that a replay bills the same again.
//! Every amount is kept exact until the one rounding of its line.

pub mod allocate;
mod charge;
pub mod commission;
pub mod credit;
pub mod electronic_address;
mod exact;
mod factor;
pub mod history;
pub mod lines;
pub mod matching;
mod minor;
pub mod order;
pub mod passed_on;
mod period;
mod provider;
pub mod statement;
mod term;
pub mod totals;

pub use charge::{Charge, ChargeKey, ChargeKind, Prices, Subject};
pub use exact::Exact;
pub use factor::DayFactor;
pub use history::History;
pub use lines::{BillOn, EndCustomer, InvoiceLine, LineTerms, Route};
pub use minor::{from_minor_units, minor_units, minus, negated, sum};
pub use period::Period;
pub use provider::{ProviderCharge, ProviderLine};
pub use totals::{Document, Totals};
