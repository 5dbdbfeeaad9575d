//! A management account as the API shows it.

use domain::PersonalRef;
use domain::account::{Account, AccountRules, AccountState};
use projections::accounts::Accounts;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::v1::resource::{ContactBody, Head, Resource, View};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountBody {
    #[serde(flatten)]
    pub head: Head,
    pub customer_id: Uuid,
    pub name: String,
    pub contact: Option<ContactBody>,
    /// `pending`, `active`, `refused` or `closed`.
    pub status: &'static str,
    /// The provider's id, once it has the account.
    pub provider_account_id: Option<String>,
    /// Why the provider refused it.
    pub reason: Option<String>,
}

/// The resource.
#[derive(Debug)]
pub struct AccountResource;

impl Resource for AccountResource {
    type Rules = AccountRules;
    type Noun = Accounts;
    type Content = Account;
    type Body = AccountBody;
    const PATH: &'static str = "/v1/accounts";

    fn of_state(state: &AccountState) -> Option<&Account> {
        state.known()
    }

    fn of_row(state: &AccountState) -> Option<&Account> {
        state.known()
    }

    fn personal(account: &Account) -> Vec<PersonalRef> {
        account.contact.into_iter().collect()
    }

    fn body(account: &Account, head: Head, view: &View<'_>) -> AccountBody {
        AccountBody {
            head,
            customer_id: account.customer_id,
            name: account.name.clone(),
            contact: account.contact.map(|contact| ContactBody::of(view.fields(contact))),
            status: account.status.name(),
            provider_account_id: account.provider_account_id.clone(),
            reason: account.reason.clone(),
        }
    }
}
