//! What operators look at.

pub mod dead_letters;
pub mod effects;
pub mod projections;
pub mod rebuild;
pub mod roles;
