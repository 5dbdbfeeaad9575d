//! Commands about management accounts.

mod change;
mod link;
mod open;

pub(crate) use change::has_open_orders;

pub use change::{ChangeAccount, CloseAccount};
pub use link::{LinkAccount, LinkExistingAccount, RefuseAccount};
pub use open::OpenAccount;
