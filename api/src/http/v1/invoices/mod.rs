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
pub mod pay;
pub mod pay_all;
pub mod preview;
pub mod receive;
pub mod uncollectible;
pub mod void;
