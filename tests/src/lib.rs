//! The world the product runs and is tested in. Never shipped.

pub mod world;
