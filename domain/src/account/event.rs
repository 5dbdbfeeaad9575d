//! What can happen to a management account.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::PersonalRef;
use crate::decider::facts;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AccountEvent {
    AccountOpened {
        account_id: Uuid,
        customer_id: Uuid,
        /// The reseller of an end customer, as of the opening.
        reseller_id: Option<Uuid>,
        name: String,
        contact: Option<PersonalRef>,
    },
    /// The provider has it under this id.
    AccountLinked {
        provider_account_id: String,
    },
    /// The provider will not have it; `reason` in our words.
    AccountRefused {
        reason: String,
    },
    AccountDetailsChanged {
        name: String,
        contact: Option<PersonalRef>,
    },
    AccountClosed {},
}

facts!(AccountEvent in Account {
    AccountOpened "1.0", AccountLinked "1.0", AccountRefused "1.0", AccountDetailsChanged "1.0", AccountClosed "1.0"
});
