//! Drift: a difference between what the provider shows and what we hold, kept as a fact.

mod event;

pub use event::{DriftEvent, DriftField, DriftResolution};
