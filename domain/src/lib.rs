//! The rules of Cloudsales: what may happen, what it means, and why something is refused.
//!
//! Everything here is pure. Time, ids and the actor arrive as input ([`Asked`]); nothing reads a clock, a
//! database or the network. Every aggregate has the same five files: `mod.rs`, `command.rs`, `event.rs`,
//! `state.rs`, `decide.rs`. Learn one, know all.

pub mod account;
pub mod balance;
pub mod billing;
pub mod billing_run;
pub mod calendar;
pub mod charge_ledger;
pub mod codec;
pub mod collecting;
pub mod commission_account;
pub mod credit_note;
pub mod customer;
pub mod dates;
pub mod decider;
pub mod document;
pub mod drift;
pub mod envelope;
pub mod event;
pub mod exchange_rates;
pub mod ids;
pub mod invoice;
pub mod money;
pub mod notification_preferences;
pub mod number_series;
pub mod order;
pub mod payment;
pub mod personal;
pub mod price_rule;
pub mod pricing;
pub mod process;
pub mod reconcile;
pub mod refusal;
pub mod service;
pub mod subscription;
pub mod tax;
pub mod text;

pub use decider::{Asked, Decided, Decider, Folded};
pub use envelope::{Actor, AggregateType, Metadata, Role, StreamId};
pub use event::Event;
pub use money::{Currency, Money, UnitPrice};
pub use personal::{PersonalData, PersonalKind, PersonalRef};
pub use refusal::Refusal;
