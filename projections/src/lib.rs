//! The read side: what the log means, in rows that can be asked.
//!
//! Every read model is a fold of the log with the domain's own `evolve`, kept by a named reader together with its
//! position. A query reads rows and position in one statement, so `Read-Position` is never more than what is shown.

pub mod accounts;
pub mod audit;
pub mod balances;
pub mod billing_runs;
pub mod catalogue;
pub mod charges;
pub mod commissions;
pub mod credit_notes;
pub mod customers;
pub mod discrepancies;
pub mod drift;
pub mod exchange_rates;
pub mod invoices;
pub mod ledger;
mod listing;
pub mod model;
mod moves;
pub mod notification_preferences;
pub mod noun;
pub mod orders;
pub mod page;
pub mod payments;
pub mod price_rules;
pub mod rebuild;
pub mod services;
pub mod status;
pub mod subscriptions;
mod upsert;

pub use model::{ReadModel, all};
pub use page::{Page, Scope, Shown};
