//! The write side: who may ask for what, how a decision is made and appended, and what follows from it.
//!
//! A command goes through four named steps: handler, [`Bus`], decide, append. Effects on the outside world are rows
//! first ([`effects`]) and calls later. The read side is never seen from here.

pub mod account;
pub mod authorise;
pub mod balance;
pub mod billing;
pub mod bus;
pub mod calendar;
pub mod catalogue;
pub mod collection;
pub mod commission;
pub mod context;
pub mod credit_note;
pub mod customer;
pub mod dead_letter;
pub mod document;
pub mod drift;
pub mod effects;
mod entry;
pub mod exchange_rate;
pub mod inbox;
pub mod index;
pub mod invoice;
pub mod mail;
pub mod notification_preferences;
pub mod number;
pub mod order;
pub mod party;
pub mod payment;
pub mod ports;
pub mod price_rule;
pub mod prices;
pub mod reactor;
mod rejection;
pub mod relay;
pub mod seller;
pub mod states;
pub mod subscription;
mod under_way;
pub mod work;

pub use authorise::Operation;
pub use bus::{Bus, Receipt, Rejection};
pub use context::{Context, Key, Trace};
pub use ports::Clock;
pub use work::{Answer, Command, Failure, Work};
