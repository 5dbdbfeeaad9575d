//! Commands about customers.

mod change;
mod close;
mod erase;
mod patch;
mod register;
mod standing;
mod suspend;
mod terms;

pub(crate) use change::known;

pub use change::ChangeCustomer;
pub use close::CloseCustomer;
pub use erase::ErasePersonalData;
pub use patch::{AddressPatch, ContactPatch, CustomerPatch, ElectronicAddressPatch, StaffPatch};
pub use register::RegisterCustomer;
pub use standing::{in_good_standing, is_suspended};
pub use suspend::{ReinstateCustomer, SuspendCustomer};
pub use terms::SetCommercialTerms;
