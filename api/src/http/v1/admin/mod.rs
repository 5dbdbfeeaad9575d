//! What operators look at.

pub mod dead_letters;
pub mod dead_letters_discard;
pub mod dead_letters_retry;
pub mod drift_body;
pub mod drift_get;
pub mod drift_list;
pub mod drift_resolve;
pub mod effects;
pub mod projections;
pub mod rebuild;
pub mod reconcile;
pub mod reconcile_run;
pub mod roles;
