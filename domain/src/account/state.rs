//! What a management account is, folded from its events.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::AccountEvent;
use crate::PersonalRef;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// No account was opened under this id.
    #[default]
    Unknown,
    Known(Box<Account>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub id: Uuid,
    pub customer_id: Uuid,
    /// The reseller of an end customer, as of the opening.
    pub reseller_id: Option<Uuid>,
    pub name: String,
    pub contact: Option<PersonalRef>,
    pub status: AccountStatus,
    /// Set once the provider has it.
    pub provider_account_id: Option<String>,
    /// Why the provider refused it.
    pub reason: Option<String>,
    /// The highest revision of the contact so far; 0 when it never had one. Revisions are never reused.
    pub contact_revision: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// The provider has not answered yet.
    Pending,
    Active,
    Refused,
    Closed,
}

impl AccountStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Refused => "refused",
            Self::Closed => "closed",
        }
    }
}

impl AccountState {
    /// The account, if one was opened under this id.
    pub fn known(&self) -> Option<&Account> {
        match self {
            Self::Unknown => None,
            Self::Known(account) => Some(account),
        }
    }

    pub(super) fn evolve(&mut self, event: &AccountEvent) {
        match (&mut *self, event) {
            (Self::Known(account), event) => account.evolve(event),
            (Self::Unknown, AccountEvent::AccountOpened { account_id, customer_id, reseller_id, name, contact }) => {
                let mut account = Account::new(*account_id, *customer_id, *reseller_id);
                account.set_details(name, *contact);
                *self = Self::Known(Box::new(account));
            }
            // A stream begins with an opening; without one there is nothing to fold into.
            (
                Self::Unknown,
                AccountEvent::AccountLinked { .. }
                | AccountEvent::AccountRefused { .. }
                | AccountEvent::AccountDetailsChanged { .. }
                | AccountEvent::AccountClosed {},
            ) => {}
        }
    }
}

impl Account {
    fn new(id: Uuid, customer_id: Uuid, reseller_id: Option<Uuid>) -> Self {
        Self {
            id,
            customer_id,
            reseller_id,
            name: String::new(),
            contact: None,
            status: AccountStatus::Pending,
            provider_account_id: None,
            reason: None,
            contact_revision: 0,
        }
    }

    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            // Opened once; the rules never write it again.
            AccountEvent::AccountOpened { .. } => {}
            AccountEvent::AccountLinked { provider_account_id } => {
                self.status = AccountStatus::Active;
                self.provider_account_id = Some(provider_account_id.clone());
                self.reason = None;
            }
            AccountEvent::AccountRefused { reason } => {
                self.status = AccountStatus::Refused;
                self.reason = Some(reason.clone());
            }
            AccountEvent::AccountDetailsChanged { name, contact } => self.set_details(name, *contact),
            AccountEvent::AccountClosed {} => self.status = AccountStatus::Closed,
        }
    }

    fn set_details(&mut self, name: &str, contact: Option<PersonalRef>) {
        self.name = name.to_owned();
        self.contact = contact;
        self.contact_revision = self.contact_revision.max(contact.map_or(0, |contact| contact.revision));
    }
}
