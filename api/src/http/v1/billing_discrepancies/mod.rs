//! How the provider's bill and ours differ.

pub mod body;
pub mod get;
pub mod list;
pub mod resolve;
