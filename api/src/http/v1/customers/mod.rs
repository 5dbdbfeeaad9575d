//! Customers.

pub mod balance;
pub mod body;
pub mod change;
pub mod charges;
pub mod close;
pub mod erase;
pub mod get;
pub mod list;
pub mod register;
pub mod reinstate;
pub mod statement;
pub mod suspend;
pub mod terms;
