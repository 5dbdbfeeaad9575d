//! The event log under races, retries, refusals and faults, against a real Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod billing_runs;
mod closing;
mod closing_races;
mod collection;
mod commissions;
mod cqrs;
mod dunning;
mod erasure;
mod faults;
mod grants;
mod idempotency;
mod invoices;
mod linking_races;
mod overload;
mod payments;
mod price_rules;
mod races;
mod rebuilds;
mod refunds;
mod refusals;
mod tls;
mod versions;
