//! Subscriptions, their licences and their changes.

pub mod assign;
mod assigned;
pub mod body;
pub mod cancel;
pub mod changes;
pub mod extend;
pub mod get;
pub mod happened;
pub mod history;
pub mod licences;
pub mod list;
pub mod quantity;
pub mod renewal;
pub mod resume;
pub mod suspend;
pub mod unassign;
