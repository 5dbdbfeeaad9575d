//! What can be asked of a management account.

use uuid::Uuid;

use crate::customer::{Change, ContactDetails};

#[derive(Debug, Clone)]
pub enum AccountCommand {
    Open(OpenAccount),
    /// The provider has it under this id; `taken` when another of ours has that one.
    Link {
        provider_account_id: String,
        taken: bool,
    },
    /// An operator names the provider's account that this one is; `taken` likewise.
    LinkExisting {
        provider_account_id: String,
        taken: bool,
    },
    /// The provider will not have it; `reason` in our words.
    Refuse {
        reason: String,
    },
    /// The contact's fields are compared by the caller, who alone sees them.
    ChangeDetails {
        name: String,
        contact: Change<ContactDetails>,
    },
    Close {
        has_live_subscriptions: bool,
        /// Orders that have been placed and have not ended: they may still start subscriptions.
        has_open_orders: bool,
    },
}

#[derive(Debug, Clone)]
pub struct OpenAccount {
    pub account_id: Uuid,
    pub customer_id: Uuid,
    /// The customer's reseller, if it has one.
    pub reseller_id: Option<Uuid>,
    pub name: String,
    pub contact: Option<ContactDetails>,
}
