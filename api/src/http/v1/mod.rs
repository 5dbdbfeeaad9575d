//! Version 1 of the API: one folder per noun, one file per endpoint.

pub mod accounts;
pub mod admin;
pub mod audit;
pub mod billing_discrepancies;
pub mod billing_runs;
pub mod commission_statements;
pub mod commissions;
pub mod credit_notes;
pub mod customers;
pub mod exchange_rates;
pub mod invoices;
pub mod list;
pub mod money;
pub mod notification_preferences;
pub mod orders;
pub mod payments;
pub mod price_rules;
pub mod resource;
pub mod services;
pub mod subscriptions;
