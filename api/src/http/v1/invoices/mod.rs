//! Invoices.

pub mod body;
pub mod credit;
pub mod discard;
pub mod document;
pub mod generate;
pub mod get;
pub mod issue;
pub mod line;
pub mod list;
pub mod preview;
pub mod uncollectible;
pub mod void;
