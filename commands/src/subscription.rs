//! Commands about subscriptions.

mod ask;
mod cancel;
mod change_quantity;
mod due_looks;
mod extend;
mod licences;
mod observe;
mod outcome;
mod renewal;
mod suspend;

pub use cancel::CancelSubscription;
pub use change_quantity::ChangeQuantity;
pub use due_looks::{ask_due_looks, ask_for_look};
pub use extend::{ExtendSubscription, NewEnd};
pub use licences::{AssignLicence, UnassignLicence};
pub use observe::ObserveSubscription;
pub use outcome::{ConfirmRenewal, RejectChange};
pub use renewal::SetRenewal;
pub use suspend::{ResumeSubscription, SuspendSubscription};
