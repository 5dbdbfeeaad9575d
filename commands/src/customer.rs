//! Commands about customers.

mod register;

pub use register::RegisterCustomer;
